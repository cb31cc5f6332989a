use crate::args::{Cli, Completions};
use crate::error::Failure;
use clap::CommandFactory;
use std::io::{self, Write};

/// Prints the completion script of a shell.
pub(crate) fn completions(args: Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hyperfeed", &mut script);
    Ok(io::stdout().lock().write_all(&script)?)
}

/// Prints the manual page, subcommands included.
pub(crate) fn man() -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    let mut out = io::stdout().lock();
    clap_mangen::Man::new(command.clone()).render(&mut out)?;
    for sub in command.get_subcommands() {
        let mut page = Vec::new();
        clap_mangen::Man::new(sub.clone()).render_description_section(&mut page)?;
        out.write_all(&page)?;
    }
    Ok(())
}
