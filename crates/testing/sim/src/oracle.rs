//! What must be true at all times.

use crate::host::{Feed, Host, HostId, NamedFeed};
use std::collections::BTreeMap;
use std::fmt;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// Two different blocks were seen for one index: a fork, or damage.
    Differs {
        /// The feed.
        feed: NamedFeed,
        /// Where the second one was seen.
        host: HostId,
        /// The index.
        block: u64,
    },
    /// A block that was acknowledged is not there any more.
    Lost {
        /// The feed.
        feed: NamedFeed,
        /// The index.
        block: u64,
    },
    /// A host that could reach everything is not complete, or a wait was never answered.
    Stuck {
        /// The host.
        host: HostId,
        /// The feed.
        feed: NamedFeed,
        /// Blocks it holds.
        held: u64,
        /// Blocks it should hold.
        length: u64,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Remembers every block that was ever held anywhere.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    seen: BTreeMap<(NamedFeed, u64), Vec<u8>>,
    /// How far each host's copy has been looked at, to look at new blocks only.
    checked: BTreeMap<(HostId, NamedFeed), u64>,
}

impl Oracle {
    /// Looks at a host after a step.
    pub(crate) fn look(
        &mut self,
        id: HostId,
        host: &mut Host,
        feeds: &[Feed],
    ) -> Result<(), Violation> {
        let names: Vec<NamedFeed> = host.feeds.keys().copied().collect();
        for name in names {
            let Some(slot) = host.feeds.get(&name).copied() else {
                continue;
            };
            let Some(feed) = host.node.as_ref().and_then(|node| node.feed(slot)) else {
                continue;
            };
            let held = feed.held_blocks();
            let is_writer = feeds[name.0].writer == id;
            let acknowledged = feeds[name.0].acknowledged;
            if is_writer && feed.contiguous() < acknowledged {
                return Err(Violation::Lost {
                    feed: name,
                    block: feed.contiguous(),
                });
            }
            if self.checked.get(&(id, name)) == Some(&held) {
                continue;
            }
            let blocks: Vec<u64> = feed.held().runs(0..u64::MAX).flatten().collect();
            for index in blocks {
                self.compare(id, host, name, index)?;
            }
            self.checked.insert((id, name), held);
        }
        Ok(())
    }

    /// A restarted host is looked at anew.
    pub(crate) fn forget(&mut self, id: HostId) {
        self.checked.retain(|(host, _), _| *host != id);
    }

    fn compare(
        &mut self,
        id: HostId,
        host: &mut Host,
        name: NamedFeed,
        index: u64,
    ) -> Result<(), Violation> {
        let data = host.block(name, index).ok_or(Violation::Lost {
            feed: name,
            block: index,
        })?;
        let first = self
            .seen
            .entry((name, index))
            .or_insert_with(|| data.clone());
        if *first == data {
            Ok(())
        } else {
            Err(Violation::Differs {
                feed: name,
                host: id,
                block: index,
            })
        }
    }
}
