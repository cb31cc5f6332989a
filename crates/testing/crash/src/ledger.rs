use crate::Figures;
use crate::line::Line;

/// One block that somebody was told of.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    /// The clone had it: it may never be gone, nor change.
    cloned: bool,
}

/// Every promise about one feed.
#[derive(Debug, Default)]
struct Account {
    key: Option<String>,
    entries: Vec<Option<Entry>>,
    /// All blocks below were acknowledged so that they survive.
    durable: usize,
}

/// Every promise that was made, and what became of it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: Vec<Account>,
    pub(crate) figures: Figures,
    /// What went wrong, in words.
    pub(crate) wrong: Vec<String>,
}

impl Ledger {
    pub(crate) fn note(&mut self, line: &Line) {
        match line {
            Line::Ready => {}
            Line::Failed(why) => self.wrong.push(why.clone()),
            Line::Opened { feed, key, length } => self.opened(*feed, key, *length),
            Line::Acknowledged {
                feed,
                index,
                hash,
                relaxed,
            } => {
                self.promised(*feed, *index, *hash, false);
                if *relaxed {
                    self.figures.relaxed += 1;
                } else {
                    self.figures.acknowledged += 1;
                    let account = self.account(*feed);
                    account.durable = account.durable.max(place(*index) + 1);
                }
            }
            Line::Cloned { index, hash } => {
                self.figures.cloned += 1;
                self.promised(0, *index, *hash, true);
            }
        }
    }

    /// A feed was opened after a kill: with so many blocks.
    pub(crate) fn opened(&mut self, feed: usize, key: &str, length: u64) {
        let account = self.account(feed);
        let known = account.key.get_or_insert_with(|| key.to_owned());
        if known != key {
            let wrong = format!("feed {feed} has another key");
            self.figures.lost += account.entries.len() as u64;
            self.wrong.push(wrong);
            return;
        }
        let length = place(length);
        let durable = account.durable;
        let gone = account.entries.split_off(length.min(account.entries.len()));
        account.durable = durable.min(length);
        for (index, entry) in (length..).zip(gone) {
            match entry {
                Some(entry) if index < durable || entry.cloned => {
                    self.figures.lost += 1;
                    self.wrong
                        .push(format!("block {index} of feed {feed} is lost"));
                }
                Some(_) => self.figures.relaxed_gone += 1,
                None => {}
            }
        }
    }

    /// A block is there, in the writer or the clone.
    pub(crate) fn found(&mut self, feed: usize, index: u64, hash: u64) {
        self.promised(feed, index, hash, false);
    }

    pub(crate) fn fork(&mut self, wrong: String) {
        self.figures.forks += 1;
        self.wrong.push(wrong);
    }

    fn promised(&mut self, feed: usize, index: u64, hash: u64, cloned: bool) {
        let account = self.account(feed);
        let at = place(index);
        if account.entries.len() <= at {
            account.entries.resize(at + 1, None);
        }
        let Some(entry) = account.entries.get_mut(at) else {
            return;
        };
        let known = entry.get_or_insert(Entry { hash, cloned });
        known.cloned |= cloned;
        if known.hash != hash {
            self.fork(format!("block {index} of feed {feed} has changed"));
        }
    }

    fn account(&mut self, feed: usize) -> &mut Account {
        if self.accounts.len() <= feed {
            self.accounts.resize_with(feed + 1, Account::default);
        }
        &mut self.accounts[feed]
    }
}

fn place(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acknowledged(index: u64, hash: u64, relaxed: bool) -> Line {
        Line::Acknowledged {
            feed: 0,
            index,
            hash,
            relaxed,
        }
    }

    fn opened(length: u64) -> Line {
        Line::Opened {
            feed: 0,
            key: "key".to_owned(),
            length,
        }
    }

    fn after(lines: &[Line]) -> Figures {
        let mut ledger = Ledger::default();
        lines.iter().for_each(|line| ledger.note(line));
        assert_eq!(
            ledger.wrong.is_empty(),
            ledger.figures.lost + ledger.figures.forks == 0
        );
        ledger.figures
    }

    #[test]
    fn what_was_promised_and_is_gone_is_lost() {
        let lines = [
            acknowledged(0, 1, true),
            acknowledged(1, 2, false),
            acknowledged(2, 3, true),
        ];
        let kept = after(&[&lines[..], &[opened(2)]].concat());
        assert_eq!((kept.lost, kept.relaxed_gone, kept.forks), (0, 1, 0));
        // The second is durable, so the first is too.
        let lost = after(&[&lines[..], &[opened(0)]].concat());
        assert_eq!((lost.lost, lost.relaxed_gone), (2, 1));
        let cloned = Line::Cloned { index: 2, hash: 3 };
        let lost = after(&[&lines[..], &[cloned, opened(2)]].concat());
        assert_eq!((lost.lost, lost.relaxed_gone), (1, 0));
    }

    #[test]
    fn another_block_under_a_number_is_a_fork_unless_the_first_was_given_up() {
        let first = [acknowledged(0, 1, true), opened(0)];
        assert_eq!(
            after(&[&first[..], &[acknowledged(0, 2, false)]].concat()).forks,
            0
        );
        let cloned = [
            Line::Cloned { index: 0, hash: 1 },
            acknowledged(0, 2, false),
        ];
        assert_eq!(after(&cloned).forks, 1);
        let again = [
            acknowledged(0, 1, false),
            opened(1),
            acknowledged(0, 2, false),
        ];
        assert_eq!(after(&again).forks, 1);
    }
}
