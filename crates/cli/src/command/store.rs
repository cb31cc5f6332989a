use crate::bar::Bar;
use crate::error::Failure;
use crate::output::Output;
use crate::place::Place;
use clap::{Args, Subcommand, ValueEnum};
use hyperfeed::{Backend, DiskOptions, DiskStore, Migration, StorageError, StorageErrorKind};
use serde_json::json;

/// What can be done with the store itself.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Move what the store knows of its feeds to another database
    Migrate(Migrate),
}

/// The blocks of the feeds and the secret keys stay where they are. Everything is copied and compared before the store
/// changes over, so it may be interrupted at any time: the store is then as it was. Needs room for both databases.
#[derive(Debug, Args)]
struct Migrate {
    /// Which database
    #[arg(long, value_enum, value_name = "DATABASE")]
    to: Database,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Database {
    /// A copy-on-write B-tree in one file
    Redb,
    /// A log-structured tree in a directory
    Sled,
}

/// Looks after the store itself.
pub(crate) fn run(place: &Place, args: &StoreArgs, output: Output) -> Result<(), Failure> {
    match &args.command {
        StoreCommand::Migrate(args) => migrate(place, args, output),
    }
}

fn migrate(place: &Place, args: &Migrate, output: Output) -> Result<(), Failure> {
    let to = match args.to {
        Database::Redb => Backend::Redb,
        Database::Sled => Backend::Sled,
    };
    let bar = Bar::entries(output);
    let moved = DiskStore::migrate(place.dir(), to, &DiskOptions::default(), &mut |progress| {
        bar.count(progress.done, progress.total);
        bar.say(&progress.phase.to_string());
    });
    bar.clear();
    let migration = moved.map_err(|error| failure(place, &error))?;
    for repair in &migration.repairs {
        output.note(&format!("first {repair}"));
    }
    tell(&migration, output)
}

fn tell(migration: &Migration, output: Output) -> Result<(), Failure> {
    let Migration {
        from, to, entries, ..
    } = migration;
    let text = if from == to {
        format!("the store uses {to} already")
    } else {
        format!("moved {entries} entries from {from} to {to}")
    };
    let object = json!({
        "from": from.name(), "to": to.name(), "entries": entries, "moved": from != to,
    });
    Ok(output.result(&text, &object)?)
}

fn failure(place: &Place, error: &StorageError) -> Failure {
    let failure = Failure::from(hyperfeed::Error::from(error.clone()));
    match error.kind() {
        StorageErrorKind::NotFound => {
            Failure::new(format!("there is no store in {}", place.dir().display()))
                .with_hint("name it with --store DIR")
        }
        StorageErrorKind::Unsupported => failure.with_hint(
            "use a build with both databases: `cargo install hyperfeed-cli` has them by default",
        ),
        _ => failure.while_doing("cannot migrate"),
    }
}
