use crate::args::{Cli, Completions};
use crate::error::Failure;
use clap::CommandFactory;
use std::io;

/// Prints the completion script of a shell.
pub(crate) fn completions(args: Completions) -> Result<(), Failure> {
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "hyperfeed",
        &mut io::stdout(),
    );
    Ok(())
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
        io::Write::write_all(&mut out, &page)?;
    }
    Ok(())
}
