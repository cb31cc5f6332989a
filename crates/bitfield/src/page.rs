/// Bits of a page.
pub const PAGE_BITS: u64 = 4096;
/// Bytes of a page.
pub const PAGE_BYTES: usize = 512;

/// A page of a [`Bitfield`](crate::Bitfield), as it is stored: page `n` holds the bits from `n * PAGE_BITS` on.
///
/// Bit `i` of a mixed page is in byte `i / 8` under the mask `1 << (i % 8)`. This is the order of our own storage; the
/// wire's order belongs to its codec, [`rle`](crate::rle).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "on its way to or from a store, never kept"
)]
pub enum Page {
    /// No bit is set.
    Empty,
    /// Every bit is set.
    Full,
    /// Some bits are set and some are not.
    Mixed([u8; PAGE_BYTES]),
}

/// Pages that numbers of 64 bits fill.
pub(crate) const PAGES: u64 = u64::MAX / PAGE_BITS + 1;

/// The first bit of a page; none past the last page.
pub(crate) const fn first_bit(page: u64) -> Option<u64> {
    page.checked_mul(PAGE_BITS)
}
