//! What things cost, beside the hashing that they cannot do without. Run with `--release`.

use bytes::Bytes;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::{Durability, MemoryFile, MemoryStore};
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_feed::{Blocks, Feed, FeedError, Put, Store, leaf_hash};
use std::hint::black_box;
use std::time::Instant;

fn main() -> Result<(), FeedError> {
    let block = Bytes::from(vec![7; 1024]);
    report("leaf hash of 1 KiB", 100_000, || {
        black_box(leaf_hash(&block));
        Ok(())
    })?;
    for attached in [false, true] {
        journey(&block, attached)?;
    }
    long_feed(10_000_000)
}

/// Append, prove and put blocks of 1 KiB.
fn journey(block: &Bytes, attached: bool) -> Result<(), FeedError> {
    let place = if attached { "attached file" } else { "store" };
    let pair = KeyPair::from_seed(&[1; 32]);
    let key = pair.key();
    let mut store = Store::open(Box::new(MemoryStore::new()))?;
    let mut writer = Feed::create_live(&mut store, pair, blocks(attached))?;
    commit(&mut store, &mut writer)?;
    for batch in [100, 1] {
        let name = format!("append to {place}, hash included, batches of {batch}");
        let mut staged = 0;
        report(&name, 20_000, || {
            writer.stage_append(&mut store, block.clone(), leaf_hash(block))?;
            staged += 1;
            if staged % batch == 0 {
                commit(&mut store, &mut writer)?;
            }
            Ok(())
        })?;
    }
    let mut copy = Feed::create_clone(
        &mut store,
        hyperfeed_types::FeedKey::new([0; 32]),
        blocks(attached),
    )?;
    commit(&mut store, &mut copy)?;
    let mut other = Store::open(Box::new(MemoryStore::new()))?;
    let mut copy = Feed::create_clone(&mut other, key, blocks(attached))?;
    commit(&mut other, &mut copy)?;
    let (mut proofs, mut puts, mut commits) = (0, 0, 0);
    let length = writer.length();
    for start in (0..length).step_by(100) {
        for number in start..start + 100 {
            let index = BlockIndex::new(number).ok_or(FeedError::OutOfBounds)?;
            let digest = copy.digest(index);
            let clock = Instant::now();
            let proof = writer.proof(&mut store, index, digest)?;
            proofs += clock.elapsed().as_nanos();
            let Some(proof) = proof else { continue };
            let put = Put::new(index, block.clone(), proof.nodes, proof.signature);
            let clock = Instant::now();
            copy.stage_put(&mut other, put)?;
            puts += clock.elapsed().as_nanos();
            // Each is verified against what is committed, as requests in flight are.
            let clock = Instant::now();
            if number % 10 == 9 {
                commit(&mut other, &mut copy)?;
            }
            commits += clock.elapsed().as_nanos();
        }
    }
    let each = |nanos: u128| nanos as f64 / length as f64 / 1000.0;
    println!("{:8.3} us  proof in sequence, {place}", each(proofs));
    println!(
        "{:8.3} us  stage_put in sequence, leaf hash not included, {place}",
        each(puts)
    );
    println!(
        "{:8.3} us  seal and commit of puts, 10 each, {place}",
        each(commits)
    );
    let mut number = 0;
    report(&format!("block in sequence, {place}"), length, || {
        let index = BlockIndex::new(number).ok_or(FeedError::OutOfBounds)?;
        number += 1;
        black_box(writer.block(&mut store, index)?);
        Ok(())
    })?;
    let mut place_of = 1u64;
    report(&format!("block at random, {place}"), length, || {
        place_of = place_of
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let index = BlockIndex::new((place_of >> 20) % length).ok_or(FeedError::OutOfBounds)?;
        black_box(writer.block(&mut store, index)?);
        Ok(())
    })
}

/// A feed of many tiny blocks: opening it, and going on.
fn long_feed(length: u64) -> Result<(), FeedError> {
    let kv = MemoryStore::new();
    let mut store = Store::open(Box::new(kv.share()))?;
    let pair = KeyPair::from_seed(&[1; 32]);
    let secret = pair.secret().clone();
    let file = MemoryFile::new();
    let attached = || Blocks::Attached(Box::new(file.share()));
    let mut feed = Feed::create_live(&mut store, pair, attached())?;
    commit(&mut store, &mut feed)?;
    let tiny = Bytes::from_static(b"a");
    let leaf = leaf_hash(&tiny);
    let mut staged = 0;
    report(
        &format!("append to {length} tiny blocks, batches of 10000"),
        length,
        || {
            feed.stage_append(&mut store, tiny.clone(), leaf)?;
            staged += 1;
            if staged % 10_000 == 0 {
                commit(&mut store, &mut feed)?;
            }
            Ok(())
        },
    )?;
    println!("{:8} keys in the store", kv.key_count());
    let slot = feed.slot();
    report("open store and that feed", 20, || {
        let mut store = Store::open(Box::new(kv.share()))?;
        black_box(Feed::open(
            &mut store,
            slot,
            Some(secret.clone()),
            attached(),
        )?);
        Ok(())
    })?;
    report("append to that feed, commits of 1", 2000, || {
        feed.stage_append(&mut store, tiny.clone(), leaf)?;
        commit(&mut store, &mut feed)
    })
}

fn commit(store: &mut Store, feed: &mut Feed) -> Result<(), FeedError> {
    feed.seal(store, Durability::Process)?;
    store.commit(Durability::Process)?;
    feed.committed();
    Ok(())
}

fn blocks(attached: bool) -> Blocks {
    if attached {
        Blocks::Attached(Box::new(MemoryFile::new()))
    } else {
        Blocks::InStore
    }
}

fn report(
    what: &str,
    times: u64,
    mut once: impl FnMut() -> Result<(), FeedError>,
) -> Result<(), FeedError> {
    let clock = Instant::now();
    for _ in 0..times {
        once()?;
    }
    let each = clock.elapsed().as_nanos() as f64 / times as f64 / 1000.0;
    println!("{each:8.3} us  {what}");
    Ok(())
}
