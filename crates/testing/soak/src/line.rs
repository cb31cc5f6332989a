use std::io::Write;

/// What children tell, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A writer listens at a port.
    Listening { port: u16 },
    /// A writer has opened a feed: its key and length.
    Feed {
        feed: usize,
        key: String,
        length: u64,
    },
    /// All is open and the work begins.
    Ready,
    /// A writer's feed is acknowledged up to a length.
    Acknowledged { feed: usize, length: u64 },
    /// A peer has a feed from the front up to a length; when it was just opened, that is what the files held.
    Held {
        peer: usize,
        feed: usize,
        length: u64,
        opened: bool,
    },
    /// Connections that are open, and bytes of blocks sent and received since the start.
    State {
        connections: usize,
        sent: u64,
        received: u64,
    },
    /// A writer appends no more.
    Resting,
    /// Every peer of the process has every block; so many were read and compared.
    Settled { blocks: u64 },
    /// Something is not as it must be.
    Wrong(String),
}

impl Line {
    /// Reads a whole line; `None` if it is none of the children's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        if verb == "wrong" {
            return Some(Self::Wrong(rest.to_owned()));
        }
        let words: Vec<&str> = rest.split(' ').collect();
        Some(match (verb, words.as_slice()) {
            ("listening", [port]) => Self::Listening {
                port: port.parse().ok()?,
            },
            ("feed", [feed, key, length]) => Self::Feed {
                feed: feed.parse().ok()?,
                key: (*key).to_owned(),
                length: length.parse().ok()?,
            },
            ("ready", _) => Self::Ready,
            ("acknowledged", [feed, length]) => Self::Acknowledged {
                feed: feed.parse().ok()?,
                length: length.parse().ok()?,
            },
            ("opened" | "held", [peer, feed, length]) => Self::Held {
                peer: peer.parse().ok()?,
                feed: feed.parse().ok()?,
                length: length.parse().ok()?,
                opened: verb == "opened",
            },
            ("state", [connections, sent, received]) => Self::State {
                connections: connections.parse().ok()?,
                sent: sent.parse().ok()?,
                received: received.parse().ok()?,
            },
            ("resting", _) => Self::Resting,
            ("settled", [blocks]) => Self::Settled {
                blocks: blocks.parse().ok()?,
            },
            _ => return None,
        })
    }
}

/// Tells the parent. A line is one write, so that a kill cuts the last one at most.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let told = out
        .write_all(format!("{line}\n").as_bytes())
        .and_then(|()| out.flush());
    if told.is_err() {
        // The parent is gone.
        std::process::exit(1);
    }
}
