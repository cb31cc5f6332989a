//! Where words go: data to stdout, everything else to stderr.

use serde_json::Value;
use std::io::{self, Write};

/// How to talk to the user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Output {
    /// A result: the text, or the object with `--json`.
    pub(crate) fn result(self, text: &str, object: &Value) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{object}")
        } else {
            writeln!(out, "{text}")
        }?;
        out.flush()
    }

    /// Something that happens: told on stderr, or as an object on stdout with `--json`.
    pub(crate) fn event(self, text: &str, object: &Value) -> io::Result<()> {
        if self.json {
            let mut out = io::stdout().lock();
            writeln!(out, "{object}")?;
            return out.flush();
        }
        self.note(text);
        Ok(())
    }

    /// A word on the side, for people.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet && !self.json {
            to_stderr(text);
        }
    }

    /// Something that is wrong and does not end the command. Said with `--json` too: stderr is for people.
    pub(crate) fn warn(self, text: &str) {
        to_stderr(&format!("warning: {text}"));
    }

    /// Whether bars may be drawn. They draw on stderr, and not when that is no terminal.
    pub(crate) fn draws(self) -> bool {
        !self.quiet && !self.json
    }
}

/// A line on stderr. Where nobody can read it, nobody can be told so either.
pub(crate) fn to_stderr(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}
