//! The recorded sessions of npm 2.3.0, and the feeds that their peers had.

use hyperfeed_testing_vectors::{hex, json, pattern};
use hyperfeed_types::{PeerId, hex as text};
use hyperfeed_v2_crypto::Nonce;
use serde_json::Value;
use std::collections::BTreeSet;

/// One recorded session.
pub(crate) struct Session {
    pub(crate) name: String,
    pub(crate) encrypted: bool,
    pub(crate) log: Vec<Value>,
    keys: Vec<[u8; 32]>,
}

/// The two peers, as the recording calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    A,
    B,
}

/// A feed that a side has at the start.
pub(crate) struct Owned {
    pub(crate) label: &'static str,
    pub(crate) key: [u8; 32],
    /// All blocks of the feed at the start, wherever they are.
    pub(crate) blocks: Vec<Vec<u8>>,
    pub(crate) how: How,
}

pub(crate) enum How {
    /// A live feed that this side writes, from a seed of this byte repeated.
    Writer(u8),
    /// A finalized static feed.
    Static,
    /// A copy of a live feed, with these blocks of it.
    Copy(u8, &'static [u64]),
    /// A copy of a feed of which only the key is known here.
    Unknown,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    pub(crate) fn peer_id(self) -> PeerId {
        PeerId::new(match self {
            Self::A => [0xaa; 32],
            Self::B => [0xbb; 32],
        })
    }

    pub(crate) fn extensions(self, session: &Session) -> Vec<String> {
        let names: &[&str] = match self {
            _ if !session.name.starts_with("extension") => &[],
            Self::A => &["ant", "cat", "dog", "fox"],
            Self::B => &["bee", "cat", "fox"],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

impl Session {
    pub(crate) fn all() -> Vec<Self> {
        let transcripts = json("transcripts");
        let sessions = transcripts["sessions"].as_array().unwrap();
        sessions.iter().map(Self::from_json).collect()
    }

    fn from_json(value: &Value) -> Self {
        let feeds = value["feeds"].as_array().unwrap().iter();
        Self {
            name: value["name"].as_str().unwrap().to_owned(),
            encrypted: value["encrypted"].as_bool().unwrap(),
            log: value["log"].as_array().unwrap().clone(),
            keys: feeds
                .map(|feed| text::decode_array(feed["key"].as_str().unwrap()).unwrap())
                .collect(),
        }
    }

    /// The frames one side sent, in order.
    pub(crate) fn frames(&self, from: Side) -> Vec<Vec<u8>> {
        let sent = self.log.iter().filter(|entry| entry["from"] == from.name());
        sent.map(|entry| hex(entry["frame"].as_str().unwrap()))
            .collect()
    }

    /// The nonces one side opened its channels with.
    pub(crate) fn nonces(&self, from: Side) -> Vec<Nonce> {
        let sent = self.log.iter().filter(|entry| entry["from"] == from.name());
        sent.filter_map(|entry| entry["is"]["open"]["nonce"].as_str())
            .map(|nonce| Nonce::new(text::decode_array(nonce).unwrap()))
            .collect()
    }

    /// The blocks for which a side saw an event.
    pub(crate) fn events(&self, at: Side, label: &str, event: &str) -> Vec<u64> {
        let seen = self.log.iter().filter(|entry| {
            entry["at"] == at.name() && entry["feed"] == label && entry["event"] == event
        });
        seen.map(|entry| entry["block"].as_u64().unwrap()).collect()
    }

    pub(crate) fn is(&self, start: &str) -> bool {
        self.name.starts_with(start)
    }

    /// The feeds a side has when the session begins; the joined ones first, in the order of joining.
    pub(crate) fn feeds(&self, side: Side) -> Vec<Owned> {
        let [first, second] = [self.keys[0], *self.keys.last().unwrap()];
        let text = |count: u64| {
            (0..count)
                .map(|at| format!("block {at}").into_bytes())
                .collect::<Vec<_>>()
        };
        let owned = |label, key, count, how| Owned {
            label,
            key,
            blocks: text(count),
            how,
        };
        let (writes, reads) = (side == Side::A, How::Unknown);
        let live = |label, key, count, seed, writes| {
            owned(
                label,
                key,
                count,
                if writes {
                    How::Writer(seed)
                } else {
                    How::Unknown
                },
            )
        };
        if self.is("extension") {
            return vec![owned("f", first, 0, reads)];
        }
        if self.is("static") {
            return vec![owned(
                "f",
                first,
                5,
                if writes { How::Static } else { How::Unknown },
            )];
        }
        if self.is("both sides hold part") {
            let held: &[u64] = if writes {
                &[0, 3, 5, 10]
            } else {
                &[1, 2, 5, 8]
            };
            return vec![owned("f", first, 11, How::Copy(1, held))];
        }
        if self.is("blocks of 0") {
            let mut feed = live("f", first, 0, 1, writes);
            feed.blocks = [0, 1, 127, 128, 3000, 20000].map(pattern).to_vec();
            return vec![feed];
        }
        if self.is("two feeds") {
            let (f, g) = (
                live("f", first, 2, 1, writes),
                live(
                    "g",
                    second,
                    if self.is("two feeds on") { 3 } else { 2 },
                    2,
                    !writes,
                ),
            );
            let turned = self.is("two feeds joined in opposite order") && !writes;
            return if turned { vec![g, f] } else { vec![f, g] };
        }
        if self.is("the first channels differ") {
            return match side {
                Side::A => vec![live("f", first, 2, 1, true)],
                Side::B => vec![live("g", second, 2, 2, true)],
            };
        }
        if self.is("the remote opens first") {
            return vec![
                live("f", first, 2, 1, writes),
                live("g", second, 1, 2, writes),
            ];
        }
        if self.is("leave") {
            return vec![
                live("f", first, 1, 1, writes),
                live("g", second, 1, 2, writes),
            ];
        }
        let count = [
            ("live feed, three", 3),
            ("live feed, empty", 0),
            ("live feed, forty", 40),
            ("live feed, twenty", 20),
            ("append", 2),
            ("pause", 2),
            ("close frame", 1),
            ("keep-alive", 3),
            ("request for a block", 1),
            ("bad block", 2),
            ("one side encrypts", 1),
        ];
        let known = count.iter().find(|(start, _)| self.is(start));
        vec![live("f", first, known.unwrap().1, 1, writes)]
    }

    /// Which of its feeds a side joins before anything else.
    pub(crate) fn joins_at_start(&self, side: Side, label: &str) -> bool {
        match (side, label) {
            (Side::B, _) if self.is("the remote opens first") => false,
            (_, "g") if self.is("leave") => false,
            _ => true,
        }
    }

    /// What a side was told that the other one has: its Haves, and what was sent to it.
    pub(crate) fn told(&self, side: Side, label: &str) -> BTreeSet<u64> {
        let mut told = BTreeSet::new();
        let mut channels = std::collections::BTreeMap::new();
        let mut deaf = false;
        for entry in &self.log {
            let is = &entry["is"];
            deaf |= entry["do"] == "from here b receives nothing" && side == Side::B;
            if entry["at"] == side.name() && entry["feed"] == label && entry["event"] == "upload" {
                told.insert(entry["block"].as_u64().unwrap());
            }
            if deaf || entry["frame"].is_null() || entry["from"] == side.name() {
                continue;
            }
            if let Some(id) = is["open"]["publicId"].as_str() {
                channels.insert(is["channel"].as_u64(), self.label(id));
            }
            let message = &is["message"];
            if channels.get(&is["channel"].as_u64()) != Some(&label) || is["name"] != "Have" {
                continue;
            }
            let start = message["start"].as_u64().unwrap();
            match message["bitfield"].as_str() {
                None => drop(told.insert(start)),
                Some(coded) => {
                    let coded = hex(coded);
                    for run in hyperfeed_bitfield::rle::decode(&coded, 1 << 20).unwrap() {
                        for bit in start + run.start..start + run.start + run.len {
                            match run.value {
                                true => told.insert(bit),
                                false => told.remove(&bit),
                            };
                        }
                    }
                }
            }
        }
        told
    }

    fn label(&self, public_id: &str) -> &'static str {
        let of =
            |key| hyperfeed_v2_crypto::public_id(&hyperfeed_types::FeedKey::new(key)).to_string();
        if of(self.keys[0]) == public_id {
            "f"
        } else {
            "g"
        }
    }
}
