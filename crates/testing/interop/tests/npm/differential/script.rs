//! Random scripts, each step possible when it comes.
//!
//! A model goes along, to know what is possible and what is certain. Steps that upstream itself cannot take are left
//! out: rejoining on one connection, closing a copy of a live feed, serving from a reopened one.

use std::collections::BTreeSet;

use super::action::{Action, Certain};
use super::cast::HOSTS;
use super::dice::Dice;
use super::model::{Connection, Copy, Feed, connected, is_shared, neighbours};

/// What decides a script: a number for each of its steps. Leaving some out gives another script that can be run.
pub(crate) fn draws(seed: u64) -> Vec<u64> {
    let mut dice = Dice::new(seed);
    (0..STEPS).map(|_| dice.next()).collect()
}

/// The script that follows from the draws.
pub(crate) fn script(draws: &[u64]) -> Vec<Action> {
    let mut author = Author {
        dice: Dice::new(0),
        feeds: Vec::new(),
        connections: Vec::new(),
        script: Vec::new(),
        messages: 0,
    };
    author.create();
    for draw in draws {
        author.dice = Dice::new(*draw);
        author.step();
    }
    author.finish();
    author.script
}

struct Author {
    dice: Dice,
    feeds: Vec<Feed>,
    connections: Vec<Connection>,
    script: Vec<Action>,
    messages: u8,
}

impl Author {
    fn step(&mut self) {
        match self.dice.below(100) {
            0..6 => self.create(),
            6..26 => self.append(),
            26..32 => self.finalize(),
            32..44 => self.open(),
            44..62 => self.carry(),
            62..72 => self.connect(),
            72..75 => self.join(),
            75..77 => self.leave(),
            77..82 => self.cut(),
            82..87 => self.settle(),
            87..91 => self.get(),
            91..96 => self.reopen(),
            _ => self.look(),
        }
    }

    /// Everybody opens everything and hangs on the first host, in a star; then all is certain.
    fn finish(&mut self) {
        for connection in 0..self.connections.len() {
            self.cut_one(connection);
        }
        for feed in 0..self.feeds.len() {
            if !self.feeds[feed].named && self.feeds[feed].length > 0 {
                self.finalize_one(feed);
            }
        }
        let named: Vec<usize> = (0..self.feeds.len())
            .filter(|feed| self.feeds[*feed].named)
            .collect();
        for (feed, host) in named
            .iter()
            .flat_map(|feed| (0..HOSTS).map(move |host| (*feed, host)))
        {
            self.open_one(feed, host);
        }
        for host in 1..HOSTS {
            self.connect_two(host, 0, named.clone());
        }
        for feed in named {
            self.settle_one(feed, (0..HOSTS).collect());
        }
    }

    fn create(&mut self) {
        if self.feeds.len() >= MAX_FEEDS {
            return;
        }
        let (feed, writer) = (self.feeds.len(), self.host());
        let live = self.dice.below(3) > 0;
        let mut copies = [const { None }; HOSTS];
        copies[writer] = Some(Copy {
            held: BTreeSet::new(),
            certain: Certain::Nodes,
            fuzzy: false,
        });
        self.feeds.push(Feed {
            writer,
            live,
            length: 0,
            named: live,
            copies,
        });
        self.script.push(Action::Create {
            feed,
            host: writer,
            live,
        });
    }

    fn append(&mut self) {
        if let Some(feed) = self.any(|feed| feed.live || !feed.named) {
            self.append_to(feed);
        }
    }

    fn append_to(&mut self, feed: usize) {
        let blocks = 1 + u32::try_from(self.dice.below(9)).unwrap_or(0);
        let model = &mut self.feeds[feed];
        let end = model.length + u64::from(blocks);
        if let Some(copy) = &mut model.copies[model.writer] {
            copy.held.extend(model.length..end);
        }
        model.length = end;
        self.unsettle(feed);
        self.script.push(Action::Append { feed, blocks });
    }

    fn finalize(&mut self) {
        if let Some(feed) = self.any(|feed| !feed.named && feed.length > 0) {
            self.finalize_one(feed);
        }
    }

    fn finalize_one(&mut self, feed: usize) {
        self.feeds[feed].named = true;
        self.script.push(Action::Finalize { feed });
    }

    fn open(&mut self) {
        if let Some(feed) = self.any(|feed| feed.named) {
            let host = self.host();
            self.open_one(feed, host);
        }
    }

    fn open_one(&mut self, feed: usize, host: usize) {
        if self.feeds[feed].copies[host].is_none() {
            self.feeds[feed].copies[host] = Some(Copy {
                held: BTreeSet::new(),
                certain: Certain::Nodes,
                fuzzy: false,
            });
            self.script.push(Action::Open { feed, host });
        }
    }

    /// Only between copies that nobody else feeds at the same time.
    fn carry(&mut self) {
        let Some(feed) = self.any(|feed| feed.length > 0 && feed.named) else {
            return;
        };
        let (from, to) = (self.host(), self.host());
        if from == to
            || to == self.feeds[feed].writer
            || self.is_shared(feed, from)
            || self.is_shared(feed, to)
        {
            return;
        }
        let [Some(source), Some(_)] =
            [&self.feeds[feed].copies[from], &self.feeds[feed].copies[to]]
        else {
            return;
        };
        let held: Vec<u64> = source.held.iter().copied().collect();
        let source = source.certain;
        let Some(block) = self.dice.pick(&held) else {
            return;
        };
        let Some(copy) = &mut self.feeds[feed].copies[to] else {
            return;
        };
        // The nodes that come with the block are only as certain as those they come from.
        let certain = copy.certain.min(source);
        if certain < Certain::Nodes && copy.certain == Certain::Nodes {
            copy.certain = Certain::Blocks;
        }
        copy.held.insert(block);
        self.script.push(Action::Carry {
            feed,
            block,
            from,
            to,
            certain,
        });
    }

    fn connect(&mut self) {
        let (from, to) = (self.host(), self.host());
        let both =
            |feed: &Feed| feed.named && feed.copies[from].is_some() && feed.copies[to].is_some();
        let mut feeds: Vec<usize> = (0..self.feeds.len())
            .filter(|feed| both(&self.feeds[*feed]))
            .collect();
        if self.dice.below(2) == 0 {
            feeds.reverse();
        }
        if self.dice.below(3) == 0 {
            feeds.truncate(1);
        }
        self.connect_two(from, to, feeds);
    }

    fn connect_two(&mut self, from: usize, to: usize, feeds: Vec<usize>) {
        let there = |connection: &Connection| {
            connection.open && connection.ends.contains(&from) && connection.ends.contains(&to)
        };
        if from == to || feeds.is_empty() || self.connections.iter().any(there) {
            return;
        }
        self.connections.push(Connection {
            ends: [from, to],
            open: true,
            feeds: feeds.iter().copied().collect(),
            first: feeds[0],
            left: false,
        });
        for feed in &feeds {
            self.unsettle(*feed);
        }
        let encrypted = self.dice.below(2) == 0;
        self.script.push(Action::Connect {
            from,
            to,
            feeds,
            encrypted,
        });
    }

    fn join(&mut self) {
        let Some(connection) = self.any_connection() else {
            return;
        };
        let Connection { ends, left, .. } = self.connections[connection];
        let [from, to] = ends;
        let joined = self.connections[connection].feeds.clone();
        let both =
            |feed: &Feed| feed.named && feed.copies[from].is_some() && feed.copies[to].is_some();
        let feeds: Vec<usize> = (0..self.feeds.len())
            .filter(|feed| both(&self.feeds[*feed]) && !joined.contains(feed))
            .collect();
        if let Some(feed) = self.dice.pick(&feeds)
            && !left
        {
            self.connections[connection].feeds.insert(feed);
            self.unsettle(feed);
            self.script.push(Action::Join { connection, feed });
        }
    }

    /// Only the first feed: that the other side has opened it is known from the handshake, and upstream breaks if it
    /// hears of a feed that it has left already.
    fn leave(&mut self) {
        let Some(connection) = self.any_connection() else {
            return;
        };
        let feed = self.connections[connection].first;
        if self.connections[connection].feeds.contains(&feed) {
            self.blur(feed, self.connections[connection].ends[0]);
            self.connections[connection].feeds.remove(&feed);
            self.connections[connection].left = true;
            self.script.push(Action::Leave { connection, feed });
        }
    }

    fn cut(&mut self) {
        if let Some(connection) = self.any_connection() {
            self.cut_one(connection);
        }
    }

    fn cut_one(&mut self, connection: usize) {
        if self.connections[connection].open {
            for feed in self.connections[connection].feeds.clone() {
                self.blur(feed, self.connections[connection].ends[0]);
            }
            self.connections[connection].open = false;
            self.script.push(Action::Cut { connection });
        }
    }

    fn settle(&mut self) {
        let Some(connection) = self.any_connection() else {
            return;
        };
        let feeds: Vec<usize> = self.connections[connection].feeds.iter().copied().collect();
        let Some(feed) = self.dice.pick(&feeds) else {
            return;
        };
        let start = self.connections[connection].ends[0];
        let hosts = self.connected(feed, start);
        self.settle_one(feed, hosts);
        // All channels are open on both sides now.
        match self.dice.below(3) {
            0 => self.message(feed, start),
            1 => self.pause(feed, start),
            _ => {}
        }
    }

    fn message(&mut self, feed: usize, from: usize) {
        self.messages = self.messages.wrapping_add(1);
        let to = self.neighbours(feed, from);
        self.script.push(Action::Message {
            feed,
            from,
            to,
            body: self.messages,
        });
    }

    /// A pause in which the feed grows, if the one who pauses writes it.
    fn pause(&mut self, feed: usize, host: usize) {
        let neighbours = self.neighbours(feed, host);
        let connections: Vec<usize> = neighbours.iter().map(|(_, number)| *number).collect();
        self.script.push(Action::Pause {
            feed,
            host,
            connections: connections.clone(),
        });
        if self.feeds[feed].writer == host && self.feeds[feed].live {
            self.append_to(feed);
        }
        self.script.push(Action::Resume {
            feed,
            host,
            connections,
        });
    }

    /// Of a block that somebody in reach holds for certain.
    fn get(&mut self) {
        let Some(connection) = self.any_connection() else {
            return;
        };
        let feeds: Vec<usize> = self.connections[connection].feeds.iter().copied().collect();
        let Some(feed) = self.dice.pick(&feeds) else {
            return;
        };
        let ends = self.connections[connection].ends;
        let Some(host) = self.dice.pick(&ends) else {
            return;
        };
        let copies = self.connected(feed, host);
        let held: BTreeSet<u64> = copies
            .iter()
            .filter_map(|host| self.feeds[feed].copies[*host].as_ref())
            .flat_map(|copy| copy.held.iter().copied())
            .collect();
        let held: Vec<u64> = held.into_iter().collect();
        if let Some(block) = self.dice.pick(&held) {
            if let Some(copy) = &mut self.feeds[feed].copies[host] {
                copy.held.insert(block);
            }
            self.script.push(Action::Get { feed, host, block });
        }
    }

    fn settle_one(&mut self, feed: usize, hosts: Vec<usize>) {
        let model = &mut self.feeds[feed];
        let copies = || hosts.iter().filter_map(|host| model.copies[*host].as_ref());
        let union: BTreeSet<u64> = copies()
            .flat_map(|copy| copy.held.iter().copied())
            .collect();
        let whole = u64::try_from(union.len()) == Ok(model.length);
        let fuzzy = copies().any(|copy| copy.fuzzy);
        for host in &hosts {
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
        self.script.push(Action::Settle {
            feed,
            hosts: hosts.clone(),
        });
        for host in hosts {
            self.look_at(feed, host);
        }
    }

    fn reopen(&mut self) {
        let Some(feed) = self.any(|feed| feed.named && feed.length > 0) else {
            return;
        };
        let host = self.host();
        let model = &self.feeds[feed];
        if model.copies[host].is_some()
            && (host == model.writer || !model.live)
            && !self.is_shared(feed, host)
        {
            self.script.push(Action::Reopen { feed, host });
            self.look_at(feed, host);
        }
    }

    fn look(&mut self) {
        if let Some(feed) = self.any(|_| true) {
            let host = self.host();
            self.look_at(feed, host);
        }
    }

    fn look_at(&mut self, feed: usize, host: usize) {
        if let Some(copy) = &self.feeds[feed].copies[host] {
            let certain = copy.certain;
            self.script.push(Action::Look {
                feed,
                host,
                certain,
            });
        }
    }

    /// From now on blocks flow between all that are connected, in an order drawn by lot. The writer needs none.
    fn unsettle(&mut self, feed: usize) {
        for host in 0..HOSTS {
            if self.is_shared(feed, host)
                && host != self.feeds[feed].writer
                && let Some(copy) = &mut self.feeds[feed].copies[host]
            {
                copy.certain = Certain::Bytes;
            }
        }
    }

    /// A connection ends: what was on its way to anybody may have arrived or not.
    fn blur(&mut self, feed: usize, end: usize) {
        for host in self.connected(feed, end) {
            if let Some(copy) = &mut self.feeds[feed].copies[host] {
                copy.fuzzy |= copy.certain == Certain::Bytes;
            }
        }
    }

    fn is_shared(&self, feed: usize, host: usize) -> bool {
        is_shared(&self.connections, feed, host)
    }

    fn connected(&self, feed: usize, host: usize) -> Vec<usize> {
        connected(&self.connections, feed, host)
    }

    fn neighbours(&self, feed: usize, host: usize) -> Vec<(usize, usize)> {
        neighbours(&self.connections, feed, host)
    }

    fn any(&mut self, which: impl Fn(&Feed) -> bool) -> Option<usize> {
        let feeds: Vec<usize> = (0..self.feeds.len())
            .filter(|feed| which(&self.feeds[*feed]))
            .collect();
        self.dice.pick(&feeds)
    }

    fn any_connection(&mut self) -> Option<usize> {
        let open: Vec<usize> = (0..self.connections.len())
            .filter(|number| self.connections[*number].open)
            .collect();
        self.dice.pick(&open)
    }

    fn host(&mut self) -> usize {
        usize::try_from(self.dice.below(HOSTS as u64)).unwrap_or(0)
    }
}

const STEPS: usize = 40;
const MAX_FEEDS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_have_actions_of_every_kind() {
        let all: Vec<Action> = (0..50).flat_map(|seed| script(&draws(seed))).collect();
        let kinds: BTreeSet<String> = all
            .iter()
            .filter_map(|action| format!("{action:?}").split(' ').next().map(str::to_owned))
            .collect();
        assert_eq!(kinds.len(), 15, "{kinds:?}");
    }
}
