//! The recorded sessions of npm 2.3.0, typed.

use std::sync::LazyLock;

use hyperfeed_testing_vectors::json;
use hyperfeed_types::{FeedKey, PeerId, PublicId, hex};
use hyperfeed_v2_crypto::Nonce;
use hyperfeed_v2_protocol::Config;
use serde_json::Value;

/// One recorded session.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) name: String,
    pub(crate) encrypted: bool,
    pub(crate) feeds: Vec<(PublicId, FeedKey)>,
    pub(crate) frames: Vec<Frame>,
}

/// One frame of it.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) from: Side,
    pub(crate) bytes: Vec<u8>,
    /// The form upstream decodes it to.
    pub(crate) is: Value,
}

/// The two peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];

    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    pub(crate) fn peer_id(self) -> PeerId {
        PeerId::new(match self {
            Self::A => [0xaa; 32],
            Self::B => [0xbb; 32],
        })
    }
}

impl Session {
    pub(crate) fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Session>> = LazyLock::new(|| {
            let transcripts = json("transcripts");
            let sessions = transcripts["sessions"].as_array().unwrap();
            sessions.iter().map(Session::from_json).collect()
        });
        &ALL
    }

    pub(crate) fn named(name: &str) -> &'static Self {
        let mut all = Self::all().iter();
        all.find(|session| session.name == name).unwrap()
    }

    fn from_json(value: &Value) -> Self {
        let feeds = value["feeds"].as_array().unwrap().iter();
        let log = value["log"].as_array().unwrap().iter();
        Self {
            name: value["name"].as_str().unwrap().to_owned(),
            encrypted: value["encrypted"].as_bool().unwrap(),
            feeds: feeds
                .map(|feed| {
                    let id = hex::decode_array(feed["publicId"].as_str().unwrap()).unwrap();
                    let key = hex::decode_array(feed["key"].as_str().unwrap()).unwrap();
                    (PublicId::new(id), FeedKey::new(key))
                })
                .collect(),
            frames: log
                .filter(|entry| entry["frame"].is_string())
                .map(|entry| Frame {
                    from: if entry["from"] == "a" {
                        Side::A
                    } else {
                        Side::B
                    },
                    bytes: hex::decode(entry["frame"].as_str().unwrap()).unwrap(),
                    is: entry["is"].clone(),
                })
                .collect(),
        }
    }

    pub(crate) fn from(&self, side: Side) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(move |frame| frame.from == side)
    }

    /// All bytes one side sends.
    pub(crate) fn bytes_from(&self, side: Side) -> Vec<u8> {
        self.from(side)
            .flat_map(|frame| frame.bytes.clone())
            .collect()
    }

    /// The nonces one side opens its channels with.
    pub(crate) fn nonces_from(&self, side: Side) -> Vec<Nonce> {
        self.from(side)
            .filter_map(|frame| frame.is["open"]["nonce"].as_str())
            .map(|nonce| Nonce::new(hex::decode_array(nonce).unwrap()))
            .collect()
    }

    pub(crate) fn key(&self, public_id: &PublicId) -> FeedKey {
        let mut feeds = self.feeds.iter();
        feeds.find(|(id, _)| id == public_id).unwrap().1
    }

    /// How one side is set up.
    pub(crate) fn config(&self, side: Side) -> Config {
        let mut config = Config::new(side.peer_id());
        config.encrypted = self.encrypted;
        if self.name.starts_with("extension negotiation") {
            config.extensions = extensions(side).iter().map(|&name| name.into()).collect();
        }
        config
    }
}

/// The names in the sessions about extensions.
pub(crate) fn extensions(side: Side) -> &'static [&'static str] {
    match side {
        Side::A => &["ant", "cat", "dog", "fox"],
        Side::B => &["bee", "cat", "fox"],
    }
}
