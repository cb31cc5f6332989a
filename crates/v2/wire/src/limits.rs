//! Every cap on what is accepted, with its unit and its reason.

/// Longest frame accepted: bytes of channel number and payload together.
///
/// Upstream's limit. Only receivers look, so a sender must take care by itself.
pub const MAX_FRAME: usize = 5 * 1024 * 1024;

/// Most bytes the length in front of a frame may take.
///
/// Upstream refuses longer forms even when the value is small. Four bytes reach [`MAX_FRAME`].
pub const MAX_FRAME_VARINT: usize = 4;

/// Most bytes of any other varint: ten groups of seven bits hold a `u64`.
///
/// Upstream reads on for ever and gets infinity, which hangs it.
pub const MAX_VARINT: usize = 10;

/// Most nodes in one response.
///
/// A proof holds at most one sibling for each of the 52 levels and one root for each of the 53 bits of
/// a length, 105 nodes; the rest is room to spare. Without this cap a frame could carry 130,000.
pub const MAX_NODES: usize = 128;

/// Longest block, in bytes, that fits a frame whatever proof has to come along.
///
/// Upstream has no such limit when appending: it lets blocks be appended that no peer accepts. A
/// response with an empty proof has room for some kilobytes more.
pub const MAX_BLOCK: usize = MAX_FRAME - 8 * 1024;

/// Largest number upstream represents exactly: it keeps numbers as doubles.
///
/// Decoding accepts any `u64`; whoever interprets the number bounds it. Never send a larger one.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// Most extension names that can be spoken of: message types 64 to 127, one for each.
pub const MAX_EXTENSIONS: usize = 64;
