//! What is known of the feeds and connections of a script while it is written.

use std::collections::BTreeSet;

use super::action::Certain;
use super::cast::HOSTS;

pub(crate) struct Feed {
    pub(crate) writer: usize,
    pub(crate) live: bool,
    pub(crate) length: u64,
    /// It has a key.
    pub(crate) named: bool,
    pub(crate) copies: [Option<Copy>; HOSTS],
}

#[derive(Clone)]
pub(crate) struct Copy {
    /// Held for certain.
    pub(crate) held: BTreeSet<u64>,
    pub(crate) certain: Certain,
    /// A connection was cut while blocks were on their way: others may have come than `held`.
    pub(crate) fuzzy: bool,
}

pub(crate) struct Connection {
    pub(crate) ends: [usize; 2],
    pub(crate) open: bool,
    /// Joined on both sides.
    pub(crate) feeds: BTreeSet<usize>,
    /// The feed joined first, whose channel brings the handshake.
    pub(crate) first: usize,
    /// Upstream uses the number of a feed it left for the next one, and breaks.
    pub(crate) left: bool,
}

/// Whether a copy is on any connection.
pub(crate) fn is_shared(connections: &[Connection], feed: usize, host: usize) -> bool {
    !neighbours(connections, feed, host).is_empty()
}

/// Who shares a feed with `host` on a connection, and the number of that.
pub(crate) fn neighbours(
    connections: &[Connection],
    feed: usize,
    host: usize,
) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (number, connection) in connections.iter().enumerate() {
        if connection.open && connection.feeds.contains(&feed) {
            match connection.ends {
                [from, to] if from == host => found.push((to, number)),
                [from, to] if to == host => found.push((from, number)),
                _ => {}
            }
        }
    }
    found
}

/// All that `host` is connected with, over others too.
pub(crate) fn connected(connections: &[Connection], feed: usize, host: usize) -> Vec<usize> {
    let mut found = BTreeSet::from([host]);
    for _ in 0..HOSTS {
        for host in found.clone() {
            let near = neighbours(connections, feed, host);
            found.extend(near.into_iter().map(|(host, _)| host));
        }
    }
    found.into_iter().collect()
}
