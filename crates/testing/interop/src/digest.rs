//! One hash over many blocks.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// What a range of blocks amounts to: two peers with equal digests hold equal blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedDigest {
    /// Number of blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// SHA-256 over the blocks, each after its length as four bytes, big end first.
    pub sha256: [u8; 32],
}

impl FeedDigest {
    /// The digest of these blocks.
    pub fn of<B: AsRef<[u8]>>(blocks: impl IntoIterator<Item = B>) -> Self {
        let mut digester = Digester::default();
        for block in blocks {
            digester.push(block.as_ref());
        }
        digester.finish()
    }
}

/// Makes a [`FeedDigest`] block by block.
#[derive(Clone, Default)]
pub struct Digester {
    blocks: u64,
    bytes: u64,
    hash: Sha256,
}

impl Digester {
    /// Adds the next block.
    pub fn push(&mut self, block: &[u8]) {
        // Blocks of tests are far below 4 GiB.
        let length = u32::try_from(block.len()).unwrap_or(u32::MAX);
        self.hash.update(length.to_be_bytes());
        self.hash.update(block);
        self.blocks += 1;
        self.bytes += u64::from(length);
    }

    /// The digest of all that was added.
    pub fn finish(self) -> FeedDigest {
        FeedDigest {
            blocks: self.blocks,
            bytes: self.bytes,
            sha256: self.hash.finalize().into(),
        }
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digester")
            .field("blocks", &self.blocks)
            .field("bytes", &self.bytes)
            .finish()
    }
}
