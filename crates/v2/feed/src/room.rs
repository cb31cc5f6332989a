use bytes::BytesMut;
use core::fmt;

/// Memory to read blocks into.
///
/// Small blocks get pieces of one allocation. Most blocks are dropped by another thread than the one that read them,
/// and an allocator makes the two wait for each other: once for many blocks is better than once for each.
#[derive(Default)]
pub(crate) struct Room(BytesMut);

impl Room {
    /// Blocks up to this size share memory.
    pub(crate) const SMALL: usize = 2048;
    /// Bytes of one allocation for small blocks: a block that is kept keeps all of it.
    const BYTES: usize = 16 << 10;

    /// Zeros, to be overwritten.
    pub(crate) fn take(&mut self, length: usize) -> BytesMut {
        if length > Self::SMALL {
            return BytesMut::zeroed(length);
        }
        if self.0.len() < length {
            self.0 = BytesMut::zeroed(Self::BYTES);
        }
        self.0.split_to(length)
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Room").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_gets_bytes_that_no_other_has() {
        let mut room = Room::default();
        let sizes = [1, 0, Room::SMALL, Room::SMALL + 1, 700, Room::BYTES, 3];
        let mut taken = Vec::new();
        for (mark, size) in (1..).zip(sizes.repeat(10)) {
            let mut data = room.take(size);
            assert_eq!(data, vec![0; size]);
            data.fill(mark);
            taken.push((mark, size, data.freeze()));
        }
        for (mark, size, data) in taken {
            assert_eq!(data, vec![mark; size]);
        }
    }
}
