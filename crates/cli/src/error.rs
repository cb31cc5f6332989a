//! What goes wrong with a command, in words for people.

use hyperfeed::ErrorKind;
use std::fmt;
use std::io;

/// Why a command failed, and what can be done.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    hint: Option<String>,
    closed_pipe: bool,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            hint: None,
            closed_pipe: false,
        }
    }

    /// Puts what was being done before the error.
    pub(crate) fn while_doing(mut self, what: impl fmt::Display) -> Self {
        self.text = format!("{what}: {}", self.text);
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The reader of our output has gone, as `head` does: no failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<hyperfeed::Error> for Failure {
    fn from(error: hyperfeed::Error) -> Self {
        let hint = match error.kind() {
            ErrorKind::Behind => {
                Some("`hyperfeed clone KEY PEER` fetches the missing blocks; then append again")
            }
            ErrorKind::Corrupt => {
                Some("`hyperfeed verify --repair` drops what is damaged; `clone` fetches it again")
            }
            ErrorKind::Full => {
                Some("nothing acknowledged is lost; make room and run the command again")
            }
            ErrorKind::InUse => Some("stop the other process, or use another --store"),
            ErrorKind::Peer => Some("check that key and address belong together"),
            _ => None,
        };
        Self {
            text: error.to_string(),
            hint: hint.map(str::to_owned),
            closed_pipe: false,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self {
            text: error.to_string(),
            hint: None,
            closed_pipe,
        }
    }
}
