use std::collections::BTreeMap;

use crate::line::Line;

/// Every promise, and what became of it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    keys: BTreeMap<usize, String>,
    /// Acknowledged lengths, by feed.
    acknowledged: BTreeMap<usize, u64>,
    /// What peers told they have, by peer and feed.
    held: BTreeMap<(usize, usize), u64>,
    /// Blocks that were promised and are gone.
    pub(crate) lost: u64,
    /// What went wrong, in words.
    pub(crate) wrong: Vec<String>,
}

impl Ledger {
    pub(crate) fn note(&mut self, line: &Line) {
        match line {
            Line::Feed { feed, key, length } => {
                let known = self.keys.entry(*feed).or_insert_with(|| key.clone());
                if known != key {
                    self.wrong.push(format!("feed {feed} has another key"));
                }
                let promised = self.acknowledged.entry(*feed).or_default();
                if *length < *promised {
                    self.lost += *promised - *length;
                    self.wrong.push(format!(
                        "feed {feed} has {length} blocks and {promised} were acknowledged"
                    ));
                }
                *promised = *length;
            }
            Line::Acknowledged { feed, length } => {
                let promised = self.acknowledged.entry(*feed).or_default();
                *promised = (*promised).max(*length);
            }
            Line::Held {
                peer,
                feed,
                length,
                opened,
            } => {
                let told = self.held.entry((*peer, *feed)).or_default();
                if *length < *told {
                    self.lost += *told - *length;
                    let when = if *opened {
                        "opened again"
                    } else {
                        "asked again"
                    };
                    self.wrong.push(format!(
                        "peer {peer}, {when}, has {length} blocks of feed {feed} and had {told}"
                    ));
                }
                *told = *length;
            }
            Line::Wrong(what) => self.wrong.push(what.clone()),
            Line::Listening { .. }
            | Line::Ready
            | Line::Resting
            | Line::Settled { .. }
            | Line::State { .. } => {}
        }
    }

    /// The keys of all feeds.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (usize, &str)> {
        self.keys.iter().map(|(feed, key)| (*feed, key.as_str()))
    }

    /// The acknowledged lengths of all feeds, in their order.
    pub(crate) fn lengths(&self) -> Vec<u64> {
        self.acknowledged.values().copied().collect()
    }

    /// In the end: who lacks what.
    pub(crate) fn close(&mut self) {
        for ((peer, feed), held) in &self.held {
            let length = self.acknowledged.get(feed).copied().unwrap_or(0);
            if *held < length {
                self.wrong.push(format!(
                    "peer {peer} has {held} of {length} blocks of feed {feed} in the end"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(length: u64, opened: bool) -> Line {
        Line::Held {
            peer: 1,
            feed: 2,
            length,
            opened,
        }
    }

    fn acknowledged(length: u64) -> Line {
        Line::Acknowledged { feed: 2, length }
    }

    fn feed(length: u64) -> Line {
        Line::Feed {
            feed: 2,
            key: "key".to_owned(),
            length,
        }
    }

    fn after(lines: &[Line]) -> Ledger {
        let mut ledger = Ledger::default();
        lines.iter().for_each(|line| ledger.note(line));
        ledger.close();
        ledger
    }

    #[test]
    fn what_was_acknowledged_or_held_and_is_gone_is_lost() {
        let sound = after(&[
            feed(0),
            acknowledged(5),
            held(3, false),
            feed(6),
            held(6, true),
        ]);
        assert_eq!((sound.lost, sound.wrong.len()), (0, 0), "{sound:?}");
        assert_eq!(after(&[feed(0), acknowledged(5), feed(4)]).lost, 1);
        assert_eq!(after(&[held(3, false), held(1, true)]).lost, 2);
    }

    #[test]
    fn a_peer_that_lacks_blocks_in_the_end_is_named() {
        let behind = after(&[feed(0), acknowledged(5), held(3, false)]);
        assert_eq!(behind.lost, 0);
        assert_eq!(
            behind.wrong,
            ["peer 1 has 3 of 5 blocks of feed 2 in the end"]
        );
    }
}
