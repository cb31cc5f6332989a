use core::fmt;

use hyperfeed_v2_wire::DecodeError;

use crate::Misbehaviour;

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Bytes that are no frame, or an introduction that is none.
    Decode(DecodeError),
    /// Well-formed, but against the rules.
    PeerMisbehaved(Misbehaviour),
    /// Nothing was heard for one and a half times [`Config::timeout_ms`](crate::Config::timeout_ms).
    TimedOut,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decode(_) => "received bytes are malformed",
            Self::PeerMisbehaved(_) => "peer broke the protocol",
            Self::TimedOut => "peer has been silent for too long",
        })
    }
}

impl core::error::Error for ProtocolError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Decode(error) => Some(error),
            Self::PeerMisbehaved(misbehaviour) => Some(misbehaviour),
            Self::TimedOut => None,
        }
    }
}

impl From<DecodeError> for ProtocolError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<Misbehaviour> for ProtocolError {
    fn from(misbehaviour: Misbehaviour) -> Self {
        Self::PeerMisbehaved(misbehaviour)
    }
}
