//! Options of the commands that have many.

use std::time::Duration;

use serde_json::{Value, json};

/// How a feed is opened from a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedOptions {
    /// Tell upstream from the start that the feed is live.
    pub live: bool,
    /// Keep the block bytes in external storage (in memory) instead of the database.
    pub external: bool,
}

/// How connections are accepted.
#[derive(Clone, Debug)]
pub struct Listen(Replication);

/// Where and how to connect.
#[derive(Clone, Debug)]
pub struct Connect {
    port: u16,
    replication: Replication,
}

/// The options upstream's `replicate` takes.
#[derive(Clone, Debug)]
struct Replication {
    feeds: Vec<String>,
    encrypted: bool,
    extensions: Vec<String>,
    timeout: Duration,
}

impl Listen {
    /// On a free port, with these feeds joined on every connection.
    pub fn feeds<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(Replication::new(names))
    }

    /// Without the cipher, as upstream's `{encrypted: false}`.
    pub fn unencrypted(mut self) -> Self {
        self.0.encrypted = false;
        self
    }

    /// The extensions offered.
    pub fn extensions<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.0.extensions = names.into_iter().map(Into::into).collect();
        self
    }

    /// Upstream's timeout; 5 s if not set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    pub(crate) fn to_json(&self) -> Value {
        self.0.to_json()
    }
}

impl Connect {
    /// To a port of this machine, with no feed joined yet.
    pub fn to(port: u16) -> Self {
        Self {
            port,
            replication: Replication::new([""; 0]),
        }
    }

    /// Feeds joined at once.
    pub fn feeds<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.replication.feeds = names.into_iter().map(Into::into).collect();
        self
    }

    /// Without the cipher, as upstream's `{encrypted: false}`.
    pub fn unencrypted(mut self) -> Self {
        self.replication.encrypted = false;
        self
    }

    /// The extensions offered.
    pub fn extensions<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.replication.extensions = names.into_iter().map(Into::into).collect();
        self
    }

    /// Upstream's timeout; 5 s if not set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.replication.timeout = timeout;
        self
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut value = self.replication.to_json();
        value["port"] = self.port.into();
        value
    }
}

impl Replication {
    fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self {
            feeds: names.into_iter().map(Into::into).collect(),
            encrypted: true,
            extensions: Vec::new(),
            timeout: Duration::from_secs(5),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "feeds": self.feeds,
            "encrypted": self.encrypted,
            "extensions": self.extensions,
            "timeout": u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
        })
    }
}
