//! One host of a script, of either kind.

use std::collections::BTreeSet;

use hyperfeed_testing_interop::{NpmPeer, NpmProof};

use super::npm_host::NpmHost;
use super::our_host::OurHost;

pub(crate) enum Host {
    Npm(NpmHost),
    Ours(OurHost),
}

/// Key and public id of a feed in hex; empty before a static feed is sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) key: String,
    pub(crate) public_id: String,
}

/// The extensions of a host: two, of which all hosts know one, under different numbers.
pub(crate) fn extensions(host: usize) -> [&'static str; 2] {
    match host % 3 {
        0 => ["apple", CHAT],
        1 => [CHAT, "zebra"],
        _ => ["bread", CHAT],
    }
}

/// The extension that all hosts know.
pub(crate) const CHAT: &str = "chat";

macro_rules! either {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match $self {
            Self::Npm(host) => host.$method($($argument),*),
            Self::Ours(host) => host.$method($($argument),*).await,
        }
    };
}

impl Host {
    /// One of ours, or an npm peer that `take` gives. `number` decides which extensions it knows.
    pub(crate) async fn start(ours: bool, number: usize, take: impl FnOnce() -> NpmPeer) -> Self {
        if ours {
            Self::Ours(OurHost::start(number).await)
        } else {
            Self::Npm(NpmHost::start(number, take()))
        }
    }

    /// Ends everything it has open and begins again from its disk; `false` for npm, which forgets that a copy is live.
    pub(crate) async fn restart(&mut self) -> bool {
        match self {
            Self::Npm(_) => false,
            Self::Ours(host) => {
                host.restart().await;
                true
            }
        }
    }

    /// Gives the npm peer back for another script.
    pub(crate) fn end(self) -> Option<NpmPeer> {
        match self {
            Self::Npm(host) => Some(host.end()),
            Self::Ours(_) => None,
        }
    }

    pub(crate) async fn create(&mut self, feed: usize, live: bool, seed: [u8; 32]) -> Names {
        either!(self.create(feed, live, seed))
    }

    /// Only ours can be sparse: upstream fetches everything always.
    pub(crate) async fn open_as(&mut self, feed: usize, key: &str, sparse: bool) -> Names {
        if let (Self::Ours(host), true) = (&mut *self, sparse) {
            host.keep_sparse(feed);
        }
        self.open(feed, key).await
    }

    /// Asks for blocks that a sparse copy would not ask for by itself.
    pub(crate) fn fetch(&self, feed: usize, blocks: &BTreeSet<u64>) {
        if let Self::Ours(host) = self {
            host.fetch(feed, blocks);
        }
    }

    /// Closes everything and opens it again from what is stored, with these feeds, which are all it had open.
    pub(crate) async fn reopen_all(&mut self, feeds: &[(usize, String)]) -> Vec<Names> {
        either!(self.reopen_all(feeds))
    }

    pub(crate) async fn open(&mut self, feed: usize, key: &str) -> Names {
        either!(self.open(feed, key))
    }

    pub(crate) async fn reopen(&mut self, feed: usize, key: &str) -> Names {
        either!(self.reopen(feed, key))
    }

    /// The length after it.
    pub(crate) async fn append(&mut self, feed: usize, blocks: Vec<Vec<u8>>) -> u64 {
        either!(self.append(feed, blocks))
    }

    pub(crate) async fn finalize(&mut self, feed: usize) -> Names {
        either!(self.finalize(feed))
    }

    pub(crate) async fn has(&mut self, feed: usize, block: u64) -> bool {
        either!(self.has(feed, block))
    }

    pub(crate) async fn get(&mut self, feed: usize, block: u64) -> Vec<u8> {
        either!(self.get(feed, block))
    }

    pub(crate) async fn length(&mut self, feed: usize) -> u64 {
        either!(self.length(feed))
    }

    pub(crate) async fn digest(&mut self, feed: usize, block: u64) -> u64 {
        either!(self.digest(feed, block))
    }

    pub(crate) async fn proof(&mut self, feed: usize, block: u64, digest: u64) -> NpmProof {
        either!(self.proof(feed, block, digest))
    }

    /// Why the block was refused, if it was.
    pub(crate) async fn put(
        &mut self,
        feed: usize,
        block: u64,
        data: Vec<u8>,
        proof: &NpmProof,
    ) -> Result<(), String> {
        either!(self.put(feed, block, data, proof))
    }

    pub(crate) async fn listen(&mut self, feeds: &[usize], encrypted: bool) -> u16 {
        either!(self.listen(feeds, encrypted))
    }

    /// Makes the next connection under a number.
    pub(crate) async fn connect(
        &mut self,
        connection: usize,
        port: u16,
        feeds: &[usize],
        encrypted: bool,
    ) {
        either!(self.connect(connection, port, feeds, encrypted));
    }

    /// Takes the connection that was made to `port`, under a number, and listens no more.
    pub(crate) async fn accept(&mut self, connection: usize, port: u16) {
        either!(self.accept(connection, port));
    }

    pub(crate) async fn join(&mut self, connection: usize, feed: usize) {
        either!(self.join(connection, feed));
    }

    /// Waits until the other side's handshake has been read.
    pub(crate) async fn met(&mut self, connection: usize) {
        either!(self.met(connection));
    }

    /// Answers nobody for a feed, on these connections.
    pub(crate) async fn pause(&mut self, feed: usize, connections: &[usize]) {
        either!(self.pause(feed, connections));
    }

    pub(crate) async fn resume(&mut self, feed: usize, connections: &[usize]) {
        either!(self.resume(feed, connections));
    }

    /// Sends a message of the extension that all hosts know, beside a feed on these connections.
    pub(crate) async fn send(&mut self, feed: usize, connections: &[usize], body: u8) {
        either!(self.send(feed, connections, body));
    }

    /// Whether that message has come by now, beside a feed.
    pub(crate) async fn has_heard(&mut self, feed: usize, connection: usize, body: u8) -> bool {
        either!(self.has_heard(feed, connection, body))
    }

    pub(crate) async fn leave(&mut self, connection: usize, feed: usize) {
        either!(self.leave(connection, feed));
    }

    pub(crate) async fn close(&mut self, connection: usize) {
        either!(self.close(connection));
    }

    /// Waits until a connection that the other side has closed is over here too.
    pub(crate) async fn closed(&mut self, connection: usize) {
        either!(self.closed(connection));
    }

    /// What went wrong that should not have.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        match self {
            Self::Npm(host) => host.complaints(),
            Self::Ours(host) => host.complaints(),
        }
    }
}
