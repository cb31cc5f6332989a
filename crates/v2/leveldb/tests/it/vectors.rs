use crate::scenario::{Scenario, files};
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::{Durability, MemoryStore};
use hyperfeed_v2_feed::{Accepted, Blocks, Feed, Kind, Put, Store};
use hyperfeed_v2_leveldb::{NpmFeed, NpmStore, ReadError, Secret, StoredFeed};

/// Puts every block of a feed into a fresh copy, each verified by its proof.
fn import(npm: &mut NpmStore, feed: &NpmFeed, stored: &StoredFeed) -> (Store, Feed) {
    let mut store = Store::open(Box::new(MemoryStore::new())).unwrap();
    let mut copy = Feed::create_clone(&mut store, feed.key, Blocks::InStore).unwrap();
    store.commit(Durability::Process).unwrap();
    for block in stored.blocks().runs(0..u64::MAX).flatten() {
        let index = BlockIndex::new(block).unwrap();
        let data = stored.block(npm, block).unwrap().unwrap();
        let proof = stored.proof(npm, block, copy.digest(index)).unwrap();
        let (nodes, signature) = proof.unwrap();
        let put = Put::new(index, data.into(), nodes, signature);
        assert_eq!(copy.stage_put(&mut store, put).unwrap(), Accepted::New);
        copy.seal(&mut store, Durability::Process).unwrap();
        store.commit(Durability::Process).unwrap();
        copy.committed();
    }
    (store, copy)
}

#[test]
fn every_block_of_every_scenario_is_found_and_proven() {
    let scenarios = Scenario::all();
    assert!(scenarios.len() > 12);
    for (scenario, before) in scenarios
        .iter()
        .flat_map(|it| ["", "!app!", "!app!!inner!"].map(|before| (it, before)))
    {
        let name = &scenario.name;
        let dir = scenario.write(before);
        let untouched = files(dir.path());
        let mut npm = NpmStore::open(dir.path()).unwrap();
        let feeds: Vec<NpmFeed> = npm.feeds().unwrap().into_iter().flatten().collect();
        assert_eq!(feeds.len(), scenario.numbered("feeds").len(), "{name}");
        let data = scenario.numbered("data");
        let mut blocks = 0;
        for feed in &feeds {
            let stored = npm.read(feed).unwrap();
            let (mut store, mut copy) = import(&mut npm, feed, &stored);
            for block in stored.blocks().runs(0..u64::MAX).flatten() {
                let index = BlockIndex::new(block).unwrap();
                let found = copy.block(&mut store, index).unwrap().unwrap().data;
                let expected = (block, found.as_ref());
                assert!(data.contains(&expected), "{name}: block {block}");
            }
            blocks += copy.held_blocks();
            if copy.held_blocks() > 0 {
                assert_eq!(copy.length(), stored.length(), "{name}");
                assert_eq!(copy.kind() == Kind::Live, stored.is_live(), "{name}");
                assert_eq!(stored.noted_blocks(), copy.held_blocks(), "{name}");
            }
            let is_own = matches!(feed.secret, Secret::Key(_));
            if is_own {
                assert_eq!(stored.signed_length(), stored.length(), "{name}");
            }
        }
        let nameless = npm.nameless().unwrap();
        if nameless == 0 {
            assert_eq!(blocks, data.len() as u64, "{name}");
        } else {
            assert!(name.contains("before finalize"), "{name}");
        }
        assert!(files(dir.path()) == untouched, "{name} was written to");
    }
}

#[test]
fn a_clone_that_npm_forgot_to_be_live_is_live() {
    let scenario = Scenario::named("clone of the live feed, blocks 5, 0 and 16 put");
    let dir = scenario.write("");
    let mut npm = NpmStore::open(dir.path()).unwrap();
    let feed = npm.feeds().unwrap().remove(0).unwrap();
    assert!(!feed.live);
    let stored = npm.read(&feed).unwrap();
    assert!(stored.is_live());
    assert_eq!((stored.blocks().count(), stored.length()), (3, 17));
    assert!(matches!(feed.secret, Secret::None));
}

#[test]
fn blocks_in_external_storage_are_noted_and_not_there() {
    let scenario = Scenario::named("live feed with external storage");
    let dir = scenario.write("");
    let mut npm = NpmStore::open(dir.path()).unwrap();
    let feed = npm.feeds().unwrap().remove(0).unwrap();
    let stored = npm.read(&feed).unwrap();
    assert_eq!(stored.noted_blocks(), 5);
    assert_eq!((stored.blocks().count(), stored.length()), (0, 5));
    assert_eq!(stored.block(&mut npm, 0).unwrap(), None);
}

#[test]
fn a_secret_key_never_shows() {
    let scenario = Scenario::named("live feed, three blocks");
    let dir = scenario.write("");
    let mut npm = NpmStore::open(dir.path()).unwrap();
    let feed = npm.feeds().unwrap().remove(0).unwrap();
    let Secret::Key(secret) = &feed.secret else {
        unreachable!("it is an own feed");
    };
    let shown = format!("{feed:?} {npm:?}");
    let secret = hyperfeed_types::hex::encode(&secret.to_bytes()[..32]);
    assert!(!shown.contains(&secret), "{shown}");
}

#[test]
fn a_directory_without_a_database_is_said_to_be_none() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("none")] {
        let error = NpmStore::open(&path).unwrap_err();
        assert!(matches!(error, ReadError::NotADatabase { .. }), "{error}");
    }
    assert!(files(dir.path()).is_empty());
}
