//! What goes wrong with a command, in words for people.

use hyperfeed::ErrorKind;
use std::error::Error;
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

    /// Several failures as one. The first hint stands for all.
    pub(crate) fn together(failures: Vec<Self>) -> Self {
        let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
        Self {
            text: texts.join("; "),
            hint: failures.into_iter().find_map(|failure| failure.hint),
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

    /// Puts another hint behind the one there is.
    pub(crate) fn and_hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(match self.hint {
            Some(first) => format!("{first}; {hint}"),
            None => hint.to_string(),
        });
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
                Some("`hyperfeed verify` tells what is damaged, and with --repair mends it")
            }
            ErrorKind::Peer => Some("check that key and address belong together"),
            _ => None,
        };
        Self {
            text: match error.kind() {
                ErrorKind::Io => with_cause(&error),
                _ => error.to_string(),
            },
            hint: hint.map(str::to_owned),
            closed_pipe: false,
        }
    }
}

/// The text, and what the operating system said if the text does not tell.
fn with_cause(error: &hyperfeed::Error) -> String {
    let text = error.to_string();
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    match causes.last().map(ToString::to_string) {
        Some(cause) if !text.contains(&cause) => format!("{text}: {cause}"),
        _ => text,
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            text: error.to_string(),
            hint: None,
            closed_pipe: error.kind() == io::ErrorKind::BrokenPipe,
        }
    }
}
