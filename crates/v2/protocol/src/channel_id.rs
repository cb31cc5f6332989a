use core::fmt;

/// Names one channel opened on this side, for as long as the connection lives.
///
/// Never given out twice on a connection: a feed that is left and opened again has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(u32);

impl ChannelId {
    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Our number for the channel in the frames we send. The remote has a number of its own.
    pub const fn number(self) -> u64 {
        self.0 as u64
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
