//! The one error of the facade.

use hyperfeed_storage::{StorageError, StorageErrorKind};
use hyperfeed_v2_feed::FeedError;
use hyperfeed_v2_protocol::{Misbehaviour, ProtocolError};
use hyperfeed_v2_replicate::PeerError;
use std::fmt;
use std::sync::Arc;

/// What went wrong, where, and what can be done about it.
///
/// Cheap to clone. Programs branch on [`kind`](Self::kind); people read the text.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    text: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`] that a program may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A name stands for more than one feed.
    Ambiguous,
    /// The writer has forgotten blocks that it signed: fetch them from a peer before appending.
    Behind,
    /// The core, the feed or the connection was closed.
    Closed,
    /// Stored bytes are not what was verified when they were stored.
    Corrupt,
    /// The static feed has been sealed.
    Finalized,
    /// The storage is full.
    Full,
    /// Another process, or another `Core` of this one, has the store open.
    InUse,
    /// An argument that can never work.
    InvalidInput,
    /// The storage or the socket failed.
    Io,
    /// There is no such feed, file or record.
    NotFound,
    /// The secret key of the feed is not here.
    NotWritable,
    /// The block is past the end of a feed that will not grow.
    PastEnd,
    /// The peer broke the protocol, or does not have the same key.
    Peer,
    /// The operating system said no.
    Permission,
    /// The peer was silent for too long.
    TimedOut,
    /// Bytes do not fit the signed tree.
    Verification,
}

impl Error {
    /// Which kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            text: text.into(),
            source: None,
        }))
    }

    pub(crate) fn with_source(
        kind: ErrorKind,
        text: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            kind,
            text: text.into(),
            source: Some(Box::new(source)),
        }))
    }

    fn feed(error: &FeedError) -> Self {
        let (kind, help) = match error {
            FeedError::Storage(error) => return error.clone().into(),
            FeedError::Signature(_) | FeedError::KeyMismatch | FeedError::Verify(_) => {
                (ErrorKind::Verification, "")
            }
            FeedError::Unproven => (
                ErrorKind::Verification,
                "ask for the proof again, with a new digest",
            ),
            FeedError::Alias { taken_by: None } => (ErrorKind::InvalidInput, "choose another one"),
            FeedError::Alias { taken_by: Some(_) } => {
                (ErrorKind::InUse, "take it away there first")
            }
            FeedError::NotFound { .. } => (ErrorKind::NotFound, "it may have been removed"),
            FeedError::WrongSecret => (ErrorKind::InvalidInput, "give the secret key of this feed"),
            FeedError::NotWritable => (
                ErrorKind::NotWritable,
                "only who has its secret key can append to a feed",
            ),
            FeedError::Behind { .. } => (
                ErrorKind::Behind,
                "fetch the missing blocks from a peer before appending",
            ),
            FeedError::Finalized => (ErrorKind::Finalized, "make a new feed for more blocks"),
            FeedError::NotFinalized => (ErrorKind::InvalidInput, "finalize it first"),
            FeedError::EmptyStatic => (ErrorKind::InvalidInput, "append at least one block first"),
            FeedError::Exists { .. } => (ErrorKind::InUse, "open it instead"),
            FeedError::Corrupt { .. } => (
                ErrorKind::Corrupt,
                "repair it, or fetch it from peers into a new store",
            ),
            FeedError::TooLarge { .. } => (ErrorKind::InvalidInput, "cut it into several blocks"),
            _ => (ErrorKind::InvalidInput, ""),
        };
        let why = std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |why| format!("{error}: {why}"));
        Self::with_source(kind, helped(&why, help), error.clone())
    }

    pub(crate) fn core_closed() -> Self {
        Self::new(
            ErrorKind::Closed,
            "the core is closed; open the store again",
        )
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        let (kind, help) = match error.kind() {
            StorageErrorKind::Closed => (ErrorKind::Closed, "open the store again"),
            StorageErrorKind::Corrupt => (
                ErrorKind::Corrupt,
                "restore it from a backup, or fetch the feed from peers into a new store",
            ),
            StorageErrorKind::Full => (ErrorKind::Full, "make room and try again"),
            StorageErrorKind::InUse => (ErrorKind::InUse, "close the other one first"),
            StorageErrorKind::NotFound => (ErrorKind::NotFound, "check the path"),
            // A limit of the user or the file system; reads past the end have no such cause.
            StorageErrorKind::OutOfBounds if is_too_large(&error) => (
                ErrorKind::Full,
                "raise the limit on the size of files, or use another file system",
            ),
            StorageErrorKind::OutOfBounds => (
                ErrorKind::Corrupt,
                "the storage is shorter than what was stored in it",
            ),
            StorageErrorKind::Permission => {
                (ErrorKind::Permission, "check owner and mode of the files")
            }
            StorageErrorKind::Poisoned => (ErrorKind::Io, "close the core and open it again"),
            _ => (ErrorKind::Io, ""),
        };
        Self::with_source(kind, helped(&error, help), error)
    }
}

impl From<FeedError> for Error {
    fn from(error: FeedError) -> Self {
        Self::feed(&error)
    }
}

impl From<hyperfeed_v2_replicate::Error> for Error {
    fn from(error: hyperfeed_v2_replicate::Error) -> Self {
        use hyperfeed_v2_replicate::Error as E;
        match &error {
            E::Feed(feed) => Self::feed(feed),
            E::Closed | E::NotOpen { .. } => {
                Self::with_source(ErrorKind::Closed, helped(&error, "open it again"), error)
            }
            E::PastEnd { .. } => Self::with_source(ErrorKind::PastEnd, error.to_string(), error),
            E::UnknownPeer => Self::with_source(ErrorKind::Closed, error.to_string(), error),
            _ => Self::with_source(ErrorKind::Io, error.to_string(), error),
        }
    }
}

impl From<PeerError> for Error {
    fn from(error: PeerError) -> Self {
        let text = match &error {
            PeerError::Protocol(ProtocolError::TimedOut) => {
                return Self::with_source(ErrorKind::TimedOut, error.to_string(), error);
            }
            PeerError::Protocol(ProtocolError::PeerMisbehaved(misbehaviour)) => {
                match misbehaviour {
                    Misbehaviour::IntroductionNotOpened { .. }
                    | Misbehaviour::IntroductionTooShort { .. }
                    | Misbehaviour::MessageTooShort { .. } => {
                        format!("{error}: {misbehaviour}; {OTHER_CIPHER}")
                    }
                    _ => format!("{error}: {misbehaviour}"),
                }
            }
            // What a side without the cipher makes of an introduction behind it.
            PeerError::Protocol(ProtocolError::Decode(fault))
                if fault.message() == "ProtocolHandshake" =>
            {
                format!("{error}: {fault}; {OTHER_CIPHER}")
            }
            PeerError::Protocol(ProtocolError::Decode(fault)) => format!("{error}: {fault}"),
            _ => error.to_string(),
        };
        Self::with_source(ErrorKind::Peer, text, error)
    }
}

/// The likely reason why the first thing a peer says is not understood.
const OTHER_CIPHER: &str = "does the other side encrypt as this one does?";

fn is_too_large(error: &StorageError) -> bool {
    let cause = std::error::Error::source(error);
    cause
        .and_then(|cause| cause.downcast_ref::<std::io::Error>())
        .is_some_and(|cause| cause.kind() == std::io::ErrorKind::FileTooLarge)
}

fn helped(error: &impl fmt::Display, help: &str) -> String {
    if help.is_empty() {
        error.to_string()
    } else {
        format!("{error}; {help}")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.text)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}
