//! The one error of the facade.

use hyperfeed_storage::{StorageError, StorageErrorKind};
use hyperfeed_v2_feed::FeedError;
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
        Self(Arc::new(Inner { kind, text: text.into(), source: None }))
    }

    pub(crate) fn with_source(
        kind: ErrorKind,
        text: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { kind, text: text.into(), source: Some(Box::new(source)) }))
    }

    pub(crate) fn core_closed() -> Self {
        Self::new(ErrorKind::Closed, "the core is closed; open the store again")
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
