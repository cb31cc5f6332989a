//! hyperfeed as a host, on a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use hyperfeed::tcp::{self, Listener};
use hyperfeed::{
    Core, Digest, Durability, ExtensionMessages, Feed, FeedOptions, KeyPair, PublicId,
    ReplicateOptions, Replication, ReplicationEvent, ReplicationEvents,
};
use hyperfeed_testing_interop::NpmProof;
use tempfile::TempDir;

use super::host::{CHAT, Names, extensions};
use crate::names::{npm_proof, our_proof};
use crate::ours;

pub(crate) struct OurHost {
    core: Core,
    number: usize,
    feeds: BTreeMap<usize, Feed>,
    /// Those that fetch only what they are asked for.
    sparse: BTreeSet<usize>,
    listeners: BTreeMap<u16, Listener>,
    connections: BTreeMap<usize, Connection>,
    complaints: Vec<String>,
    dir: TempDir,
}

struct Connection {
    replication: Replication,
    events: ReplicationEvents,
    messages: ExtensionMessages,
    /// Messages that have come: the public id of the feed, and the body.
    heard: Vec<(PublicId, Vec<u8>)>,
}

impl Connection {
    fn new(replication: Replication) -> Self {
        Self {
            events: replication.events(),
            messages: replication.extension(CHAT).unwrap().messages(),
            heard: Vec::new(),
            replication,
        }
    }
}

impl OurHost {
    pub(crate) async fn start(number: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let core = open_core(&dir).await;
        Self {
            core,
            number,
            feeds: BTreeMap::new(),
            sparse: BTreeSet::new(),
            listeners: BTreeMap::new(),
            connections: BTreeMap::new(),
            complaints: Vec::new(),
            dir,
        }
    }

    /// Closes everything and opens it again from the disk. The connections are closed before.
    pub(crate) async fn restart(&mut self) {
        let keys: Vec<(usize, String)> = self
            .feeds
            .iter()
            .map(|(feed, open)| (*feed, open.key().unwrap().to_string()))
            .collect();
        self.feeds.clear();
        self.listeners.clear();
        self.core.clone().close().await.unwrap();
        self.core = open_core(&self.dir).await;
        for (feed, key) in keys {
            self.open(feed, &key).await;
        }
    }

    pub(crate) async fn create(&mut self, feed: usize, live: bool, seed: [u8; 32]) -> Names {
        let created = if live {
            let secret = KeyPair::from_seed(&seed).secret().clone();
            self.core
                .create_feed_with(FeedOptions::new().secret(secret))
                .await
                .unwrap()
        } else {
            self.core.create_static_feed().await.unwrap()
        };
        self.feeds.insert(feed, created);
        self.names(feed)
    }

    pub(crate) async fn open(&mut self, feed: usize, key: &str) -> Names {
        let opened = if self.sparse.contains(&feed) {
            ours::open_sparse(&self.core, key).await
        } else {
            ours::open(&self.core, key).await
        };
        self.feeds.insert(feed, opened);
        self.names(feed)
    }

    /// From now on whenever it is opened.
    pub(crate) fn keep_sparse(&mut self, feed: usize) {
        self.sparse.insert(feed);
    }

    pub(crate) fn fetch(&self, feed: usize, blocks: &BTreeSet<u64>) {
        if self.sparse.contains(&feed) {
            for block in blocks.clone() {
                let feed = self.feeds[&feed].clone();
                async_std::task::spawn(async move { feed.get(block).await });
            }
        }
    }

    pub(crate) async fn reopen_all(&mut self, feeds: &[(usize, String)]) -> Vec<Names> {
        self.restart().await;
        feeds.iter().map(|(feed, _)| self.names(*feed)).collect()
    }

    pub(crate) async fn reopen(&mut self, feed: usize, key: &str) -> Names {
        if let Some(open) = self.feeds.remove(&feed) {
            open.close().await.unwrap();
        }
        self.open(feed, key).await
    }

    pub(crate) async fn append(&self, feed: usize, blocks: Vec<Vec<u8>>) -> u64 {
        self.feeds[&feed].append_batch(blocks).await.unwrap().end
    }

    pub(crate) async fn finalize(&self, feed: usize) -> Names {
        self.feeds[&feed].finalize().await.unwrap();
        self.names(feed)
    }

    pub(crate) async fn has(&self, feed: usize, block: u64) -> bool {
        self.feeds[&feed].has(block).await.unwrap()
    }

    pub(crate) async fn get(&self, feed: usize, block: u64) -> Vec<u8> {
        self.feeds[&feed].get(block).await.unwrap().to_vec()
    }

    pub(crate) async fn length(&self, feed: usize) -> u64 {
        self.feeds[&feed].length()
    }

    pub(crate) async fn digest(&self, feed: usize, block: u64) -> u64 {
        self.feeds[&feed].digest(block).await.unwrap().get()
    }

    pub(crate) async fn proof(&self, feed: usize, block: u64, digest: u64) -> NpmProof {
        let proof = self.feeds[&feed]
            .proof(block, Digest::new(digest))
            .await
            .unwrap();
        npm_proof(&proof.unwrap())
    }

    pub(crate) async fn put(
        &self,
        feed: usize,
        block: u64,
        data: Vec<u8>,
        proof: &NpmProof,
    ) -> Result<(), String> {
        let put = self.feeds[&feed].put(block, data, our_proof(proof)).await;
        put.map(drop).map_err(|error| error.to_string())
    }

    pub(crate) async fn listen(&mut self, feeds: &[usize], encrypted: bool) -> u16 {
        let options = self.options(feeds, encrypted);
        let listener = tcp::listen(&self.core, "127.0.0.1:0", options)
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        self.listeners.insert(port, listener);
        port
    }

    pub(crate) async fn connect(
        &mut self,
        connection: usize,
        port: u16,
        feeds: &[usize],
        encrypted: bool,
    ) {
        let options = self.options(feeds, encrypted);
        let replication = ours::connect(&self.core, port, options).await;
        self.connections
            .insert(connection, Connection::new(replication));
    }

    pub(crate) async fn accept(&mut self, connection: usize, port: u16) {
        let listener = self.listeners.remove(&port).unwrap();
        let (replication, _) = listener.accept().await.unwrap();
        self.connections
            .insert(connection, Connection::new(replication));
    }

    pub(crate) async fn join(&self, connection: usize, feed: usize) {
        self.connections[&connection]
            .replication
            .join(&self.feeds[&feed])
            .await
            .unwrap();
    }

    pub(crate) async fn met(&mut self, connection: usize) {
        if let Some(connection) = self.connections.get_mut(&connection) {
            while let Some(event) = connection.events.next().await {
                if matches!(event, ReplicationEvent::Handshake { .. }) {
                    break;
                }
            }
        }
    }

    pub(crate) async fn pause(&self, feed: usize, connections: &[usize]) {
        for connection in connections {
            let replication = &self.connections[connection].replication;
            replication.pause(&self.feeds[&feed]).await.unwrap();
        }
    }

    pub(crate) async fn resume(&self, feed: usize, connections: &[usize]) {
        for connection in connections {
            let replication = &self.connections[connection].replication;
            replication.resume(&self.feeds[&feed]).await.unwrap();
        }
    }

    pub(crate) async fn send(&self, feed: usize, connections: &[usize], body: u8) {
        for connection in connections {
            let chat = self.connections[connection].replication.extension(CHAT);
            chat.unwrap()
                .send(&self.feeds[&feed], vec![body])
                .await
                .unwrap();
        }
    }

    pub(crate) async fn has_heard(&mut self, feed: usize, connection: usize, body: u8) -> bool {
        let public_id = self.feeds[&feed].public_id();
        let connection = self.connections.get_mut(&connection).unwrap();
        while let Some(Some((of, message))) = connection.messages.next().now_or_never() {
            connection.heard.push((of, message.to_vec()));
        }
        connection
            .heard
            .iter()
            .any(|(of, message)| *of == public_id && *message == [body])
    }

    pub(crate) async fn leave(&self, connection: usize, feed: usize) {
        self.connections[&connection]
            .replication
            .leave(&self.feeds[&feed])
            .await
            .unwrap();
    }

    pub(crate) async fn close(&mut self, connection: usize) {
        self.connections[&connection].replication.close().await;
        self.closed(connection).await;
    }

    pub(crate) async fn closed(&mut self, connection: usize) {
        if let Some(connection) = self.connections.remove(&connection)
            && let Err(error) = connection.replication.finished().await
        {
            self.complaints.push(format!("{error:?}"));
        }
    }

    pub(crate) fn complaints(&mut self) -> Vec<String> {
        for (number, connection) in &self.connections {
            if connection.replication.is_finished() {
                self.complaints.push(format!("connection {number} is over"));
            }
        }
        std::mem::take(&mut self.complaints)
    }

    fn options(&self, feeds: &[usize], encrypted: bool) -> ReplicateOptions {
        ReplicateOptions::new()
            .encrypted(encrypted)
            .extensions(extensions(self.number))
            .timeout(Duration::from_secs(20))
            .listed(feeds.iter().map(|feed| &self.feeds[feed]))
    }

    fn names(&self, feed: usize) -> Names {
        let feed = &self.feeds[&feed];
        match feed.key() {
            Some(key) => Names {
                key: key.to_string(),
                public_id: feed.public_id().to_string(),
            },
            None => Names::default(),
        }
    }
}

async fn open_core(dir: &TempDir) -> Core {
    let core = Core::builder().dir(dir.path());
    core.durability(Durability::Relaxed).open().await.unwrap()
}
