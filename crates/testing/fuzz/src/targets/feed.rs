//! One feed: blocks from anybody, and a store that anybody wrote to.

use super::fixture::{self, Written, commit, index};
use super::merkle::spoilt;
use crate::input::Input;
use hyperfeed_merkle::Digest;
use hyperfeed_storage::{Batch, Durability, KeyValue, MemoryStore};
use hyperfeed_types::Signature;
use hyperfeed_v2_feed::{Blocks, Feed, OnlyCopy, Put, Slot, Store, leaf_hash};
use std::ops::ControlFlow;
use std::sync::OnceLock;

/// Nothing is stored but what the writer wrote, and in the end the truth still gets in.
pub(crate) fn put(data: &[u8]) {
    let mut input = Input::new(data);
    let truth = Written::one(input.below(3));
    let memory = MemoryStore::new();
    let mut store = fixture::store(memory);
    let mut feed =
        Feed::create_clone(&mut store, truth.key, Blocks::InStore).expect("an empty store");
    store.commit(Durability::Relaxed).expect("it is in memory");
    feed.committed();
    while !input.is_empty() {
        let put = answer(&mut input, truth);
        // An answer that is refused has changed nothing.
        feed.stage_put(&mut store, put).ok();
        if input.byte().is_multiple_of(3) {
            commit(&mut feed, &mut store);
            compare(&mut feed, &mut store, truth);
        }
    }
    commit(&mut feed, &mut store);
    for block in 0..truth.blocks.len() {
        // The first tries may meet sizes that somebody lied about; then less is claimed.
        let tries = (0..40).map(|_| feed.stage_put(&mut store, truth.put(block, true)));
        let last = tries.take_while(Result::is_err).last();
        let held = feed.stage_put(&mut store, truth.put(block, true));
        assert!(held.is_ok(), "block {block}: {last:?}");
        commit(&mut feed, &mut store);
    }
    assert!(feed.is_complete() && feed.length() == truth.blocks.len() as u64);
    compare(&mut feed, &mut store, truth);
    assert_eq!(feed.check_head(&mut store).expect("it can be read"), []);
    let all = 0..feed.length();
    assert_eq!(feed.check(&mut store, all).expect("it can be read"), []);
}

/// What a peer might send: the truth, and changes to it.
pub(crate) fn answer(input: &mut Input<'_>, truth: &Written) -> Put {
    let block = usize::from(input.byte());
    let late = input.byte() & 1 == 1;
    let mut put = truth.put(block, late);
    for _ in 0..input.below(4) {
        let count = put.nodes.len();
        let at = input.below(count.max(1));
        match input.byte() % 8 {
            0 => {
                put.data = input.string().to_vec().into();
                put.leaf = leaf_hash(&put.data);
            }
            1 => put.block = index(u64::from(input.byte())),
            2 => put.signature = Some(Signature::new(input.string())),
            3 => put.signature = None,
            4 if count > 0 => drop(put.nodes.remove(at)),
            5 if count > 0 => put.nodes.insert(at, put.nodes[at]),
            _ if count > 0 => put.nodes[at] = spoilt(input, put.nodes[at]),
            _ => {}
        }
    }
    put
}

fn compare(feed: &mut Feed, store: &mut Store, truth: &Written) {
    for block in feed.held().runs(0..u64::MAX).flatten().collect::<Vec<_>>() {
        let found = feed
            .block(store, index(block))
            .expect("it can be read")
            .expect("it is held");
        assert!(
            found.is_intact() && truth.is_true(block, &found.data),
            "block {block}"
        );
        let proof = feed
            .proof(store, index(block), Digest::NONE)
            .expect("it can be read");
        assert!(proof.is_some());
    }
    for at in 0..truth.blocks.len() as u64 * 4 {
        let at = hyperfeed_flat_tree::NodeIndex::new(at).expect("a small number");
        if let Some(node) = feed.node(store, at).expect("it can be read") {
            assert_eq!(truth.hash(at), Some(node.hash), "{node:?}");
        }
    }
}

/// A store of two feeds, one written here and one half copied, its records changed: every block that is read is the
/// writer's or an error, every proof is good or refused, and nothing panics.
pub(crate) fn store(data: &[u8]) {
    let mut input = Input::new(data);
    let mut memory = MemoryStore::new();
    let mut batch = Batch::new();
    let entries = stored();
    for (key, value) in entries {
        batch.put(key, value);
    }
    while !input.is_empty() {
        let (key, value) = &entries[usize::from(input.byte()) % entries.len()];
        match input.byte() % 4 {
            0 => batch.delete(key),
            1 => batch.put(key, input.string()),
            2 => {
                let mut key = key.clone();
                let at = input.below(key.len());
                key[at] ^= input.byte();
                batch.put(&key, value);
            }
            _ => {
                let mut value = value.clone();
                let at = usize::from(input.byte()) << 4 | usize::from(input.byte() & 15);
                let len = value.len().max(1);
                if let Some(byte) = value.get_mut(at % len) {
                    *byte ^= input.byte();
                }
                batch.put(key, &value);
            }
        }
    }
    memory
        .commit(&batch, Durability::Relaxed)
        .expect("it is in memory");
    let Ok(mut store) = Store::open(Box::new(memory)) else {
        return;
    };
    store.feeds().ok();
    for slot in 0..3 {
        let secret = (slot == 0).then(|| fixture::pair(OWN).secret().clone());
        if let Ok(mut feed) = Feed::open(&mut store, Slot::new(slot), secret, Blocks::InStore) {
            look(&mut feed, &mut store);
        }
    }
}

fn look(feed: &mut Feed, store: &mut Store) {
    let truth = Written::one(2);
    let is_copy = feed.key() == Some(&truth.key);
    let held: Vec<u64> = feed.held().runs(0..u64::MAX).flatten().take(100).collect();
    for block in held {
        if let Ok(Some(found)) = feed.block(store, index(block))
            && found.is_intact()
            && is_copy
        {
            assert!(truth.is_true(block, &found.data), "block {block}");
        }
        feed.proof(store, index(block), Digest::NONE).ok();
    }
    feed.seek(store, 100).ok();
    feed.check_head(store).ok();
    feed.check(store, 0..64).ok();
    if feed
        .stage_append(store, "more".into(), leaf_hash(b"more"))
        .is_ok()
        && feed.seal(store, Durability::Relaxed).is_ok()
    {
        let before = feed.length();
        store.commit(Durability::Relaxed).expect("it is in memory");
        assert_eq!(feed.committed().appended, before..before + 1);
    } else {
        feed.discard_staged(store).ok();
    }
    let all = (0..64).map(index);
    feed.stage_drop(store, all, OnlyCopy::Keep).ok();
}

/// The entries of an undamaged store.
fn stored() -> &'static [(Vec<u8>, Vec<u8>)] {
    static ENTRIES: OnceLock<Vec<(Vec<u8>, Vec<u8>)>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let memory = MemoryStore::new();
        let mut store = fixture::store(memory);
        let mut own =
            Feed::create_live(&mut store, fixture::pair(OWN), Blocks::InStore).expect("new");
        let truth = Written::one(2);
        let mut copy = Feed::create_clone(&mut store, truth.key, Blocks::InStore).expect("new");
        store.set_alias(own.slot(), Some("own")).ok();
        store.commit(Durability::Relaxed).expect("it is in memory");
        own.committed();
        copy.committed();
        for at in 0..11_u8 {
            let block = vec![at; usize::from(at)];
            let leaf = leaf_hash(&block);
            own.stage_append(&mut store, block.into(), leaf)
                .expect("it fits");
        }
        commit(&mut own, &mut store);
        for block in [3, 0, 17, 36] {
            copy.stage_put(&mut store, truth.put(block, block > 9))
                .expect("the truth");
            commit(&mut copy, &mut store);
        }
        let mut entries = Vec::new();
        let all = store.kv().scan(b"", &mut |key, value| {
            entries.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        });
        all.expect("it is in memory");
        entries
    })
}

const OWN: u8 = 200;
