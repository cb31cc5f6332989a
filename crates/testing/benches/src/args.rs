//! The command line.

use crate::Fallible;
use crate::sizes::Sizes;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: hyperfeed-testing-benches [NAME...] [--json] [--peers] [--rounds N] [--quick | --full]

  NAME      a work or a group of works: limits, append, get, verify, storage, replicate; all if none is named
  --json    one JSON object a line instead of a table
  --peers   npm hypercore 2.3.0 and 11.37.1 and the crate `hypercore` on the same work
  --rounds  runs of each work, of which the median counts; 3
  --quick   a tenth of the work: numbers are worth less
  --full    a feed of ten million blocks where there is one of a million
";

/// What this process is to do.
#[derive(Debug)]
pub(crate) enum Role {
    /// One work, whose readings go to stdout.
    Child(String),
    /// Make a store with many feeds of one block, and tell how fast it went.
    Create { dir: PathBuf, feeds: u64 },
    /// Make a store with one feed to serve.
    Fill {
        dir: PathBuf,
        blocks: u64,
        bytes: usize,
    },
    /// Run works in children and print what they read.
    Parent,
    /// Serve the feed of a store until stdin ends.
    Serve { dir: PathBuf },
}

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) role: Role,
    pub(crate) names: Vec<String>,
    pub(crate) json: bool,
    pub(crate) peers: bool,
    pub(crate) rounds: u32,
    pub(crate) sizes: Sizes,
}

impl Args {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Fallible<Self> {
        let mut args = Self {
            role: Role::Parent,
            names: Vec::new(),
            json: false,
            peers: false,
            rounds: 3,
            sizes: Sizes::Normal,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--json" => args.json = true,
                "--peers" => args.peers = true,
                "--quick" => args.sizes = Sizes::Quick,
                "--full" => args.sizes = Sizes::Full,
                "--rounds" => args.rounds = value()?.parse::<u32>()?.max(1),
                // The rest is how the program calls itself.
                "--child" => args.role = Role::Child(value()?),
                "--create" => {
                    args.role = Role::Create {
                        dir: value()?.into(),
                        feeds: value()?.parse()?,
                    }
                }
                "--fill" => {
                    args.role = Role::Fill {
                        dir: value()?.into(),
                        blocks: value()?.parse()?,
                        bytes: value()?.parse()?,
                    }
                }
                "--serve" => {
                    args.role = Role::Serve {
                        dir: value()?.into(),
                    }
                }
                option if option.starts_with('-') => {
                    return Err(format!("there is no option {option}").into());
                }
                _ => args.names.push(word),
            }
        }
        Ok(args)
    }
}
