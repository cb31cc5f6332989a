//! The command line.

use crate::size::{Size, block_size};
use crate::values::{parse_address, parse_duration};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Append-only feeds of binary blocks, signed by one writer, verified by every reader, shared between peers.
#[derive(Debug, Parser)]
#[command(
    name = "hyperfeed",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// Directory of the store [default: the platform's data directory]
    #[arg(long, global = true, env = "HYPERFEED_STORE", value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Print one JSON object a line on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print nothing but data and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Tell what happens on connections; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// What an acknowledged append survives
    #[arg(long, global = true, value_enum, default_value = "process")]
    pub(crate) durability: Class,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the command line; ends the process with a word on usage if it makes no sense.
    pub(crate) fn read() -> Self {
        let cli = Self::parse();
        if let Some(wrong) = cli.command.contradiction() {
            Self::command()
                .error(clap::error::ErrorKind::ValueValidation, wrong)
                .exit();
        }
        cli
    }
}

/// What an acknowledged append survives.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Class {
    /// Nothing is promised of the newest blocks
    Relaxed,
    /// The end of the process, kill -9 included
    Process,
    /// The loss of power
    Power,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a feed and print its key
    Create(Create),
    /// Append stdin or files to a feed of your own
    Append(Append),
    /// Write the blocks of a feed to stdout
    Cat(Cat),
    /// Write one block to stdout
    Get(Get),
    /// List the feeds of the store
    List,
    /// Tell about one feed
    Info(Info),
    /// Seal a static feed and print its key
    Finalize(OneFeed),
    /// Serve feeds to whoever connects and knows their key
    Share(Share),
    /// Download a feed from peers
    Clone(CloneFeed),
    /// Exchange feeds with peers in both directions, on one connection each
    Sync(Sync),
    /// Re-hash everything that is stored, say what is wrong, and repair it
    Verify(Verify),
    /// Print the secret key of a feed of your own
    Export(Export),
    /// Add the secret key of a feed, read from stdin, to the store
    Import(Import),
    /// Bring along the feeds that npm hypercore 2.x kept in a leveldb directory
    ImportLeveldb(crate::command::import_leveldb::ImportLeveldb),
    /// Remove a feed and its blocks from the store
    Remove(Remove),
    /// Give a feed a name of your own
    Alias(Alias),
    /// Look after the store itself
    Store(crate::command::store::StoreArgs),
    /// Check the store, its lock and the ports
    Doctor,
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print the manual page
    Man,
}

impl Command {
    /// What each argument alone does not show to be wrong.
    fn contradiction(&self) -> Option<&'static str> {
        let range = match self {
            Self::Cat(args) => Some((args.start, args.end)),
            Self::Clone(args) => Some((args.start, args.end)),
            Self::Sync(args) => {
                let (peers, feeds) = args.peers_and_feeds();
                if peers.is_empty() || feeds.is_empty() {
                    return Some(
                        "name at least one feed and one peer, as in `hyperfeed sync FEED HOST:PORT`",
                    );
                }
                None
            }
            _ => None,
        };
        let (start, end) = range?;
        (start > end?).then_some("--start is after --end")
    }
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// A static feed: named by its contents once it is finalized
    #[arg(long = "static")]
    pub(crate) is_static: bool,
    /// A name of your own for it
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Append {
    /// Key, public id, a prefix of either (6 digits or more), or alias
    pub(crate) feed: String,
    /// Files to append; `-` or none is stdin
    pub(crate) files: Vec<PathBuf>,
    /// One block a line, without its line end
    #[arg(long, group = "cut")]
    pub(crate) lines: bool,
    /// Size of the blocks that the input is cut into
    #[arg(long, group = "cut", default_value = "64KiB", value_parser = block_size, value_name = "SIZE")]
    pub(crate) chunk: Size,
    /// One block a file
    #[arg(long, group = "cut")]
    pub(crate) whole: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Cat {
    /// Key, public id, a prefix of either (6 digits or more), or alias
    pub(crate) feed: String,
    /// First block
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) start: u64,
    /// Block to stop before [default: the end]
    #[arg(long, value_name = "N")]
    pub(crate) end: Option<u64>,
    /// Go on with blocks that arrive later
    #[arg(long)]
    pub(crate) live: bool,
    /// Fetch missing blocks from these peers meanwhile
    #[arg(long = "peer", value_parser = parse_address, value_name = "ADDR")]
    pub(crate) peers: Vec<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// Key, public id, a prefix of either (6 digits or more), or alias
    pub(crate) feed: String,
    /// Which block, from 0
    pub(crate) index: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Info {
    /// Key, public id, a prefix of either (6 digits or more), or alias
    pub(crate) feed: String,
    /// Draw which blocks are held
    #[arg(long)]
    pub(crate) map: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OneFeed {
    /// Key, public id, a prefix of either (6 digits or more), or alias
    pub(crate) feed: String,
}

#[derive(Debug, Args)]
pub(crate) struct Share {
    /// Feeds to serve [default: all of the store]
    pub(crate) feeds: Vec<String>,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3282", value_parser = parse_address, value_name = "ADDR")]
    pub(crate) listen: String,
    /// Exit when one peer has got everything
    #[arg(long)]
    pub(crate) exit_after_upload: bool,
    /// Append lines that arrive on stdin to this feed while serving
    #[arg(long, value_name = "FEED")]
    pub(crate) stdin: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct CloneFeed {
    /// The feed's key; of a feed that is here already any name will do
    pub(crate) key: String,
    /// Addresses to download from, HOST:PORT
    #[arg(required = true, value_parser = parse_address, value_name = "PEER")]
    pub(crate) peers: Vec<String>,
    /// Stay connected and go on with new blocks
    #[arg(long)]
    pub(crate) live: bool,
    /// Exit when everything is here (the default without --live)
    #[arg(long, conflicts_with = "live")]
    pub(crate) exit: bool,
    /// First block
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) start: u64,
    /// Block to stop before [default: the end]
    #[arg(long, value_name = "N")]
    pub(crate) end: Option<u64>,
    /// Keep the blocks in this file, one after the other: a finished clone of a file is the file
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// A name of your own for the feed
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Feeds of the store or keys of new ones, and addresses of peers (HOST:PORT)
    #[arg(required = true, value_name = "FEED|PEER")]
    pub(crate) names: Vec<String>,
    /// Stay connected and go on with new blocks
    #[arg(long)]
    pub(crate) live: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl Sync {
    /// An address has a port; no name of a feed has a colon.
    pub(crate) fn peers_and_feeds(&self) -> (Vec<String>, Vec<String>) {
        self.names
            .iter()
            .cloned()
            .partition(|name| name.contains(':'))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Feeds to verify [default: all of the store]
    pub(crate) feeds: Vec<String>,
    /// Drop what is damaged, work out again what can be, and fetch the rest from the peers that are named
    #[arg(long)]
    pub(crate) repair: bool,
    /// Drop damaged blocks of your own feeds too; there may be no other copy, and nothing can be appended before
    /// they are back
    #[arg(long, requires = "repair")]
    pub(crate) drop_only_copy: bool,
    /// Fetch what was dropped from these peers
    #[arg(long = "peer", requires = "repair", value_parser = parse_address, value_name = "ADDR")]
    pub(crate) peers: Vec<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Key, public id, a prefix of either (6 digits or more), or alias
    pub(crate) feed: String,
    /// Yes, print the secret: whoever has it can write in your name
    #[arg(long)]
    pub(crate) secret: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A name of your own for the feed
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Key, public id, a prefix of either (6 digits or more), or alias
    pub(crate) feed: String,
    /// Needed for a feed of your own: its secret key is removed too
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Alias {
    /// Key, public id, a prefix of either (6 digits or more), or alias
    pub(crate) feed: String,
    /// The new name; without one the name is taken away
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

/// How connections are made.
#[derive(Debug, Clone, Args)]
pub(crate) struct Connection {
    /// Do not encrypt; the other side must do the same
    #[arg(long)]
    pub(crate) unencrypted: bool,
    /// Give a silent peer up after this time
    #[arg(long, default_value = "5s", value_parser = parse_duration, value_name = "TIME")]
    pub(crate) timeout: Duration,
    /// Upload limit a second
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_upload: Option<Size>,
    /// Download limit a second
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_download: Option<Size>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
