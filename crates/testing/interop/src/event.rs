//! What a live peer tells unasked.

use serde_json::Value;

/// Something that happened in the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A connection is gone, by either side.
    Closed {
        /// Its number.
        connection: u64,
    },
    /// A connection was made or accepted.
    Connected {
        /// Its number, from 1 in each process.
        connection: u64,
    },
    /// Upstream threw an exception it does not catch: an ordinary program would have died here.
    Crash {
        /// The exception's message.
        message: String,
    },
    /// A block arrived in a response and was stored (again).
    Download {
        /// The feed's name.
        name: String,
        /// The block.
        block: u64,
        /// Its bytes.
        bytes: u64,
    },
    /// The replication stream was destroyed for a reason.
    Failed {
        /// The connection's number.
        connection: u64,
        /// Upstream's words.
        message: String,
    },
    /// The other side opened a feed that is not joined here.
    Feed {
        /// The connection's number.
        connection: u64,
        /// Its public id in hex.
        public_id: String,
    },
    /// An extension message came.
    Extension {
        /// The feed's name.
        name: String,
        /// Index in this peer's own list of extensions.
        extension: u64,
        /// The body in hex.
        data: String,
    },
    /// The other side's first channel was understood.
    Handshake {
        /// The connection's number.
        connection: u64,
        /// The other side's peer id in hex.
        peer_id: String,
        /// For each of this peer's extensions whether the other side has it.
        supports: Vec<bool>,
    },
    /// A new block was stored.
    Have {
        /// The feed's name.
        name: String,
        /// The block.
        block: u64,
    },
    /// Anything else, as it came.
    Other(Value),
    /// The other side paused a feed.
    Paused {
        /// The feed's name.
        name: String,
    },
    /// A feed got a peer.
    PeerAdded {
        /// The feed's name.
        name: String,
    },
    /// A feed lost a peer.
    PeerRemoved {
        /// The feed's name.
        name: String,
    },
    /// The other side resumed a feed.
    Resumed {
        /// The feed's name.
        name: String,
    },
    /// Nothing was heard for too long.
    TimedOut {
        /// The connection's number.
        connection: u64,
    },
    /// A block is about to be sent.
    Upload {
        /// The feed's name.
        name: String,
        /// The block.
        block: u64,
        /// Its bytes.
        bytes: u64,
    },
}

impl Event {
    pub(crate) fn from_json(value: Value) -> Self {
        Self::known(&value).unwrap_or(Self::Other(value))
    }

    fn known(value: &Value) -> Option<Self> {
        let number = |field: &str| value[field].as_u64();
        let text = |field: &str| value[field].as_str().map(str::to_owned);
        let connection = number("connection");
        let name = text("name");
        Some(match value["event"].as_str()? {
            "close" => Self::Closed {
                connection: connection?,
            },
            "connection" => Self::Connected {
                connection: connection?,
            },
            "crash" => Self::Crash {
                message: text("message")?,
            },
            "download" => Self::Download {
                name: name?,
                block: number("block")?,
                bytes: number("bytes")?,
            },
            "error" => Self::Failed {
                connection: connection?,
                message: text("message")?,
            },
            "extension" => Self::Extension {
                name: name?,
                extension: number("extension")?,
                data: text("data")?,
            },
            "feed" => Self::Feed {
                connection: connection?,
                public_id: text("publicId")?,
            },
            "handshake" => Self::Handshake {
                connection: connection?,
                peer_id: text("peerId")?,
                supports: value["supports"]
                    .as_array()?
                    .iter()
                    .filter_map(Value::as_bool)
                    .collect(),
            },
            "have" => Self::Have {
                name: name?,
                block: number("block")?,
            },
            "pause" => Self::Paused { name: name? },
            "peer" => Self::PeerAdded { name: name? },
            "peer-closed" => Self::PeerRemoved { name: name? },
            "resume" => Self::Resumed { name: name? },
            "timeout" => Self::TimedOut {
                connection: connection?,
            },
            "upload" => Self::Upload {
                name: name?,
                block: number("block")?,
                bytes: number("bytes")?,
            },
            _ => return None,
        })
    }
}
