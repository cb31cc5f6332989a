//! One host of a script, of either kind.

use hyperfeed_testing_interop::NpmProof;

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

macro_rules! either {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match $self {
            Self::Npm(host) => host.$method($($argument),*),
            Self::Ours(host) => host.$method($($argument),*).await,
        }
    };
}

impl Host {
    pub(crate) async fn start(ours: bool) -> Self {
        if ours {
            Self::Ours(OurHost::start().await)
        } else {
            Self::Npm(NpmHost::start())
        }
    }

    pub(crate) async fn create(&mut self, feed: usize, live: bool, seed: [u8; 32]) -> Names {
        either!(self.create(feed, live, seed))
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
