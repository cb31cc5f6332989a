use core::fmt;

use crate::ChannelId;

/// A call that was not carried out. Nothing was written and nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiMisuse {
    /// The connection is over: it timed out, or the remote broke the protocol.
    ConnectionOver,
    /// The nonces handed in for a test are used up.
    NoNonceLeft,
    /// Receivers refuse a frame of this size.
    TooLarge {
        /// Bytes the frame would have behind its length.
        found: usize,
        /// Bytes allowed, [`MAX_FRAME`](hyperfeed_v2_wire::limits::MAX_FRAME).
        limit: usize,
    },
    /// [`Limits::max_channels`](crate::Limits::max_channels) are open, or every number was used once.
    TooManyChannels {
        /// Channels allowed.
        limit: usize,
    },
    /// The channel was never opened, was left, or was closed by the remote in the meantime.
    UnknownChannel {
        /// The channel asked for.
        channel: ChannelId,
    },
    /// No extension has this index.
    UnknownExtension {
        /// The index asked for.
        name: usize,
        /// How many extensions there are.
        known: usize,
    },
}

impl fmt::Display for ApiMisuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectionOver => f.write_str("connection is over"),
            Self::NoNonceLeft => f.write_str("nonces handed in for the test are used up"),
            Self::TooLarge { found, limit } => {
                write!(
                    f,
                    "frame of {found} bytes, peers accept no more than {limit}"
                )
            }
            Self::TooManyChannels { limit } => {
                write!(f, "more than {limit} channels on one connection")
            }
            Self::UnknownChannel { channel } => write!(f, "channel {channel} is not open"),
            Self::UnknownExtension { name, known } => {
                write!(f, "extension {name} of {known}")
            }
        }
    }
}

impl core::error::Error for ApiMisuse {}
