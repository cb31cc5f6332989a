//! A store in memory with one feed in it, which can be opened again.

use bytes::Bytes;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_storage::{Durability, MemoryFile, MemoryStore};
use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_crypto::KeyPair;
use hyperfeed_v2_feed::{
    Accepted, Blocks, Committed, Feed, FeedError, Put, Slot, Store, leaf_hash,
};

pub(crate) struct Place {
    pub(crate) kv: MemoryStore,
    pub(crate) file: Option<MemoryFile>,
    pub(crate) store: Store,
    pub(crate) feed: Feed,
    pub(crate) secret: Option<KeyPair>,
}

/// Where the blocks of a place are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    Attached,
    InStore,
}

pub(crate) fn pair() -> KeyPair {
    KeyPair::from_seed(&[1; 32])
}

pub(crate) fn index(block: u64) -> BlockIndex {
    BlockIndex::new(block).unwrap()
}

impl Place {
    pub(crate) fn live(place: Where) -> Self {
        Self::new(place, Some(pair()), |store, blocks| {
            Feed::create_live(store, pair(), blocks)
        })
    }

    pub(crate) fn unfinished(place: Where) -> Self {
        let id = PublicId::new([9; 32]);
        Self::new(place, None, |store, blocks| {
            Feed::create_static(store, id, blocks)
        })
    }

    pub(crate) fn copy(key: FeedKey, place: Where) -> Self {
        Self::new(place, None, |store, blocks| {
            Feed::create_clone(store, key, blocks)
        })
    }

    fn new(
        place: Where,
        secret: Option<KeyPair>,
        create: impl FnOnce(&mut Store, Blocks) -> Result<Feed, FeedError>,
    ) -> Self {
        let kv = MemoryStore::new();
        let file = (place == Where::Attached).then(MemoryFile::new);
        let mut store = Store::open(Box::new(kv.share())).unwrap();
        let blocks = blocks(file.as_ref());
        let mut feed = create(&mut store, blocks).unwrap();
        store.commit(Durability::Process).unwrap();
        feed.committed();
        Self {
            kv,
            file,
            store,
            feed,
            secret,
        }
    }

    pub(crate) fn reopen(&mut self) {
        let slot = self.feed.slot();
        self.store = Store::open(Box::new(self.kv.share())).unwrap();
        self.feed = self.open(slot).unwrap();
    }

    pub(crate) fn open(&mut self, slot: Slot) -> Result<Feed, FeedError> {
        let secret = self.secret.as_ref().map(|pair| pair.secret().clone());
        Feed::open(&mut self.store, slot, secret, blocks(self.file.as_ref()))
    }

    pub(crate) fn commit(&mut self) -> Committed {
        self.feed
            .seal(&mut self.store, Durability::Process)
            .unwrap();
        self.store.commit(Durability::Process).unwrap();
        self.feed.committed()
    }

    /// Appends in one commit.
    pub(crate) fn append(&mut self, blocks: &[Vec<u8>]) -> Committed {
        for block in blocks {
            let data = Bytes::copy_from_slice(block);
            let leaf = leaf_hash(&data);
            self.feed.stage_append(&mut self.store, data, leaf).unwrap();
        }
        self.commit()
    }

    /// What this place answers to `asker`, who misses a block.
    pub(crate) fn answer(&mut self, asker: &Feed, block: u64) -> Put {
        let block = index(block);
        let digest = asker.digest(block);
        let proof = self
            .feed
            .proof(&mut self.store, block, digest)
            .unwrap()
            .unwrap();
        let found = self.feed.block(&mut self.store, block).unwrap().unwrap();
        assert!(found.is_intact(), "block {block}");
        Put::new(block, found.data, proof.nodes, proof.signature)
    }

    pub(crate) fn stage(&mut self, put: Put) -> Result<Accepted, FeedError> {
        self.feed.stage_put(&mut self.store, put)
    }

    /// Stages the block and commits it.
    pub(crate) fn put(&mut self, put: Put) -> Result<Accepted, FeedError> {
        let accepted = self.stage(put)?;
        self.commit();
        Ok(accepted)
    }

    pub(crate) fn read(&mut self, block: u64) -> Option<Bytes> {
        let found = self.feed.block(&mut self.store, index(block)).unwrap();
        found.map(|block| {
            assert!(block.is_intact());
            block.data
        })
    }

    /// Keys of the store that start with a letter.
    pub(crate) fn keys(&self, letter: u8) -> Vec<Vec<u8>> {
        let mut keys = Vec::new();
        self.store
            .kv()
            .scan(&[letter], &mut |key, _| {
                keys.push(key.to_vec());
                core::ops::ControlFlow::Continue(())
            })
            .unwrap();
        keys
    }

    /// The whole attached file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        use hyperfeed_storage::RandomAccess;
        let file = self.file.as_ref().unwrap();
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read(0, &mut bytes).unwrap();
        bytes
    }
}

fn blocks(file: Option<&MemoryFile>) -> Blocks {
    match file {
        Some(file) => Blocks::Attached(Box::new(file.share())),
        None => Blocks::InStore,
    }
}
