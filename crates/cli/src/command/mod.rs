//! One file a command.

mod alias;
mod append;
mod cat;
mod clone;
mod create;
mod doctor;
mod export;
mod finalize;
mod get;
pub(crate) mod import_leveldb;
mod info;
mod list;
mod manual;
mod remove;
mod share;
pub(crate) mod store;
mod sync;
mod verify;

use crate::args::{Cli, Command};
use crate::error::Failure;
use crate::output::Output;
use crate::place::Place;

/// Carries a command out.
pub(crate) async fn run(cli: Cli, output: Output) -> Result<(), Failure> {
    // Not all need a store.
    let place = Place::new(&cli);
    match cli.command {
        Command::Alias(args) => alias::run(&place?, args, output).await,
        Command::Append(args) => append::run(&place?, args, output).await,
        Command::Cat(args) => cat::run(&place?, args).await,
        Command::Clone(args) => clone::run(&place?, args, output).await,
        Command::Completions(args) => manual::completions(args),
        Command::Create(args) => create::run(&place?, args, output).await,
        Command::Doctor => doctor::run(&place?, output).await,
        Command::Export(args) => export::export(&place?, args, output).await,
        Command::Finalize(args) => finalize::run(&place?, args, output).await,
        Command::Get(args) => get::run(&place?, args).await,
        Command::Import(args) => export::import(&place?, args, output).await,
        Command::ImportLeveldb(args) => import_leveldb::run(&place?, &args, output).await,
        Command::Info(args) => info::run(&place?, args, output).await,
        Command::List => list::run(&place?, output).await,
        Command::Man => manual::man(),
        Command::Remove(args) => remove::run(&place?, args, output).await,
        Command::Share(args) => share::run(&place?, args, output).await,
        Command::Store(args) => store::run(&place?, &args, output),
        Command::Sync(args) => sync::run(&place?, args, output).await,
        Command::Verify(args) => verify::run(&place?, args, output).await,
    }
}
