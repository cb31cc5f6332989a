//! Steps with a name and a time, and the failure that ends a run of them.

use std::fmt;
use std::time::{Duration, Instant};

/// Why a chore failed, and the command that shows it again.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    repeat: Option<String>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            repeat: None,
        }
    }

    pub(crate) fn repeat(mut self, command: impl Into<String>) -> Self {
        self.repeat = Some(command.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.repeat {
            Some(command) => write!(f, "\nrepeat it with:  {command}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// A run of steps: announces each, times it, stops at the first that fails.
#[derive(Debug)]
pub(crate) struct Steps {
    total: usize,
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            done: Vec::with_capacity(total),
        }
    }

    pub(crate) fn step(
        &mut self,
        name: &'static str,
        run: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let number = self.done.len() + 1;
        eprintln!("\n==> [{number}/{}] {name}", self.total);
        let start = Instant::now();
        let outcome = run();
        let took = start.elapsed();
        match outcome {
            Ok(()) => {
                eprintln!("    {name}: ok, {}", seconds(took));
                self.done.push((name, took));
                Ok(())
            }
            Err(failure) => Err(Failure {
                what: format!(
                    "step {number} of {}, \"{name}\", failed after {}: {}",
                    self.total,
                    seconds(took),
                    failure.what
                ),
                repeat: failure.repeat,
            }),
        }
    }

    /// One line a step; on stderr, so that stdout ends with what the last step printed.
    pub(crate) fn summary(&self) {
        eprintln!("\nall {} steps passed", self.done.len());
        for (name, took) in &self.done {
            eprintln!("  {:>9}  {name}", seconds(*took));
        }
        eprintln!(
            "  {:>9}  in all",
            seconds(self.done.iter().map(|(_, took)| *took).sum())
        );
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_keeps_its_name_reason_and_command() {
        let mut steps = Steps::new(2);
        steps.step("first", || Ok(())).expect("it passes");
        let failure = steps
            .step("second", || {
                Err(Failure::new("two lines differ").repeat("cargo xtask house"))
            })
            .expect_err("it fails");
        let text = failure.to_string();
        assert!(
            text.starts_with("step 2 of 2, \"second\", failed after"),
            "{text}"
        );
        assert!(
            text.ends_with("two lines differ\nrepeat it with:  cargo xtask house"),
            "{text}"
        );
    }
}
