//! Random lives of a writer and its copies, against a map of blocks.

use crate::place::{Place, Where, index, pair};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The truth about a place: its blocks by number.
type Model = BTreeMap<u64, Vec<u8>>;

const COPIES: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// The writer appends a batch of blocks of these sizes.
    Append(Vec<usize>),
    /// A copy gets blocks from the writer (0) or another copy, by digest and proof, all in one commit.
    Fetch {
        to: usize,
        from: usize,
        picks: Vec<prop::sample::Index>,
    },
    /// Requests are made before answers arrive: all digests first.
    FetchStale {
        to: usize,
        from: usize,
        picks: Vec<prop::sample::Index>,
    },
    Reopen(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let picks = || prop::collection::vec(any::<prop::sample::Index>(), 1..6);
    let fetch = (0..COPIES, 0..=COPIES, picks());
    prop_oneof![
        3 => prop::collection::vec(0..9usize, 1..7).prop_map(Step::Append),
        8 => fetch.clone().prop_map(|(to, from, picks)| Step::Fetch { to, from, picks }),
        4 => fetch.prop_map(|(to, from, picks)| Step::FetchStale { to, from, picks }),
        1 => (0..=COPIES).prop_map(Step::Reopen),
    ]
}

struct World {
    /// The writer first.
    places: Vec<Place>,
    models: Vec<Model>,
    appended: Vec<Vec<u8>>,
}

impl World {
    fn new(place: Where) -> Self {
        let mut places = vec![Place::live(place)];
        places.extend((0..COPIES).map(|_| Place::copy(pair().key(), place)));
        Self {
            places,
            models: vec![Model::new(); COPIES + 1],
            appended: Vec::new(),
        }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Append(sizes) => {
                let start = self.appended.len();
                let made = sizes
                    .iter()
                    .zip(start..)
                    .map(|(size, at)| vec![at as u8; *size]);
                self.appended.extend(made);
                let new = &self.appended[start..];
                self.places[0].append(new);
                self.models[0].extend((start as u64..).zip(new.iter().cloned()));
            }
            Step::Fetch { to, from, picks } => self.fetch(to + 1, *from, picks, false),
            Step::FetchStale { to, from, picks } => self.fetch(to + 1, *from, picks, true),
            Step::Reopen(which) => self.places[*which].reopen(),
        }
    }

    fn fetch(&mut self, to: usize, from: usize, picks: &[prop::sample::Index], stale: bool) {
        let has: Vec<u64> = self.models[from].keys().copied().collect();
        if has.is_empty() || to == from {
            return;
        }
        let blocks: Vec<u64> = picks.iter().map(|pick| *pick.get(&has)).collect();
        let [asker, giver] = self.places.get_disjoint_mut([to, from]).unwrap();
        if stale {
            let puts: Vec<_> = blocks
                .iter()
                .map(|block| giver.answer(&asker.feed, *block))
                .collect();
            for put in puts {
                asker.stage(put).unwrap();
            }
            asker.commit();
        } else {
            for block in &blocks {
                let put = giver.answer(&asker.feed, *block);
                asker.put(put).unwrap();
            }
        }
        let got = blocks
            .into_iter()
            .map(|block| (block, self.appended[block as usize].clone()));
        self.models[to].extend(got);
    }

    fn check(&mut self) {
        for (place, model) in self.places.iter_mut().zip(&self.models) {
            for reopened in [false, true] {
                if reopened {
                    place.reopen();
                }
                check(place, model, self.appended.len() as u64);
            }
            check_pages(place);
        }
    }
}

fn check(place: &mut Place, model: &Model, appended: u64) {
    let held: Vec<u64> = place.feed.held().runs(0..u64::MAX).flatten().collect();
    assert_eq!(held, model.keys().copied().collect::<Vec<u64>>());
    assert_eq!(place.feed.held_blocks(), model.len() as u64);
    let bytes = model.values().map(|block| block.len() as u64).sum::<u64>();
    assert_eq!(place.feed.held_bytes(), bytes);
    let contiguous = (0..).find(|block| !model.contains_key(block));
    assert_eq!(place.feed.contiguous(), contiguous.unwrap());
    assert!(place.feed.length() <= appended);
    assert_eq!(place.feed.is_complete(), {
        place.feed.kind() != hyperfeed_v2_feed::Kind::Unknown
            && place.feed.length() == place.feed.contiguous()
    });
    for block in 0..=appended {
        let expected = model.get(&block);
        let found = place.read(block);
        assert_eq!(
            found.as_deref(),
            expected.map(Vec::as_slice),
            "block {block}"
        );
    }
    check_seek(place, model);
}

/// Every byte of a place without gaps is found; of others, what is found is right.
fn check_seek(place: &mut Place, model: &Model) {
    let whole = place.feed.contiguous() == place.feed.length();
    let mut byte = 0;
    for block in 0..place.feed.contiguous() {
        for inside in 0..model[&block].len() as u64 {
            let found = place.feed.seek(&mut place.store, byte).unwrap();
            assert!(found == Some((index(block), inside)) || (!whole && found.is_none()));
            byte += 1;
        }
    }
    if whole {
        assert_eq!(place.feed.byte_length(), byte);
        assert_eq!(place.feed.seek(&mut place.store, byte).unwrap(), None);
    }
}

/// The store has what the layout promises and no more.
fn check_pages(place: &Place) {
    let feed = &place.feed;
    if feed.contiguous() == feed.length() {
        for letter in [b'B', b'T', b'S'] {
            assert_eq!(
                place.keys(letter),
                Vec::<Vec<u8>>::new(),
                "{}",
                letter as char
            );
        }
    }
    let gaps = feed.held().first_set(feed.contiguous()).is_some();
    assert_eq!(!place.keys(b'B').is_empty(), gaps);
    let in_store = match place.file {
        Some(_) => feed.waiting_blocks(),
        None => usize::try_from(feed.held_blocks()).unwrap(),
    };
    assert_eq!(place.keys(b'D').len(), in_store);
}

fn run(place: Where, steps: &[Step]) {
    let mut world = World::new(place);
    for step in steps {
        world.run(step);
    }
    world.check();
    // In the end everybody can have everything, from whoever has it.
    let all: Vec<u64> = (0..world.appended.len() as u64).rev().collect();
    for to in 1..=COPIES {
        for block in &all {
            let from = (0..=COPIES)
                .rev()
                .find(|from| *from != to && world.models[*from].contains_key(block));
            let from = from.unwrap();
            let [asker, giver] = world.places.get_disjoint_mut([to, from]).unwrap();
            let put = giver.answer(&asker.feed, *block);
            asker.put(put).unwrap();
            world.models[to].insert(*block, world.appended[*block as usize].clone());
        }
    }
    world.check();
    if place == Where::Attached {
        let plain = world.appended.concat();
        for place in &world.places {
            assert_eq!(place.bytes(), plain);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_feed_is_the_map_of_its_blocks(steps in prop::collection::vec(step(), 1..40)) {
        run(Where::InStore, &steps);
    }

    #[test]
    fn an_attached_feed_is_the_concatenation_of_its_blocks(steps in prop::collection::vec(step(), 1..40)) {
        run(Where::Attached, &steps);
    }
}
