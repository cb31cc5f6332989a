//! What a script consists of, and how it is written down: an action a line, `verb number…`.

use std::fmt;
use std::str::FromStr;

/// One step. Feeds and hosts are numbers from 0, a connection is its two ends: there is one at most between two hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Appends the next blocks of the feed's pattern in one call.
    Append { feed: usize, blocks: usize },
    /// Carries a block by hand, for the digest of who gets it.
    Carry {
        feed: usize,
        block: usize,
        from: usize,
        to: usize,
    },
    /// Connects two hosts; the feeds are joined on both sides.
    Connect {
        ends: [usize; 2],
        encrypted: bool,
        feeds: Vec<usize>,
    },
    /// Makes a feed from a key pair of its own.
    Create {
        feed: usize,
        host: usize,
        live: bool,
    },
    /// Ends a connection, whatever is on its way.
    Cut { ends: [usize; 2] },
    /// Seals a static feed.
    Finalize { feed: usize },
    /// Asks for a block, and waits for it if it is not here.
    Get {
        feed: usize,
        host: usize,
        block: usize,
    },
    /// Joins another feed on both sides of a connection.
    Join { ends: [usize; 2], feed: usize },
    /// Leaves the feed that was joined first, on the side that was connected to.
    Leave { ends: [usize; 2], feed: usize },
    /// Looks at a copy.
    Look { feed: usize, host: usize },
    /// Opens a copy. A sparse one of ours fetches only what it is asked for; upstream has none.
    Open {
        feed: usize,
        host: usize,
        sparse: bool,
    },
    /// Tells all peers of a feed that they get nothing for a while.
    Pause { feed: usize, host: usize },
    /// Closes and opens a feed that is on no connection.
    Reopen { feed: usize, host: usize },
    /// Closes all of a host and opens it again from what it has stored.
    Restart { host: usize },
    /// Ends a pause.
    Resume { feed: usize, host: usize },
    /// Sends an extension message to all peers of a feed.
    Say { feed: usize, host: usize },
    /// Waits until all that are connected with this host hold what any of them holds.
    Settle { feed: usize, host: usize },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, numbers) = match self {
            Self::Append { feed, blocks } => ("append", vec![*feed, *blocks]),
            Self::Carry {
                feed,
                block,
                from,
                to,
            } => ("carry", vec![*feed, *block, *from, *to]),
            Self::Connect {
                ends: [from, to],
                encrypted,
                feeds,
            } => {
                let mut numbers = vec![*from, *to, usize::from(*encrypted)];
                numbers.extend(feeds);
                ("connect", numbers)
            }
            Self::Create { feed, host, live } => ("create", vec![*feed, *host, usize::from(*live)]),
            Self::Cut { ends } => ("cut", ends.to_vec()),
            Self::Finalize { feed } => ("finalize", vec![*feed]),
            Self::Get { feed, host, block } => ("get", vec![*feed, *host, *block]),
            Self::Join {
                ends: [from, to],
                feed,
            } => ("join", vec![*from, *to, *feed]),
            Self::Leave {
                ends: [from, to],
                feed,
            } => ("leave", vec![*from, *to, *feed]),
            Self::Look { feed, host } => ("look", vec![*feed, *host]),
            Self::Open { feed, host, sparse } => ("open", vec![*feed, *host, usize::from(*sparse)]),
            Self::Pause { feed, host } => ("pause", vec![*feed, *host]),
            Self::Reopen { feed, host } => ("reopen", vec![*feed, *host]),
            Self::Restart { host } => ("restart", vec![*host]),
            Self::Resume { feed, host } => ("resume", vec![*feed, *host]),
            Self::Say { feed, host } => ("say", vec![*feed, *host]),
            Self::Settle { feed, host } => ("settle", vec![*feed, *host]),
        };
        f.write_str(verb)?;
        numbers.iter().try_for_each(|number| write!(f, " {number}"))
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let numbers: Result<Vec<usize>, _> = words.map(str::parse).collect();
        let numbers = numbers.map_err(|error| format!("{line:?}: {error}"))?;
        Ok(match (verb, &numbers[..]) {
            ("append", &[feed, blocks]) => Self::Append { feed, blocks },
            ("carry", &[feed, block, from, to]) => Self::Carry {
                feed,
                block,
                from,
                to,
            },
            ("connect", &[from, to, encrypted, ref feeds @ ..]) => Self::Connect {
                ends: [from, to],
                encrypted: encrypted != 0,
                feeds: feeds.to_vec(),
            },
            ("create", &[feed, host, live]) => Self::Create {
                feed,
                host,
                live: live != 0,
            },
            ("cut", &[from, to]) => Self::Cut { ends: [from, to] },
            ("finalize", &[feed]) => Self::Finalize { feed },
            ("get", &[feed, host, block]) => Self::Get { feed, host, block },
            ("join", &[from, to, feed]) => Self::Join {
                ends: [from, to],
                feed,
            },
            ("leave", &[from, to, feed]) => Self::Leave {
                ends: [from, to],
                feed,
            },
            ("look", &[feed, host]) => Self::Look { feed, host },
            ("open", &[feed, host, sparse]) => Self::Open {
                feed,
                host,
                sparse: sparse != 0,
            },
            ("pause", &[feed, host]) => Self::Pause { feed, host },
            ("reopen", &[feed, host]) => Self::Reopen { feed, host },
            ("restart", &[host]) => Self::Restart { host },
            ("resume", &[feed, host]) => Self::Resume { feed, host },
            ("say", &[feed, host]) => Self::Say { feed, host },
            ("settle", &[feed, host]) => Self::Settle { feed, host },
            _ => return Err(format!("{line:?} is no action")),
        })
    }
}
