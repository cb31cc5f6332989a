//! Which block to ask for next.

use crate::Strategy;
use crate::exchange::{Exchange, Run};
use crate::hosted::Hosted;
use hyperfeed_bitfield::Bitfield;
use hyperfeed_v2_crypto::Entropy;
use std::ops::Range;

/// A block to ask for, and how the run goes on.
pub(crate) struct Pick {
    pub(crate) block: u64,
    pub(crate) run: Run,
    /// The block stands in the exchange's list of those asked of another peer as well.
    pub(crate) again: bool,
}

/// The next block to ask of `exchange`: one that somebody waits for; else one of a wanted range; else, unless the
/// feed is sparse, any. Never one that is held or already asked for, but for those in `exchange.again`.
///
/// Costs a few word-parallel searches over the bitfields, independent of how many blocks are missing.
/// `holders` counts the peers that have a block.
pub(crate) fn pick(
    hosted: &Hosted,
    exchange: &Exchange,
    entropy: &mut Entropy,
    holders: impl Fn(u64) -> usize,
) -> Option<Pick> {
    let search = Search {
        remote: &exchange.remote,
        held: hosted.feed.held(),
        requested: &hosted.requested,
    };
    if let Some(wanted) = pick_wanted(hosted, exchange) {
        return Some(wanted);
    }
    let downloads = hosted
        .downloads
        .values()
        .map(|download| download.range.clone());
    let everything = (!hosted.options.sparse).then_some(0..u64::MAX);
    for mut range in downloads.chain(everything) {
        range.start = range.start.max(hosted.feed.contiguous());
        if let Some((block, run)) = search.in_order(range, hosted, exchange, entropy, &holders) {
            return Some(Pick {
                block,
                run,
                again: false,
            });
        }
    }
    let block = again(hosted, exchange, |_| true)?;
    Some(Pick {
        block,
        run: exchange.run,
        again: true,
    })
}

/// The next block that somebody waits for, and nothing else.
pub(crate) fn pick_wanted(hosted: &Hosted, exchange: &Exchange) -> Option<Pick> {
    let search = Search {
        remote: &exchange.remote,
        held: hosted.feed.held(),
        requested: &hosted.requested,
    };
    if let Some(block) = search.first_wanted(&hosted.wanted) {
        return Some(Pick {
            block,
            run: exchange.run,
            again: false,
        });
    }
    let block = again(hosted, exchange, |block| hosted.wanted.get(block))?;
    Some(Pick {
        block,
        run: exchange.run,
        again: true,
    })
}

/// The next block to take over from a slower peer.
fn again(hosted: &Hosted, exchange: &Exchange, is_due: impl Fn(u64) -> bool) -> Option<u64> {
    exchange.again.iter().copied().find(|block| {
        is_due(*block)
            && exchange.remote.get(*block)
            && !hosted.feed.held().get(*block)
            && !exchange.in_flight.contains_key(block)
    })
}

struct Search<'a> {
    remote: &'a Bitfield,
    held: &'a Bitfield,
    requested: &'a Bitfield,
}

impl Search<'_> {
    fn first(&self, range: Range<u64>) -> Option<u64> {
        Bitfield::first_available(self.remote, self.held, self.requested, range)
    }

    /// The first block that is wanted and can be had: the two searches leap past each other.
    fn first_wanted(&self, wanted: &Bitfield) -> Option<u64> {
        let mut from = 0;
        loop {
            let next = wanted.first_set(from)?;
            let available = self.first(next..u64::MAX)?;
            if available == next {
                return Some(next);
            }
            from = available;
        }
    }

    fn in_order(
        &self,
        range: Range<u64>,
        hosted: &Hosted,
        exchange: &Exchange,
        entropy: &mut Entropy,
        holders: impl Fn(u64) -> usize,
    ) -> Option<(u64, Run)> {
        let strategy = match hosted.options.strategy {
            Strategy::Rarest if hosted.peers.len() < 2 => Strategy::Linear,
            strategy => strategy,
        };
        if strategy == Strategy::Linear {
            return self.first(range).map(|block| (block, exchange.run));
        }
        if exchange.run.left > 0
            && range.contains(&exchange.run.next)
            && let Some(block) = self.first(exchange.run.next..range.end)
            && block < exchange.run.next + u64::from(exchange.run.left)
        {
            let left =
                exchange.run.left - u32::try_from(block - exchange.run.next).unwrap_or(0) - 1;
            return Some((
                block,
                Run {
                    next: block + 1,
                    left,
                },
            ));
        }
        let draws = if strategy == Strategy::Rarest {
            SAMPLES
        } else {
            1
        };
        let last = self.remote.last_set()?.min(range.end - 1);
        let first = self.first(range.clone())?;
        let mut best: Option<(usize, u64)> = None;
        for _ in 0..draws {
            let span = last.saturating_sub(first) + 1;
            // Runs start at multiples of their length, so that peers cut the feed at the same places.
            let from = (first + entropy.next_u64() % span) / u64::from(RUN) * u64::from(RUN);
            let block = self.first(from.max(first)..range.end).unwrap_or(first);
            let count = holders(block);
            if best.is_none_or(|(fewest, _)| count < fewest) {
                best = Some((count, block));
            }
        }
        let (_, block) = best?;
        let left = RUN - u32::try_from(block % u64::from(RUN)).unwrap_or(0) - 1;
        Some((
            block,
            Run {
                next: block + 1,
                left,
            },
        ))
    }
}

/// Blocks of a run. Neighbours share all of their proof but the lowest nodes, so that a run of 32 costs little
/// more than its blocks.
const RUN: u32 = 32;
/// Places looked at to find a rare block.
const SAMPLES: usize = 6;
