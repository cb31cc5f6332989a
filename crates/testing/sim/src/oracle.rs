//! What must be true at all times.

use crate::host::{Feed, Host, HostId, NamedFeed};
use crate::link::{Link, Who};
use hyperfeed_bitfield::{Bitfield, rle};
use hyperfeed_flat_tree::{BlockIndex, NodeIndex};
use hyperfeed_merkle::{Appender, Node, TreeHash};
use hyperfeed_types::{Hash, Instant};
use hyperfeed_v2_crypto::Sha256Tree;
use hyperfeed_v2_replicate::EdgeLimits;
use hyperfeed_v2_wire::limits::MAX_FRAME;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

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
    /// Something panicked; what it said is on stderr.
    Panicked,
    /// A request is still out though its time is over.
    Overdue {
        /// Who asked.
        host: HostId,
        /// The feed.
        feed: NamedFeed,
        /// For how long nothing came, in milliseconds.
        waiting_ms: u64,
    },
    /// A peer costs more than the limits say.
    OverLimit {
        /// Whom it costs that.
        host: HostId,
        /// What was measured.
        what: &'static str,
        /// The measure.
        found: usize,
        /// The limit, with what one message may add.
        limit: usize,
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
    /// A block that a peer was told of did not survive a crash.
    Untrue {
        /// Who told.
        host: HostId,
        /// The feed.
        feed: NamedFeed,
        /// The index.
        block: u64,
    },
    /// A stored node is none of the writer's tree.
    Unproven {
        /// Who stores it.
        host: HostId,
        /// The feed.
        feed: NamedFeed,
        /// The node.
        node: u64,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Remembers every block that was ever held anywhere, and what was said of it.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    seen: BTreeMap<(NamedFeed, u64), Vec<u8>>,
    /// How far each host's copy has been looked at, to look at new blocks only.
    checked: BTreeMap<(HostId, NamedFeed), u64>,
    /// What each host has told anybody that it holds.
    told: BTreeMap<(HostId, NamedFeed), Bitfield>,
    broken: Option<Violation>,
}

impl Oracle {
    /// Looks at a host after a step.
    pub(crate) fn look(
        &mut self,
        id: HostId,
        host: &mut Host,
        feeds: &[Feed],
    ) -> Result<(), Violation> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        for name in host.feeds.keys().copied().collect::<Vec<_>>() {
            let Some(feed) = host.feed(name) else {
                continue;
            };
            let held = feed.held_blocks();
            let is_writer = feeds[name.0].writer == id;
            if is_writer && feed.contiguous() < feeds[name.0].acknowledged {
                return Err(Violation::Lost {
                    feed: name,
                    block: feed.contiguous(),
                });
            }
            if self.checked.get(&(id, name)) == Some(&held) {
                continue;
            }
            let blocks: Vec<u64> = feed.held().runs(0..u64::MAX).flatten().collect();
            let mut whole = true;
            for index in blocks {
                whole &= self.compare(id, host, name, index)?;
            }
            if whole {
                self.checked.insert((id, name), held);
            }
        }
        Ok(())
    }

    /// A host tells somebody that it holds these blocks.
    pub(crate) fn told(&mut self, id: HostId, name: NamedFeed, blocks: Range<u64>) {
        self.told
            .entry((id, name))
            .or_default()
            .insert_range(blocks);
    }

    /// Whether a host has told of all these blocks.
    pub(crate) fn has_told(&self, id: HostId, name: NamedFeed, blocks: Range<u64>) -> bool {
        let told = self.told.get(&(id, name));
        told.is_some_and(|told| told.contains_range(blocks))
    }

    pub(crate) fn told_bits(&mut self, id: HostId, name: NamedFeed, start: u64, coded: &[u8]) {
        for run in rle::decode(coded, u64::MAX >> 1).into_iter().flatten() {
            if run.value {
                let from = start + run.start;
                self.told(id, name, from..from + run.len);
            }
        }
    }

    /// A restarted host is looked at anew: it must hold all that it has told of.
    pub(crate) fn restarted(&mut self, id: HostId, host: &Host, feeds: &[Feed]) {
        self.checked.retain(|(other, _), _| *other != id);
        for name in host.feeds.keys() {
            let Some(feed) = host.feed(*name) else {
                continue;
            };
            let nothing = Bitfield::new();
            let told = self.told.get(&(id, *name)).unwrap_or(&nothing);
            let missing = told.runs(0..u64::MAX).find_map(|run| {
                let mut gaps = feed.held().gaps(run);
                gaps.next().map(|gap| gap.start)
            });
            if let Some(block) = missing {
                self.broken = Some(Violation::Untrue {
                    host: id,
                    feed: *name,
                    block,
                });
            }
            if feeds[name.0].writer == id {
                // What nobody was told of, and was not to survive, may be written differently.
                let told = told.clone();
                let length = feed.contiguous();
                self.seen
                    .retain(|(of, index), _| of != name || *index < length || told.get(*index));
            }
        }
    }

    /// No request outlives its deadline, no peer costs more than the limits say.
    pub(crate) fn measure(
        &self,
        now: Instant,
        id: HostId,
        host: &Host,
        links: &[Link],
    ) -> Result<(), Violation> {
        let Some(node) = &host.node else {
            return Ok(());
        };
        let config = host.config();
        for (name, slot) in &host.feeds {
            let Some(state) = node.sync_state(now, *slot) else {
                continue;
            };
            let waits = state.peers.iter().filter_map(|peer| peer.waiting);
            if let Some(longest) = waits.max()
                && longest > config.request_timeout + GRACE
            {
                return Err(Violation::Overdue {
                    host: id,
                    feed: *name,
                    waiting_ms: u64::try_from(longest.as_millis()).unwrap_or(u64::MAX),
                });
            }
        }
        let within = |what, found: usize, limit: usize| match found > limit {
            true => Err(Violation::OverLimit {
                host: id,
                what,
                found,
                limit,
            }),
            false => Ok(()),
        };
        let peers = node.peers();
        for info in &peers {
            let least = (config.min_window as usize + 16) * info.feeds.len();
            within("unwritten", info.unwritten, config.max_unwritten + MESSAGE)?;
            within("requests", info.queued_requests, config.max_queued_requests)?;
            within("in flight", info.in_flight, config.max_in_flight + least)?;
            within(
                "claims",
                info.remote_memory,
                config.max_remote_memory + (64 << 10),
            )?;
        }
        let limits = EdgeLimits::default();
        for end in links
            .iter()
            .flat_map(|link| &link.ends)
            .filter(|end| end.open)
        {
            if let Who::Node { host, edge, peer } = &end.who
                && *host == id
            {
                within(
                    "answers to fewer requests",
                    usize::try_from(end.answers).unwrap_or(usize::MAX),
                    usize::try_from(end.asked).unwrap_or(usize::MAX),
                )?;
                // By the clock of the link, not by what the node remembers.
                let latest = end.last_request.max(end.last_response);
                let patience = config.request_timeout + GRACE;
                if now.saturating_since(latest) > patience
                    && let Some(info) = peers.iter().find(|info| info.peer == *peer)
                {
                    within("requests past their time", info.in_flight, 0)?;
                }
                let stats = edge.stats();
                within("held bytes", stats.held_bytes, limits.max_held_bytes)?;
                within("held frames", stats.held_frames, limits.max_held_frames)?;
                within("buffered", stats.buffered_bytes, 2 * MAX_FRAME)?;
                within("channels", stats.remote_channels, 2 * limits.max_channels)?;
            }
        }
        Ok(())
    }

    /// Every stored node is the writer's, as far as the writer can be read now.
    pub(crate) fn prove(&self, hosts: &mut [Host], feeds: &[Feed]) -> Result<(), Violation> {
        for (at, feed) in feeds.iter().enumerate() {
            let name = NamedFeed(at);
            let writer = &mut hosts[feed.writer.0];
            let length = writer.feed(name).map_or(0, |feed| feed.contiguous());
            let Some(tree) = tree(writer, name) else {
                continue;
            };
            for (at, host) in hosts.iter_mut().enumerate() {
                let nodes = stored(host, name, tree.len() as u64 * 2 + 2);
                // After a commit that failed, a writer may have stored more than it knows of.
                let own = at == feed.writer.0;
                let known = |node: &Node| !own || node.index.blocks().end <= length;
                for node in nodes.into_iter().filter(known) {
                    if tree.get(&node.index) != Some(&node.hash) {
                        return Err(Violation::Unproven {
                            host: HostId(at),
                            feed: name,
                            node: node.index.get(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether the block could be read; a disk that fails is no violation.
    fn compare(
        &mut self,
        id: HostId,
        host: &mut Host,
        name: NamedFeed,
        index: u64,
    ) -> Result<bool, Violation> {
        let Ok(found) = host.block(name, index) else {
            return Ok(false);
        };
        let data = found.ok_or(Violation::Lost {
            feed: name,
            block: index,
        })?;
        let first = self
            .seen
            .entry((name, index))
            .or_insert_with(|| data.clone());
        if *first == data {
            Ok(true)
        } else {
            Err(Violation::Differs {
                feed: name,
                host: id,
                block: index,
            })
        }
    }
}

/// The tree over all blocks of the writer; none while it is down or cannot be read.
fn tree(writer: &mut Host, name: NamedFeed) -> Option<BTreeMap<NodeIndex, Hash>> {
    let length = writer.feed(name)?.contiguous();
    let mut appender = Appender::<Sha256Tree>::new();
    let mut nodes: Vec<Node> = Vec::new();
    for index in 0..length {
        let data = writer.block(name, index).ok().flatten()?;
        let (leaf, size) = (Sha256Tree::leaf(&data), data.len() as u64);
        appender
            .push(leaf, size, &mut nodes)
            .expect("the feed was written");
    }
    let nodes = nodes.into_iter().map(|node| (node.index, node.hash));
    Some(nodes.collect())
}

/// The nodes below an index that a host stores.
fn stored(host: &mut Host, name: NamedFeed, end: u64) -> Vec<Node> {
    let (Some(slot), Some(node)) = (host.feeds.get(&name), &mut host.node) else {
        return Vec::new();
    };
    let Some((feed, store)) = node.feed_and_store(*slot) else {
        return Vec::new();
    };
    let index = |at: u64| NodeIndex::new(at);
    (0..end)
        .filter_map(index)
        .filter_map(|at| feed.node(store, at).ok().flatten())
        .filter(|node| {
            node.index
                .block()
                .is_none_or(|block| block <= BlockIndex::MAX)
        })
        .collect()
}

/// The largest message here, where blocks have some hundreds of bytes.
const MESSAGE: usize = 16 << 10;
/// Time between the end of a request's time and the tick that notices.
const GRACE: core::time::Duration = core::time::Duration::from_millis(250);
