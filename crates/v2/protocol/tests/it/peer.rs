//! One side of a connection in a test.

use hyperfeed_types::{FeedKey, Instant, PeerId};
use hyperfeed_v2_protocol::{ChannelId, Config, Event, Protocol, ProtocolError};
use hyperfeed_v2_wire::{Have, Message};

pub(crate) const NOW: Instant = Instant::ZERO;

/// A protocol and what it has written.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) protocol: Protocol,
    pub(crate) out: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(config: Config, seed: u8) -> Self {
        Self {
            protocol: Protocol::new(config, [seed; 32], NOW),
            out: Vec::new(),
        }
    }

    /// An encrypting and a plain pair, to do the same test with.
    pub(crate) fn pairs() -> [(Self, Self); 2] {
        [true, false].map(|encrypted| {
            let side = |id| {
                let mut config = Config::new(PeerId::new([id; 32]));
                config.encrypted = encrypted;
                Self::new(config, id)
            };
            (side(1), side(2))
        })
    }

    pub(crate) fn open(&mut self, key: &FeedKey) -> ChannelId {
        self.protocol.open(NOW, key, &mut self.out).unwrap()
    }

    /// Sends a `Have` of one block, which stands for any message.
    pub(crate) fn say(&mut self, channel: ChannelId, block: u64) {
        let have = have(block);
        self.protocol
            .send(NOW, channel, &have, &mut self.out)
            .unwrap();
    }

    /// What it has written since the last time.
    pub(crate) fn sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Result<Vec<Event>, ProtocolError> {
        self.protocol.handle_input(NOW, bytes);
        self.events()
    }

    pub(crate) fn events(&mut self) -> Result<Vec<Event>, ProtocolError> {
        let mut events = Vec::new();
        while let Some(event) = self.protocol.poll_event()? {
            events.push(event);
        }
        Ok(events)
    }
}

pub(crate) fn key(number: u8) -> FeedKey {
    FeedKey::new([number; 32])
}

pub(crate) fn have(block: u64) -> Message<'static> {
    Message::Have(Have {
        start: block,
        end: None,
        bitfield: None,
    })
}

/// The blocks spoken of in those events that are messages of a channel.
pub(crate) fn blocks(events: &[Event], of: ChannelId) -> Vec<u64> {
    let messages = events.iter().filter_map(|event| match event {
        Event::Message {
            channel,
            kind,
            body,
        } if *channel == of => match Message::decode(*kind, body).unwrap() {
            Message::Have(have) => Some(have.start),
            other => panic!("{other:?}"),
        },
        _ => None,
    });
    messages.collect()
}
