//! What is possible at a point of a script.

use std::collections::BTreeSet;

use super::action::Action;
use super::cast::HOSTS;
use super::model::{Connection, Feed, Model};

/// Feeds of a script.
pub(crate) const MAX_FEEDS: usize = 3;

impl Model {
    pub(crate) fn allows(&self, action: &Action) -> bool {
        let feed = |number: &usize| self.feeds.get(number);
        let is_open = |number, host| self.copy(number, host).is_some();
        match action {
            Action::Append {
                feed: number,
                blocks,
            } => *blocks > 0 && feed(number).is_some_and(|feed| feed.live || !feed.named),
            Action::Carry {
                feed: number,
                block,
                from,
                to,
            } => {
                // Only between copies that nobody else feeds at the same time.
                let held = self.copy(*number, *from).map(|copy| &copy.held);
                from != to
                    && held.is_some_and(|held| held.contains(block))
                    && feed(number).is_some_and(|feed| feed.named && feed.writer != *to)
                    && is_open(*number, *to)
                    && ![from, to]
                        .iter()
                        .any(|host| self.is_shared(*number, **host))
            }
            Action::Connect { ends, feeds, .. } => {
                ends[0] != ends[1]
                    && !feeds.is_empty()
                    && self.open_between(*ends).is_none()
                    && feeds.iter().all(|feed| self.can_be_shared(*feed, *ends))
            }
            Action::Create {
                feed: number, host, ..
            } => *number < MAX_FEEDS && *host < HOSTS && feed(number).is_none(),
            Action::Cut { ends } => self.open_between(*ends).is_some(),
            Action::Finalize { feed: number } => {
                feed(number).is_some_and(|feed| !feed.named && feed.length > 0)
            }
            Action::Get {
                feed: number,
                host,
                block,
            } => {
                let holds = |host: usize| {
                    self.copy(*number, host)
                        .is_some_and(|copy| copy.held.contains(block))
                };
                let mut near = self.neighbours(*number, *host).into_iter();
                // A copy of npm that waits for a block while it passes others on can leave those behind it without some.
                let waits_alone = near.len() == 1 && near.any(|(host, _)| holds(host));
                is_open(*number, *host) && !self.is_paused(*number) && (holds(*host) || waits_alone)
            }
            Action::Join { ends, feed } => {
                let between = self.between(*ends);
                between.is_some_and(|line| !line.left && !line.feeds.contains(feed))
                    && self.can_be_shared(*feed, *ends)
            }
            // That the other side has opened it is known from the handshake, which the first feed brings; upstream
            // breaks if it hears of a feed that it has left already.
            Action::Leave { ends, feed } => {
                let between = self.between(*ends);
                between.is_some_and(|line| line.first == *feed && line.feeds.contains(feed))
                    && !self.is_paused(*feed)
            }
            Action::Look { feed, host } => is_open(*feed, *host),
            Action::Open {
                feed: number, host, ..
            } => {
                *host < HOSTS
                    && feed(number).is_some_and(|feed| feed.named)
                    && !is_open(*number, *host)
            }
            Action::Pause { feed, host } | Action::Say { feed, host } => {
                self.is_shared(*feed, *host) && !self.is_paused(*feed) && !self.was_left(*feed)
            }
            Action::Reopen { feed, host } => self.can_reopen(*feed, *host),
            Action::Restart { host } => {
                let mut feeds = (0..MAX_FEEDS)
                    .filter(|feed| is_open(*feed, *host))
                    .peekable();
                let connected = |line: &Connection| line.open && line.ends.contains(host);
                feeds.peek().is_some()
                    && feeds.all(|feed| self.can_reopen(feed, *host))
                    && !self.connections.iter().any(connected)
            }
            Action::Resume { feed: number, host } => {
                feed(number).is_some_and(|feed| feed.paused == Some(*host))
            }
            Action::Settle { feed, host } => self.is_shared(*feed, *host) && !self.is_paused(*feed),
        }
    }

    /// Whether a copy is on any connection.
    pub(crate) fn is_shared(&self, feed: usize, host: usize) -> bool {
        !self.neighbours(feed, host).is_empty()
    }

    /// All that `host` is connected with, over others too.
    pub(crate) fn connected(&self, feed: usize, host: usize) -> Vec<usize> {
        let mut found = BTreeSet::from([host]);
        for _ in 0..HOSTS {
            for host in found.clone() {
                let near = self.neighbours(feed, host);
                found.extend(near.into_iter().map(|(host, _)| host));
            }
        }
        found.into_iter().collect()
    }

    pub(crate) fn open_between(&self, ends: [usize; 2]) -> Option<usize> {
        let [from, to] = ends;
        self.connections
            .iter()
            .position(|line| line.open && line.ends.contains(&from) && line.ends.contains(&to))
    }

    /// The open connection that was made from the first to the second.
    fn between(&self, ends: [usize; 2]) -> Option<&Connection> {
        let line = self.connections.get(self.open_between(ends)?)?;
        (line.ends == ends).then_some(line)
    }

    /// Who shares a feed with `host`, and the number of the connection.
    pub(crate) fn neighbours(&self, feed: usize, host: usize) -> Vec<(usize, usize)> {
        let lines = self.connections.iter().enumerate();
        let shared = lines.filter(|(_, line)| line.open && line.feeds.contains(&feed));
        shared
            .filter_map(|(number, line)| match line.ends {
                [from, to] if from == host => Some((to, number)),
                [from, to] if to == host => Some((from, number)),
                _ => None,
            })
            .collect()
    }

    fn can_be_shared(&self, feed: usize, ends: [usize; 2]) -> bool {
        let open = |host| self.copy(feed, host).is_some();
        let ready = |feed: &Feed| feed.named && feed.paused.is_none();
        self.feeds.get(&feed).is_some_and(ready) && ends.into_iter().all(open)
    }

    /// Upstream forgets of a copy that its feed is live, and a feed without a name.
    fn can_reopen(&self, feed: usize, host: usize) -> bool {
        let known =
            |model: &Feed| model.named && model.length > 0 && (host == model.writer || !model.live);
        self.feeds.get(&feed).is_some_and(known)
            && self.copy(feed, host).is_some()
            && !self.is_shared(feed, host)
    }

    fn is_paused(&self, feed: usize) -> bool {
        self.feeds
            .get(&feed)
            .is_some_and(|feed| feed.paused.is_some())
    }

    /// Upstream leaves in silence, so that the other side still counts it.
    fn was_left(&self, feed: usize) -> bool {
        let mut lines = self.connections.iter();
        lines.any(|line| line.open && line.left && line.first == feed)
    }
}
