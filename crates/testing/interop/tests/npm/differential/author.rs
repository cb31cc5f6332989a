//! Draws scripts from seeds, each step possible when it comes.

use super::action::Action;
use super::cast::HOSTS;
use super::dice::Dice;
use super::model::Model;
use super::possible::MAX_FEEDS;
use super::script::Script;

/// A script of about 60 steps, of which the last bring everything everywhere.
pub(crate) fn random(seed: u64) -> Script {
    let mut author = Author {
        dice: Dice::new(seed),
        model: Model::default(),
        actions: Vec::new(),
    };
    while author.actions.len() < STEPS {
        if let Some(action) = author.draw() {
            author.write(action);
        }
    }
    author.finish();
    Script {
        seed,
        actions: author.actions,
    }
}

struct Author {
    dice: Dice,
    model: Model,
    actions: Vec<Action>,
}

impl Author {
    fn write(&mut self, action: Action) {
        let Some(step) = self.model.take(&action) else {
            return;
        };
        self.actions.push(action);
        match step.action {
            Action::Settle { feed, .. } => {
                for (host, _) in step.hosts {
                    self.write(Action::Look { feed, host });
                }
            }
            Action::Reopen { feed, host } => self.write(Action::Look { feed, host }),
            Action::Restart { host } => {
                for feed in 0..MAX_FEEDS {
                    self.write(Action::Look { feed, host });
                }
            }
            _ => {}
        }
    }

    /// Something that may be impossible.
    fn draw(&mut self) -> Option<Action> {
        let feed = self.feed();
        let host = self.host();
        Some(match self.dice.below(100) {
            0..5 => Action::Create {
                feed: self.model.feeds.len(),
                host,
                live: self.dice.below(3) > 0,
            },
            5..23 => Action::Append {
                feed,
                blocks: 1 + self.number(9),
            },
            23..27 => Action::Finalize { feed },
            27..37 => Action::Open {
                feed,
                host,
                sparse: self.dice.below(4) == 0,
            },
            37..53 => self.carry(feed, host)?,
            53..63 => self.connect(host)?,
            63..67 => Action::Join {
                ends: self.ends()?,
                feed,
            },
            67..69 => Action::Leave {
                ends: self.ends()?,
                feed,
            },
            69..74 => Action::Cut { ends: self.ends()? },
            74..80 => Action::Get {
                feed,
                host,
                block: self.block(feed)?,
            },
            80..85 => Action::Settle { feed, host },
            85..88 => Action::Say { feed, host },
            88..90 => Action::Pause { feed, host },
            90..93 => Action::Resume {
                feed,
                host: self.model.feeds.get(&feed)?.paused?,
            },
            93..95 => Action::Reopen { feed, host },
            95..97 => Action::Restart { host },
            _ => Action::Look { feed, host },
        })
    }

    fn carry(&mut self, feed: usize, from: usize) -> Option<Action> {
        let held: Vec<usize> = self.model.copy(feed, from)?.held.iter().copied().collect();
        Some(Action::Carry {
            feed,
            block: self.dice.pick(&held)?,
            from,
            to: self.host(),
        })
    }

    fn connect(&mut self, from: usize) -> Option<Action> {
        let to = self.host();
        let both = |feed: &usize| {
            self.model.feeds.get(feed).is_some_and(|feed| feed.named)
                && self.model.copy(*feed, from).is_some()
                && self.model.copy(*feed, to).is_some()
        };
        let mut feeds: Vec<usize> = (0..MAX_FEEDS).filter(both).collect();
        if self.dice.below(2) == 0 {
            feeds.reverse();
        }
        if self.dice.below(3) == 0 {
            feeds.truncate(1);
        }
        Some(Action::Connect {
            ends: [from, to],
            encrypted: self.dice.below(2) == 0,
            feeds,
        })
    }

    /// Everybody opens everything and hangs on the first host, in a star; then all is certain.
    fn finish(&mut self) {
        for line in 0..self.model.connections.len() {
            let ends = self.model.connections[line].ends;
            self.write(Action::Cut { ends });
        }
        for feed in 0..MAX_FEEDS {
            self.write(Action::Finalize { feed });
            for host in 0..HOSTS {
                let sparse = false;
                self.write(Action::Open { feed, host, sparse });
            }
        }
        let named = |feed: &usize| self.model.feeds.get(feed).is_some_and(|feed| feed.named);
        let feeds: Vec<usize> = (0..MAX_FEEDS).filter(named).collect();
        for host in 1..HOSTS {
            let encrypted = self.dice.below(2) == 0;
            self.write(Action::Connect {
                ends: [host, 0],
                encrypted,
                feeds: feeds.clone(),
            });
        }
        for feed in feeds {
            self.write(Action::Say { feed, host: 0 });
            self.write(Action::Settle { feed, host: 0 });
        }
    }

    fn ends(&mut self) -> Option<[usize; 2]> {
        let lines = self.model.connections.iter();
        let open: Vec<[usize; 2]> = lines
            .filter(|line| line.open)
            .map(|line| line.ends)
            .collect();
        self.dice.pick(&open)
    }

    fn block(&mut self, feed: usize) -> Option<usize> {
        let length = self.model.feeds.get(&feed)?.length;
        (length > 0).then(|| self.number(length))
    }

    fn feed(&mut self) -> usize {
        self.number(self.model.feeds.len().max(1))
    }

    fn host(&mut self) -> usize {
        self.number(HOSTS)
    }

    fn number(&mut self, end: usize) -> usize {
        usize::try_from(self.dice.below(end as u64)).unwrap_or(0)
    }
}

/// Before the end.
const STEPS: usize = 45;
