//! A command line that can be shown as a person would type it, and run.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;

use crate::step::Failure;
use crate::workspace;

/// A program with arguments, environment and folder; output goes where ours goes.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    program: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    dir: Option<PathBuf>,
}

impl Command {
    pub(crate) fn new<S: Into<String>>(program: &str, args: impl IntoIterator<Item = S>) -> Self {
        Self {
            program: program.to_owned(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            dir: None,
        }
    }

    /// Cargo in the workspace root: the one that started us, so that a `+toolchain` is kept.
    pub(crate) fn cargo<S: Into<String>>(args: impl IntoIterator<Item = S>) -> Self {
        Self::new("cargo", args)
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Runs in this folder instead of the workspace root; relative to the root.
    pub(crate) fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Runs it to its end; a failure names the command to repeat.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let status = self
            .std()
            .stdin(Stdio::null())
            .status()
            .map_err(|error| self.failure(&format!("cannot start: {error}")))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.failure(&format!("ended with {status}")))
        }
    }

    /// Runs it to its end and gives back what it wrote to stdout.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        let output = self
            .std()
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| self.failure(&format!("cannot start: {error}")))?;
        if !output.status.success() {
            return Err(self.failure(&format!("ended with {}", output.status)));
        }
        String::from_utf8(output.stdout).map_err(|_| self.failure("wrote text that is not UTF-8"))
    }

    /// Runs it to its end; gives whether it succeeded, and what it wrote to stdout and stderr.
    pub(crate) fn listen(&self) -> Result<(bool, String), Failure> {
        let output = self
            .std()
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.failure(&format!("cannot start: {error}")))?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        Ok((output.status.success(), said))
    }

    fn std(&self) -> std::process::Command {
        let program: &OsStr = self.program.as_ref();
        let mut command = match (self.program.as_str(), std::env::var_os("CARGO")) {
            ("cargo", Some(cargo)) => std::process::Command::new(cargo),
            _ => std::process::Command::new(program),
        };
        let root = workspace::root();
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(match &self.dir {
                Some(dir) => root.join(dir),
                None => root,
            });
        command
    }

    fn failure(&self, what: &str) -> Failure {
        Failure::new(format!("`{}` {what}", self.program)).repeat(self.to_string())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(dir) = &self.dir {
            write!(f, "cd {} && ", dir.display())?;
        }
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&self.program)?;
        self.args
            .iter()
            .try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

/// As a shell needs it: in single quotes if it holds anything but plain characters.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_shell_takes_it() {
        let command = Command::cargo(["doc", "it's"])
            .env("RUSTDOCFLAGS", "-D warnings")
            .dir("xtask");
        assert_eq!(
            command.to_string(),
            r"cd xtask && RUSTDOCFLAGS='-D warnings' cargo doc 'it'\''s'"
        );
    }

    #[test]
    fn a_failing_command_names_itself() {
        let failure = Command::cargo(["no-such-command"])
            .read()
            .expect_err("there is none");
        assert!(
            failure.to_string().contains("cargo no-such-command"),
            "{failure}"
        );
    }
}
