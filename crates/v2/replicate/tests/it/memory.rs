//! What a feed takes that is open and has nothing to do: a node may have tens of thousands of them.

use hyperfeed_storage::MemoryStore;
use hyperfeed_types::Instant;
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_feed::{Blocks, Slot, Store};
use hyperfeed_v2_replicate::{Config, FeedOptions, Leaf, Replicator};

/// Of the 2 KiB that an idle feed may take with all that the facade has beside it: its view, its handle, its file.
const MAX_BYTES: u64 = 960;
const FEEDS: u8 = 100;

#[test]
fn an_idle_feed_takes_less_than_a_kibibyte() {
    let store = Store::open(Box::new(MemoryStore::new())).unwrap();
    let mut node = Replicator::new(Config::default(), store, [0; 32]);
    let options = FeedOptions::default();
    let pairs: Vec<KeyPair> = (0..FEEDS)
        .map(|seed| KeyPair::from_seed(&[seed; 32]))
        .collect();
    let mut slots: Vec<Slot> = Vec::new();
    for pair in &pairs {
        let slot = node.create_live(pair.clone(), Blocks::InStore, options);
        slots.push(slot.unwrap());
        let leaf = Leaf::new(b"block"[..].into());
        node.append(slots[slots.len() - 1], vec![leaf], None, 0);
    }
    node.commit(Instant::ZERO);
    for slot in &slots {
        assert_eq!(node.feed(*slot).unwrap().length(), 1);
        node.close_feed(Instant::ZERO, *slot);
    }
    let taken = allocation_counter::measure(|| {
        for (slot, pair) in slots.iter().zip(&pairs) {
            let secret = Some(pair.secret().clone());
            node.open_feed(*slot, secret, Blocks::InStore, options)
                .unwrap();
        }
    });
    let each = u64::try_from(taken.bytes_current).unwrap() / u64::from(FEEDS);
    assert!((200..=MAX_BYTES).contains(&each), "{each} bytes");
}
