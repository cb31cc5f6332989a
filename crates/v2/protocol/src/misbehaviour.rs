use core::fmt;

/// A rule of the protocol that the remote broke. Channel numbers are the remote's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// A message does not open with the feed's key and the nonce that is due (upstream: `Decryption
    /// failed`).
    DecryptionFailed {
        /// The channel.
        channel: u64,
        /// Frames received on the channel before this one.
        frame: u64,
    },
    /// The introduction does not open with the feed's key (upstream: `Could not decrypt protocol
    /// handshake`): the remote has another key, or does not encrypt.
    IntroductionNotOpened {
        /// The channel.
        channel: u64,
    },
    /// The introduction is longer than [`Limits::max_introduction`](crate::Limits::max_introduction).
    IntroductionTooLong {
        /// The channel.
        channel: u64,
        /// Bytes that came.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The introduction is shorter than 16 bytes (upstream: `Protocol handshake needed on first
    /// channel`).
    IntroductionTooShort {
        /// The channel.
        channel: u64,
        /// Bytes that came.
        found: usize,
    },
    /// A message in encrypted mode is shorter than its tag (upstream: `Invalid message`); also what a
    /// remote looks like that does not encrypt.
    MessageTooShort {
        /// The channel.
        channel: u64,
        /// Bytes that came.
        found: usize,
    },
    /// Another channel beyond [`Limits::max_channels`](crate::Limits::max_channels), for a feed that is not
    /// open here.
    TooManyChannels {
        /// Channels allowed.
        limit: usize,
    },
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DecryptionFailed { channel, frame } => write!(
                f,
                "frame {frame} of channel {channel} does not open with the key of its feed"
            ),
            Self::IntroductionNotOpened { channel } => write!(
                f,
                "introduction on channel {channel} does not open with the key of its feed"
            ),
            Self::IntroductionTooLong {
                channel,
                found,
                limit,
            } => write!(
                f,
                "introduction on channel {channel} has {found} bytes, more than {limit}"
            ),
            Self::IntroductionTooShort { channel, found } => write!(
                f,
                "introduction on channel {channel} has {found} bytes, less than 16"
            ),
            Self::MessageTooShort { channel, found } => write!(
                f,
                "message on channel {channel} has {found} bytes, less than its tag"
            ),
            Self::TooManyChannels { limit } => write!(f, "more than {limit} channels opened"),
        }
    }
}

impl core::error::Error for Misbehaviour {}
