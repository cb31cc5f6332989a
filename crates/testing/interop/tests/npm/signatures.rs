//! Upstream signs every block, we sign the last block of each commit. Nobody may ever miss the others.

use hyperfeed::{Core, Digest, Feed, ReplicateOptions};
use hyperfeed_testing_interop::{Connect, FeedDigest, FeedOptions, Listen, NpmPeer, Pattern};

use crate::names::{npm_proof, our_proof};
use crate::ours::{self, within};

const SIZES: Pattern = Pattern::new(15, 200);
const BATCHES: std::ops::RangeInclusive<usize> = 1..=33;
const BLOCKS: u32 = 100;

/// The sizes of commits, mixed.
async fn append_in_turn(feed: &Feed, blocks: std::ops::Range<u32>, first: usize) {
    let mut at = blocks.start;
    for batch in BATCHES.cycle().skip(first) {
        let end = (at + u32::try_from(batch).unwrap()).min(blocks.end);
        feed.append_batch(SIZES.blocks(at..end)).await.unwrap();
        at = end;
        if at == blocks.end {
            return;
        }
    }
}

/// In commits of one size, or of all sizes in turn.
async fn append(feed: &Feed, blocks: std::ops::Range<u32>, batch: Option<usize>) {
    match batch {
        Some(batch) => ours::append_pattern(feed, SIZES, blocks, batch).await,
        None => append_in_turn(feed, blocks, 0).await,
    }
}

#[test]
fn npm_clones_feeds_that_we_wrote_in_batches_of_every_size() {
    within(async {
        let core = Core::memory().unwrap();
        let mut npm = NpmPeer::spawn().unwrap();
        let port = ours::listen(&core, ReplicateOptions::new()).await;
        let connection = npm.connect(&Connect::to(port)).unwrap();
        for batch in BATCHES.map(Some).chain([None]) {
            let feed = core.create_feed().await.unwrap();
            let name = format!("batches {batch:?}");
            npm.open(
                &name,
                &feed.key().unwrap().to_string(),
                FeedOptions::default(),
            )
            .unwrap();
            // Half before they meet and half while connected.
            append(&feed, 0..BLOCKS / 2, batch).await;
            npm.join(connection, &name).unwrap();
            append(&feed, BLOCKS / 2..BLOCKS, batch).await;
            npm.wait_blocks(&name, u64::from(BLOCKS)).unwrap();
            assert_eq!(
                npm.digest_all(&name).unwrap(),
                FeedDigest::of(SIZES.blocks(0..BLOCKS))
            );
        }
        ours::assert_well(&mut npm);
    });
}

#[test]
fn a_chain_of_npm_clones_that_are_cut_off_at_random_passes_feeds_of_small_batches_on() {
    chain_of_parts(1..=11);
}

#[test]
fn a_chain_of_npm_clones_that_are_cut_off_at_random_passes_feeds_of_middling_batches_on() {
    chain_of_parts(12..=22);
}

#[test]
fn a_chain_of_npm_clones_that_are_cut_off_at_random_passes_feeds_of_large_batches_on() {
    chain_of_parts(23..=*BATCHES.end());
}

fn chain_of_parts(batches: std::ops::RangeInclusive<usize>) {
    within(async {
        let mut middles = [NpmPeer::spawn().unwrap(), NpmPeer::spawn().unwrap()];
        let mut reader = NpmPeer::spawn().unwrap();
        for batch in batches {
            let core = Core::memory().unwrap();
            let feed = core.create_feed().await.unwrap();
            let name = format!("batches of {batch}");
            let key = feed.key().unwrap().to_string();
            let port = ours::listen(&core, ReplicateOptions::new()).await;
            let mut ports = Vec::new();
            for middle in &mut middles {
                middle.open(&name, &key, FeedOptions::default()).unwrap();
                ports.push(middle.listen(&Listen::feeds([&name])).unwrap());
            }
            // Each middle hears of other parts of the feed, and is cut off with holes.
            for round in 0..6 {
                let middle = &mut middles[round % 2];
                let from = u32::try_from(feed.length()).unwrap();
                ours::append_pattern(&feed, SIZES, from..from + 23, batch).await;
                let connection = middle.connect(&Connect::to(port).feeds([&name])).unwrap();
                let held = middle.blocks(&name).unwrap().held;
                middle.wait_blocks(&name, held + 5 + round as u64).unwrap();
                middle.close(connection).unwrap();
            }
            reader.open(&name, &key, FeedOptions::default()).unwrap();
            let reading = Core::memory().unwrap();
            let copy = ours::open(&reading, &key).await;
            for port in ports {
                reader.connect(&Connect::to(port).feeds([&name])).unwrap();
                ours::connect(&reading, port, ReplicateOptions::new()).await;
            }
            let mut known = 0;
            for block in 0..feed.length() {
                known += u64::from(
                    middles[0].has(&name, block).unwrap() || middles[1].has(&name, block).unwrap(),
                );
            }
            reader.wait_blocks(&name, known).unwrap();
            while copy.held_blocks() < known {
                futures_timer::Delay::new(std::time::Duration::from_millis(20)).await;
            }
            // The writer fills the holes.
            reader.connect(&Connect::to(port).feeds([&name])).unwrap();
            ours::connect(&reading, port, ReplicateOptions::new()).await;
            reader.wait_blocks(&name, feed.length()).unwrap();
            copy.download(..).await.unwrap();
            let expected = ours::digest(&feed).await;
            assert_eq!(reader.digest_all(&name).unwrap(), expected);
            assert_eq!(ours::digest(&copy).await, expected);
            for npm in middles.iter_mut().chain([&mut reader]) {
                ours::assert_well(npm);
            }
        }
    });
}

/// Blocks carried by hand, at random: from the writer to three copies of npm and one of ours, and among these, while the
/// feed grows in commits of one size. Nothing an honest peer sends is ever refused.
#[test]
fn sparse_clones_of_npm_and_of_ours_feed_each_other_whatever_the_batches_were() {
    within(async {
        let mut npm = NpmPeer::spawn().unwrap();
        let mut others = [NpmPeer::spawn().unwrap(), NpmPeer::spawn().unwrap()];
        for batch in BATCHES.map(Some).chain([None]) {
            let mut dice = Dice(0x9e37_79b9 ^ batch.unwrap_or(99) as u32);
            let core = Core::memory().unwrap();
            let feed = core.create_feed().await.unwrap();
            let reading = Core::memory().unwrap();
            let copy = reading.open_feed(&feed.key().unwrap()).await.unwrap();
            let name = format!("batches {batch:?}");
            for npm in others.iter_mut().chain([&mut npm]) {
                npm.open(
                    &name,
                    &feed.key().unwrap().to_string(),
                    FeedOptions::default(),
                )
                .unwrap();
            }
            let mut world = World {
                name,
                writer: feed,
                copy,
                npm: &mut npm,
                others: &mut others,
            };
            for round in 1..=4 {
                let from = u32::try_from(world.writer.length()).unwrap();
                match batch {
                    Some(batch) => {
                        ours::append_pattern(
                            &world.writer,
                            SIZES,
                            from..from + 20 * round / 2,
                            batch,
                        )
                        .await
                    }
                    None => {
                        append_in_turn(
                            &world.writer,
                            from..from + 20 * round / 2,
                            dice.below(33) as usize,
                        )
                        .await
                    }
                }
                for _ in 0..40 {
                    let block =
                        u64::from(dice.below(u32::try_from(world.writer.length()).unwrap()));
                    let (from, to) = (dice.below(5), 1 + dice.below(4));
                    world.carry(block, from, to).await;
                }
            }
        }
    });
}

struct World<'a> {
    name: String,
    writer: Feed,
    copy: Feed,
    npm: &'a mut NpmPeer,
    others: &'a mut [NpmPeer; 2],
}

impl World<'_> {
    /// 0 is the writer, 1 our copy, 2 and above copies of npm.
    fn npm(&mut self, place: u32) -> &mut NpmPeer {
        match place {
            2 => self.npm,
            place => &mut self.others[place as usize - 3],
        }
    }

    async fn carry(&mut self, block: u64, from: u32, to: u32) {
        let name = self.name.clone();
        let holds = match from {
            0 => true,
            1 => self.copy.has(block).await.unwrap(),
            from => self.npm(from).has(&name, block).unwrap(),
        };
        if !holds || from == to {
            return;
        }
        let digest = match to {
            1 => self.copy.digest(block).await.unwrap().get(),
            to => self.npm(to).digest(&name, block).unwrap(),
        };
        let (data, proof) = match from {
            0 | 1 => {
                let feed = if from == 0 { &self.writer } else { &self.copy };
                let proof = feed
                    .proof(block, Digest::new(digest))
                    .await
                    .unwrap()
                    .unwrap();
                (feed.get(block).await.unwrap().to_vec(), npm_proof(&proof))
            }
            from => {
                let npm = self.npm(from);
                let proof = npm.proof(&name, block, digest).unwrap_or_else(|error| {
                    panic!(
                        "{name}: npm {from} cannot prove block {block} for digest {digest}: {error}"
                    )
                });
                (npm.get(&name, block).unwrap(), proof)
            }
        };
        let refused = match to {
            1 => self
                .copy
                .put(block, data, our_proof(&proof))
                .await
                .err()
                .map(|error| error.to_string()),
            to => self
                .npm(to)
                .put(&name, block, &data, &proof)
                .err()
                .map(|error| error.to_string()),
        };
        assert_eq!(
            refused, None,
            "{name}: block {block} from {from} to {to}, digest {digest}"
        );
    }
}

/// A small generator, so that a failure comes again.
struct Dice(u32);

impl Dice {
    const fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % end
    }
}
