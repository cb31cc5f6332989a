//! What can go wrong with a live peer.

use std::fmt;
use std::time::Duration;

/// Why a command to a peer failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum NpmError {
    /// It ended; with what it wrote to stderr last.
    Ended {
        /// The tail of its stderr.
        stderr: String,
    },
    /// It answered something we do not understand.
    Garbled {
        /// What was expected, and what came.
        what: String,
    },
    /// Upstream or the driver refused the command, in its words.
    Refused {
        /// The command's name.
        command: String,
        /// The message of the exception.
        message: String,
    },
    /// Node could not be started.
    Start(std::io::Error),
    /// Nothing came in time.
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        after: Duration,
    },
}

impl NpmError {
    /// The message upstream gave, if it refused.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Refused { message, .. } => Some(message),
            _ => None,
        }
    }
}

impl fmt::Display for NpmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended { stderr } => {
                write!(
                    f,
                    "the npm peer ended; are its packages there (`cargo xtask interop`)? it said: {stderr}"
                )
            }
            Self::Garbled { what } => write!(f, "the npm peer answered {what}"),
            Self::Refused { command, message } => {
                write!(f, "the npm peer refused {command}: {message}")
            }
            Self::Start(_) => f.write_str("cannot start node; is it installed"),
            Self::TimedOut { what, after } => write!(f, "no {what} within {after:?}"),
        }
    }
}

impl std::error::Error for NpmError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(error) => Some(error),
            _ => None,
        }
    }
}
