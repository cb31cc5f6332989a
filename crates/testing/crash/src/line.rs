use std::hash::{DefaultHasher, Hasher};

/// What the child tells, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A feed was opened: its key and length.
    Opened {
        feed: usize,
        key: String,
        length: u64,
    },
    /// Both stores are open and work begins.
    Ready,
    /// A block was acknowledged.
    Acknowledged {
        feed: usize,
        index: u64,
        hash: u64,
        relaxed: bool,
    },
    /// The clone of feed 0 has a block.
    Cloned { index: u64, hash: u64 },
    /// Something failed that must not.
    Failed(String),
}

impl Line {
    /// Reads a whole line; `None` if it is none of the child's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        if verb == "failed" {
            return Some(Self::Failed(rest.to_owned()));
        }
        let words: Vec<&str> = rest.split(' ').collect();
        let hash = |text: &str| u64::from_str_radix(text, 16).ok();
        match (verb, words.as_slice()) {
            ("ready", _) => Some(Self::Ready),
            ("opened", [feed, key, length]) => Some(Self::Opened {
                feed: feed.parse().ok()?,
                key: (*key).to_owned(),
                length: length.parse().ok()?,
            }),
            ("process" | "relaxed", [feed, index, text]) => Some(Self::Acknowledged {
                feed: feed.parse().ok()?,
                index: index.parse().ok()?,
                hash: hash(text)?,
                relaxed: verb == "relaxed",
            }),
            ("cloned", [index, text]) => Some(Self::Cloned {
                index: index.parse().ok()?,
                hash: hash(text)?,
            }),
            _ => None,
        }
    }
}

/// A number for the bytes of a block.
pub(crate) fn hash(block: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(block);
    hasher.finish()
}
