//! What a script has done so far: what is possible next, and what will be certain of it.
//!
//! Steps that upstream itself cannot take are impossible: rejoining on one connection, closing a copy of a live feed,
//! serving from a reopened one.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::cast::HOSTS;
use super::certain::Certain;

/// An action with what follows from those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) action: Action,
    pub(crate) certain: Certain,
    /// The number of the connection it is about.
    pub(crate) connection: usize,
    /// The other hosts it concerns, each with the number of the connection to it.
    pub(crate) hosts: Vec<(usize, usize)>,
}

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) feeds: BTreeMap<usize, Feed>,
    pub(crate) connections: Vec<Connection>,
}

pub(crate) struct Feed {
    pub(crate) writer: usize,
    pub(crate) live: bool,
    pub(crate) length: usize,
    /// It has a key.
    pub(crate) named: bool,
    /// Who told the others to wait.
    pub(crate) paused: Option<usize>,
    pub(crate) copies: [Option<Copy>; HOSTS],
}

#[derive(Clone)]
pub(crate) struct Copy {
    /// Held for certain.
    pub(crate) held: BTreeSet<usize>,
    pub(crate) certain: Certain,
    /// A connection was cut while blocks were on their way: others may have come than `held`.
    fuzzy: bool,
}

pub(crate) struct Connection {
    pub(crate) ends: [usize; 2],
    pub(crate) open: bool,
    /// Joined on both sides.
    pub(crate) feeds: BTreeSet<usize>,
    /// The feed joined first, whose channel brings the handshake.
    pub(crate) first: usize,
    /// Upstream uses the number of a feed it left for the next one, and breaks.
    pub(crate) left: bool,
}

impl Model {
    /// The steps of a script; what is impossible is left out.
    pub(crate) fn plan(actions: &[Action]) -> Vec<Step> {
        let mut model = Self::default();
        actions
            .iter()
            .filter_map(|action| model.take(action))
            .collect()
    }

    /// Takes a step, if it is possible.
    pub(crate) fn take(&mut self, action: &Action) -> Option<Step> {
        if !self.allows(action) {
            return None;
        }
        let mut step = Step {
            action: action.clone(),
            certain: Certain::Bytes,
            connection: 0,
            hosts: Vec::new(),
        };
        match action {
            Action::Append { feed, blocks } => self.append(*feed, *blocks),
            Action::Carry {
                feed,
                block,
                from,
                to,
            } => step.certain = self.carry(*feed, *block, *from, *to)?,
            Action::Connect { ends, feeds, .. } => {
                step.connection = self.connections.len();
                self.connect(*ends, feeds);
            }
            Action::Create { feed, host, live } => self.create(*feed, *host, *live),
            Action::Cut { ends } => {
                step.connection = self.open_between(*ends)?;
                self.cut(step.connection);
            }
            Action::Finalize { feed } => self.feeds.get_mut(feed)?.named = true,
            Action::Get { feed, host, block } => {
                self.copy_mut(*feed, *host)?.held.insert(*block);
            }
            Action::Join { ends, feed } => {
                step.connection = self.open_between(*ends)?;
                self.connections[step.connection].feeds.insert(*feed);
                self.unsettle(*feed);
            }
            Action::Leave { ends, feed } => {
                step.connection = self.open_between(*ends)?;
                self.blur(*feed, ends[0]);
                let connection = &mut self.connections[step.connection];
                connection.feeds.remove(feed);
                connection.left = true;
            }
            Action::Look { feed, host } => step.certain = self.copy(*feed, *host)?.certain,
            Action::Open { feed, host, .. } => {
                self.feeds.get_mut(feed)?.copies[*host] = Some(Copy::new());
            }
            Action::Pause { feed, host } => {
                step.hosts = self.neighbours(*feed, *host);
                self.feeds.get_mut(feed)?.paused = Some(*host);
            }
            Action::Resume { feed, host } => {
                step.hosts = self.neighbours(*feed, *host);
                self.feeds.get_mut(feed)?.paused = None;
            }
            Action::Say { feed, host } => step.hosts = self.neighbours(*feed, *host),
            Action::Settle { feed, host } => {
                let hosts = self.connected(*feed, *host);
                self.settle(*feed, &hosts);
                step.hosts = hosts.into_iter().map(|host| (host, 0)).collect();
            }
            Action::Reopen { .. } | Action::Restart { .. } => {}
        }
        Some(step)
    }

    fn create(&mut self, feed: usize, host: usize, live: bool) {
        let mut copies = [const { None }; HOSTS];
        copies[host] = Some(Copy::new());
        let made = Feed {
            writer: host,
            live,
            length: 0,
            named: live,
            paused: None,
            copies,
        };
        self.feeds.insert(feed, made);
    }

    fn append(&mut self, feed: usize, blocks: usize) {
        if let Some(model) = self.feeds.get_mut(&feed) {
            let end = model.length + blocks;
            if let Some(copy) = &mut model.copies[model.writer] {
                copy.held.extend(model.length..end);
            }
            model.length = end;
        }
        self.unsettle(feed);
    }

    /// The nodes that come with the block are only as certain as those they come from.
    fn carry(&mut self, feed: usize, block: usize, from: usize, to: usize) -> Option<Certain> {
        let source = self.copy(feed, from)?.certain;
        let copy = self.copy_mut(feed, to)?;
        let certain = copy.certain.min(source);
        if certain < Certain::Nodes && copy.certain == Certain::Nodes {
            copy.certain = Certain::Blocks;
        }
        copy.held.insert(block);
        Some(certain)
    }

    fn connect(&mut self, ends: [usize; 2], feeds: &[usize]) {
        self.connections.push(Connection {
            ends,
            open: true,
            feeds: feeds.iter().copied().collect(),
            first: feeds[0],
            left: false,
        });
        for feed in feeds {
            self.unsettle(*feed);
        }
    }

    fn cut(&mut self, connection: usize) {
        let ends = self.connections[connection].ends;
        for feed in self.connections[connection].feeds.clone() {
            self.blur(feed, ends[0]);
        }
        self.connections[connection].open = false;
        for feed in self.connections[connection].feeds.clone() {
            let paused = self.feeds.get(&feed).and_then(|feed| feed.paused);
            if paused.is_some_and(|host| !self.is_shared(feed, host))
                && let Some(model) = self.feeds.get_mut(&feed)
            {
                model.paused = None;
            }
        }
    }

    fn settle(&mut self, feed: usize, hosts: &[usize]) {
        let Some(model) = self.feeds.get_mut(&feed) else {
            return;
        };
        let copies = || hosts.iter().filter_map(|host| model.copies[*host].as_ref());
        let union: BTreeSet<usize> = copies()
            .flat_map(|copy| copy.held.iter().copied())
            .collect();
        let whole = union.len() == model.length;
        let fuzzy = copies().any(|copy| copy.fuzzy);
        for host in hosts {
            if let Some(copy) = &mut model.copies[*host] {
                copy.held.clone_from(&union);
                copy.fuzzy = fuzzy && !whole;
                copy.certain = match (whole, fuzzy) {
                    (true, _) => Certain::Nodes,
                    (false, true) => Certain::Bytes,
                    (false, false) => Certain::Blocks,
                };
            }
        }
    }

    /// From now on blocks flow between all that are connected, in an order drawn by lot. The writer needs none.
    fn unsettle(&mut self, feed: usize) {
        for host in 0..HOSTS {
            if self.is_shared(feed, host)
                && let Some(model) = self.feeds.get_mut(&feed)
                && host != model.writer
                && let Some(copy) = &mut model.copies[host]
            {
                copy.certain = Certain::Bytes;
            }
        }
    }

    /// A connection ends: what was on its way to anybody may have arrived or not.
    fn blur(&mut self, feed: usize, end: usize) {
        for host in self.connected(feed, end) {
            if let Some(copy) = self.copy_mut(feed, host) {
                copy.fuzzy |= copy.certain == Certain::Bytes;
            }
        }
    }

    pub(crate) fn copy(&self, feed: usize, host: usize) -> Option<&Copy> {
        self.feeds.get(&feed)?.copies.get(host)?.as_ref()
    }

    fn copy_mut(&mut self, feed: usize, host: usize) -> Option<&mut Copy> {
        self.feeds.get_mut(&feed)?.copies.get_mut(host)?.as_mut()
    }
}

impl Copy {
    const fn new() -> Self {
        Self {
            held: BTreeSet::new(),
            certain: Certain::Nodes,
            fuzzy: false,
        }
    }
}
