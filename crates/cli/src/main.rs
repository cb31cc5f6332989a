//! The `hyperfeed` command: feeds at a shell.

mod args;
mod bar;
mod command;
mod copy;
mod error;
mod fetch;
mod output;
mod place;
mod size;
mod unfinished;
mod values;

use args::Cli;
use error::Failure;
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::read();
    let output = Output {
        json: cli.json,
        quiet: cli.quiet,
    };
    log_to_stderr(cli.verbose);
    match async_std::task::block_on(command::run(cli, output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(output);
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => "hyperfeed=info",
        _ => "hyperfeed=debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(level)
        .with_writer(std::io::stderr)
        .without_time()
        .init();
}

impl Failure {
    fn print(&self, output: Output) {
        if output.json {
            let object = serde_json::json!({ "error": self.to_string(), "hint": self.hint() });
            output::to_stderr(&object.to_string());
            return;
        }
        output::to_stderr(&format!("error: {self}"));
        if let Some(hint) = self.hint() {
            output::to_stderr(&format!("hint: {hint}"));
        }
    }
}
