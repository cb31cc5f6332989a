//! Proofs by hand, and what is wrong with what is stored.

use crate::driver::Waiting;
use crate::feed::index;
use crate::inbox::Message;
use crate::{Error, Feed, RepairReport, VerifyReport};
use bytes::Bytes;
use hyperfeed_merkle::Digest;
use hyperfeed_v2_feed::{OnlyCopy, Proof, Put};

impl Feed {
    /// What makes a held block checkable for somebody who has `digest`; `None` if it is not held.
    ///
    /// # Errors
    /// `Closed`, `Io`, `Corrupt`.
    pub async fn proof(&self, block: u64, digest: Digest) -> Result<Option<Proof>, Error> {
        let (slot, block) = (self.slot()?, index(block)?);
        Ok(self
            .core()
            .call(move |owner| owner.replicator.proof(slot, block, digest))
            .await??)
    }

    /// Which nodes above a block are held here, for [`proof`](Self::proof) on the other side.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn digest(&self, block: u64) -> Result<Digest, Error> {
        let (slot, block) = (self.slot()?, index(block)?);
        self.core()
            .call(move |owner| owner.open_feed(slot).map(|feed| feed.digest(block)))
            .await?
    }

    /// Stores a block that came by another way than a connection, if its proof holds. Whether it was new.
    ///
    /// # Errors
    /// `Verification`: it is not a block of this feed; nothing was stored. `Closed`, `Full`, `Io`.
    ///
    /// ```
    /// use hyperfeed::{Core, Hash, Node, NodeIndex, Proof, Signature};
    ///
    /// # futures::executor::block_on(async {
    /// let (here, there) = (Core::memory()?, Core::memory()?);
    /// let feed = here.create_feed().await?;
    /// feed.append_batch(["a", "b", "c"]).await?;
    /// let copy = there.open_feed(&feed.key().ok_or("a live feed has a key")?).await?;
    ///
    /// let proof = feed.proof(1, copy.digest(1).await?).await?.ok_or("it is held")?;
    /// // Numbers and bytes, whichever way they travel.
    /// let parts: Vec<(u64, u64, [u8; 32])> = proof
    ///     .nodes
    ///     .iter()
    ///     .map(|node| (node.index.get(), node.size, *node.hash.as_bytes()))
    ///     .collect();
    /// let signature = proof.signature.map(|signature| signature.as_bytes().to_vec());
    ///
    /// let mut nodes = Vec::new();
    /// for (index, size, hash) in parts {
    ///     let index = NodeIndex::new(index).ok_or("an index of a node")?;
    ///     nodes.push(Node { index, size, hash: Hash::new(hash) });
    /// }
    /// let signature = signature.map(Signature::new);
    /// assert!(copy.put(1, "b", Proof { nodes, signature }).await?);
    /// assert_eq!(copy.get(1).await?, "b");
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub async fn put(
        &self,
        block: u64,
        data: impl Into<Bytes>,
        proof: Proof,
    ) -> Result<bool, Error> {
        let slot = self.slot()?;
        let put = Box::new(Put::new(
            index(block)?,
            data.into(),
            proof.nodes,
            proof.signature,
        ));
        self.core()
            .command(
                |reply| Waiting::Put { slot, reply },
                |token, waiting| Message::Put {
                    slot,
                    put,
                    token,
                    waiting,
                },
            )?
            .await
    }

    /// Remembers for good that `length` blocks of this feed were signed somewhere: appending fails with `Behind` until
    /// they are all held here.
    ///
    /// For the owner of a feed who knows that this copy is older than others: it came from a backup, or from a store of
    /// which a part was lost. To append to it would fork the feed.
    ///
    /// # Errors
    /// `Closed`, `Full`, `Io`.
    pub async fn expect_length(&self, length: u64) -> Result<(), Error> {
        let slot = self.slot()?;
        self.core()
            .call(move |owner| owner.expect_length(slot, length))
            .await?
    }

    /// Reads and hashes every block that is held, on all cores of the machine. `progress` is told blocks done and blocks
    /// in all, from time to time. Others can use the feed meanwhile.
    ///
    /// # Errors
    /// `Closed`, `Io`. Blocks that are wrong are not an error but in the report.
    pub async fn verify(&self, progress: impl FnMut(u64, u64)) -> Result<VerifyReport, Error> {
        crate::verify::verify(self, progress).await
    }

    /// Verifies and repairs until nothing more can be done: works nodes out again from the blocks beneath them, and
    /// drops what cannot be trusted, so that peers can send it again. Peers that are connected are asked at once for
    /// blocks of a feed that is not [sparse](crate::FeedOptions::sparse); [`get`](Self::get) and
    /// [`download`](Self::download) ask them for others.
    ///
    /// Of a feed that is written here there may be no other copy: `only_copy` decides about its blocks. Once some are
    /// dropped, nothing can be appended before they are all back.
    ///
    /// Costs at least one [`verify`](Self::verify), two if something is wrong; `progress` is told how far each is.
    ///
    /// # Errors
    /// `Closed`, `Full`, `Io`. What was done until then stays.
    pub async fn repair(
        &self,
        only_copy: OnlyCopy,
        progress: impl FnMut(u64, u64),
    ) -> Result<RepairReport, Error> {
        crate::repair::repair(self, only_copy, progress).await
    }
}
