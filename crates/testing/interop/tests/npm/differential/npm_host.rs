//! npm as a host.

use std::collections::BTreeMap;
use std::time::Duration;

use hyperfeed_testing_interop::{
    Connect, Event, FeedIdentity, FeedOptions, Listen, NpmPeer, NpmProof,
};

use super::host::{CHAT, Names, extensions};

pub(crate) struct NpmHost {
    peer: NpmPeer,
    number: usize,
    /// Its own numbers of connections.
    connections: BTreeMap<usize, u64>,
}

impl NpmHost {
    pub(crate) fn start(number: usize, mut peer: NpmPeer) -> Self {
        peer.quiet().unwrap();
        Self {
            peer,
            number,
            connections: BTreeMap::new(),
        }
    }

    pub(crate) fn end(mut self) -> NpmPeer {
        self.peer.reset().unwrap();
        self.peer
    }

    pub(crate) fn create(&mut self, feed: usize, live: bool, seed: [u8; 32]) -> Names {
        if live {
            return names(self.peer.create_live_from(&name(feed), &seed).unwrap());
        }
        self.peer.create_static(&name(feed)).unwrap();
        Names::default()
    }

    pub(crate) fn open(&mut self, feed: usize, key: &str) -> Names {
        names(
            self.peer
                .open(&name(feed), key, FeedOptions::default())
                .unwrap(),
        )
    }

    pub(crate) fn reopen(&mut self, feed: usize, key: &str) -> Names {
        self.peer.close_feed(&name(feed)).unwrap();
        self.open(feed, key)
    }

    pub(crate) fn reopen_all(&mut self, feeds: &[(usize, String)]) -> Vec<Names> {
        for (feed, _) in feeds {
            self.peer.close_feed(&name(*feed)).unwrap();
        }
        self.peer.restart().unwrap();
        let open = feeds.iter().map(|(feed, key)| self.open(*feed, key));
        open.collect()
    }

    pub(crate) fn append(&mut self, feed: usize, blocks: Vec<Vec<u8>>) -> u64 {
        self.peer.append(&name(feed), blocks).unwrap().length
    }

    pub(crate) fn finalize(&mut self, feed: usize) -> Names {
        names(self.peer.finalize(&name(feed)).unwrap())
    }

    pub(crate) fn has(&mut self, feed: usize, block: u64) -> bool {
        self.peer.has(&name(feed), block).unwrap()
    }

    pub(crate) fn get(&mut self, feed: usize, block: u64) -> Vec<u8> {
        self.peer.get(&name(feed), block).unwrap()
    }

    pub(crate) fn length(&mut self, feed: usize) -> u64 {
        self.peer.blocks(&name(feed)).unwrap().length
    }

    pub(crate) fn digest(&mut self, feed: usize, block: u64) -> u64 {
        self.peer.digest(&name(feed), block).unwrap()
    }

    pub(crate) fn proof(&mut self, feed: usize, block: u64, digest: u64) -> NpmProof {
        self.peer.proof(&name(feed), block, digest).unwrap()
    }

    pub(crate) fn put(
        &mut self,
        feed: usize,
        block: u64,
        data: Vec<u8>,
        proof: &NpmProof,
    ) -> Result<(), String> {
        let put = self.peer.put(&name(feed), block, &data, proof);
        put.map(drop).map_err(|error| error.to_string())
    }

    pub(crate) fn listen(&mut self, feeds: &[usize], encrypted: bool) -> u16 {
        let mut options = Listen::feeds(feeds.iter().map(|feed| name(*feed)))
            .extensions(extensions(self.number))
            .timeout(TIMEOUT);
        if !encrypted {
            options = options.unencrypted();
        }
        self.peer.listen(&options).unwrap()
    }

    pub(crate) fn connect(
        &mut self,
        connection: usize,
        port: u16,
        feeds: &[usize],
        encrypted: bool,
    ) {
        let mut options = Connect::to(port)
            .feeds(feeds.iter().map(|feed| name(*feed)))
            .extensions(extensions(self.number))
            .timeout(TIMEOUT);
        if !encrypted {
            options = options.unencrypted();
        }
        let number = self.peer.connect(&options).unwrap();
        self.connections.insert(connection, number);
        let made = Event::Connected { connection: number };
        self.peer
            .wait_event("connection", |event| *event == made)
            .unwrap();
    }

    pub(crate) fn accept(&mut self, connection: usize, port: u16) {
        let made = self
            .peer
            .wait_event("connection", |event| {
                matches!(event, Event::Connected { .. })
            })
            .unwrap();
        if let Event::Connected { connection: number } = made {
            self.connections.insert(connection, number);
        }
        self.peer.stop_listening(port).unwrap();
    }

    pub(crate) fn join(&mut self, connection: usize, feed: usize) {
        self.peer
            .join(self.connections[&connection], &name(feed))
            .unwrap();
    }

    pub(crate) fn met(&mut self, connection: usize) {
        let number = self.connections[&connection];
        let ours = |event: &Event| matches!(event, Event::Handshake { connection, .. } if *connection == number);
        self.peer.wait_event("handshake", ours).unwrap();
    }

    /// npm pauses a feed for all its peers.
    pub(crate) fn pause(&mut self, feed: usize, _connections: &[usize]) {
        self.peer.pause(&name(feed)).unwrap();
    }

    pub(crate) fn resume(&mut self, feed: usize, _connections: &[usize]) {
        self.peer.resume(&name(feed)).unwrap();
    }

    /// npm sends to all peers of a feed.
    pub(crate) fn send(&mut self, feed: usize, _connections: &[usize], body: u8) {
        let chat = self.chat();
        self.peer
            .send_extension(&name(feed), chat, &[body])
            .unwrap();
    }

    pub(crate) fn has_heard(&mut self, feed: usize, _connection: usize, body: u8) -> bool {
        let expected = Event::Extension {
            name: name(feed),
            extension: self.chat(),
            data: format!("{body:02x}"),
        };
        !self.peer.take_events(|event| *event == expected).is_empty()
    }

    fn chat(&self) -> u64 {
        let place = extensions(self.number)
            .iter()
            .position(|name| *name == CHAT);
        place.unwrap() as u64
    }

    pub(crate) fn leave(&mut self, connection: usize, feed: usize) {
        self.peer
            .leave(self.connections[&connection], &name(feed))
            .unwrap();
    }

    pub(crate) fn close(&mut self, connection: usize) {
        self.peer.close(self.connections[&connection]).unwrap();
        self.closed(connection);
    }

    pub(crate) fn closed(&mut self, connection: usize) {
        let closed = Event::Closed {
            connection: self.connections[&connection],
        };
        self.peer
            .wait_event("close", |event| *event == closed)
            .unwrap();
    }

    pub(crate) fn complaints(&mut self) -> Vec<String> {
        let bad = |event: &Event| {
            matches!(
                event,
                Event::Crash { .. }
                    | Event::Failed { .. }
                    | Event::TimedOut { .. }
                    | Event::Closed { .. }
            )
        };
        let events = self.peer.take_events(bad);
        events
            .into_iter()
            .map(|event| format!("{event:?}"))
            .collect()
    }
}

fn name(feed: usize) -> String {
    format!("feed {feed}")
}

fn names(identity: FeedIdentity) -> Names {
    Names {
        key: identity.key,
        public_id: identity.public_id,
    }
}

/// Beyond what a busy machine holds a process up for.
const TIMEOUT: Duration = Duration::from_secs(20);
