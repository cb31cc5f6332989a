use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// What kind of failure a [`StorageError`] is, for code that has to decide what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// The store was closed. Open it again.
    Closed,
    /// The stored bytes contradict themselves. Retrying does not help.
    Corrupt,
    /// No space or no quota left. The same call may succeed once there is room.
    Full,
    /// Somebody else holds the store open.
    InUse,
    /// Any other failure of the device or the operating system.
    Io,
    /// The place does not exist and was not to be created.
    NotFound,
    /// The range lies outside the file, or its end is beyond what can be addressed.
    OutOfBounds,
    /// The operating system refused access.
    Permission,
    /// An earlier failure left the store in a state in which it takes no more commits until it is
    /// opened again. Reads still work.
    Poisoned,
    /// The place was written by a newer version, or by a build with other features.
    Unsupported,
}

impl StorageErrorKind {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::WriteZero => Self::Full,
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Permission,
            io::ErrorKind::FileTooLarge | io::ErrorKind::UnexpectedEof => Self::OutOfBounds,
            _ => Self::Io,
        }
    }

    const fn describe(self) -> &'static str {
        match self {
            Self::Closed => "store is closed",
            Self::Corrupt => "stored data is corrupt",
            Self::Full => "no space left",
            Self::InUse => "store is in use",
            Self::Io => "input/output failed",
            Self::NotFound => "not found",
            Self::OutOfBounds => "out of bounds",
            Self::Permission => "permission denied",
            Self::Poisoned => "store takes no more commits until it is opened again",
            Self::Unsupported => "format is not supported",
        }
    }
}

impl fmt::Display for StorageErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe())
    }
}

/// A storage call failed: its kind, what was being done and where, and the cause beneath.
///
/// Cheap to clone, so that one failed commit can be reported to everybody who waited for it.
#[derive(Clone, Debug)]
pub struct StorageError {
    kind: StorageErrorKind,
    context: Cow<'static, str>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl StorageError {
    /// An error without a cause beneath. `context` says what was being done and where, in lower
    /// case and without a full stop; it may be empty.
    pub fn new(kind: StorageErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            context: context.into(),
            source: None,
        }
    }

    /// An error of the operating system, with the kind that follows from it.
    pub fn io(error: io::Error, context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StorageErrorKind::of(&error), context).with_source(error)
    }

    /// The same error with the cause beneath it.
    #[must_use]
    pub fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// The same error with `outer` told before its context.
    #[must_use]
    pub fn within(mut self, outer: impl Into<Cow<'static, str>>) -> Self {
        let outer = outer.into();
        self.context = if self.context.is_empty() {
            outer
        } else {
            Cow::Owned(format!("{outer}: {}", self.context))
        };
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> StorageErrorKind {
        self.kind
    }

    /// What was being done and where; empty if nothing is known beyond the kind.
    #[must_use]
    pub fn context(&self) -> &str {
        &self.context
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.context.is_empty() {
            self.kind.fmt(f)
        } else {
            write!(f, "{}: {}", self.kind, self.context)
        }
    }
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn Error + 'static))
    }
}

impl From<StorageErrorKind> for StorageError {
    fn from(kind: StorageErrorKind) -> Self {
        Self::new(kind, "")
    }
}

impl From<io::Error> for StorageError {
    fn from(error: io::Error) -> Self {
        Self::io(error, "")
    }
}
