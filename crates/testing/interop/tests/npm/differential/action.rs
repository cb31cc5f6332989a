//! What a script consists of.

/// One step. Feeds, hosts and connections are numbers from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Appends the next blocks of the feed's pattern in one call.
    Append { feed: usize, blocks: u32 },
    /// Carries a block by hand, for the digest of who gets it.
    Carry {
        feed: usize,
        block: u64,
        from: usize,
        to: usize,
        certain: Certain,
    },
    /// Connects two hosts; the feeds are joined on both sides.
    Connect {
        from: usize,
        to: usize,
        feeds: Vec<usize>,
        encrypted: bool,
    },
    /// Makes a feed from a key pair of its own.
    Create {
        feed: usize,
        host: usize,
        live: bool,
    },
    /// Ends a connection, whatever is on its way.
    Cut { connection: usize },
    /// Seals a static feed.
    Finalize { feed: usize },
    /// Gets a block that some host in reach has, and waits for it if it is not here yet.
    Get {
        feed: usize,
        host: usize,
        block: u64,
    },
    /// Joins another feed on both sides of a connection.
    Join { connection: usize, feed: usize },
    /// Leaves a feed on the side that was connected to.
    Leave { connection: usize, feed: usize },
    /// Looks at a copy.
    Look {
        feed: usize,
        host: usize,
        certain: Certain,
    },
    /// Sends a message of an extension to all that are connected with `from`, each by its connection.
    Message {
        feed: usize,
        from: usize,
        to: Vec<(usize, usize)>,
        body: u8,
    },
    /// Opens a copy.
    Open { feed: usize, host: usize },
    /// Answers nobody for a feed, on these connections.
    Pause {
        feed: usize,
        host: usize,
        connections: Vec<usize>,
    },
    /// Closes and opens a feed that is on no connection.
    Reopen { feed: usize, host: usize },
    /// Answers again after a pause.
    Resume {
        feed: usize,
        host: usize,
        connections: Vec<usize>,
    },
    /// Waits until all that are connected hold what any of them holds.
    Settle { feed: usize, hosts: Vec<usize> },
}

/// What of a copy follows from the script. Which blocks arrive before a cut does not, and which nodes come with
/// blocks does not either, for the order of requests is drawn by lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certain {
    /// Nothing but the bytes of what it holds.
    Bytes,
    /// Which blocks it holds.
    Blocks,
    /// Which nodes it holds: digests and proofs.
    Nodes,
}
