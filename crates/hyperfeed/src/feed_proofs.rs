//! Proofs by hand, and what is wrong with what is stored.

use crate::driver::Waiting;
use crate::feed::index;
use crate::inbox::Message;
use crate::{Error, Feed, VerifyReport};
use bytes::Bytes;
use hyperfeed_merkle::Digest;
use hyperfeed_v2_feed::{OnlyCopy, Proof, Put, Repair};

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
            )
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

    /// Repairs what [`verify`](Self::verify) found: works nodes out again from the blocks beneath them, and drops what
    /// cannot be trusted, so that peers can send it again; [`download`](Self::download) asks them to.
    ///
    /// Of a feed that is written here there may be no other copy: `only_copy` decides about its blocks.
    ///
    /// # Errors
    /// `Closed`, `Full`, `Io`: nothing was changed.
    pub async fn repair(
        &self,
        report: &VerifyReport,
        only_copy: OnlyCopy,
    ) -> Result<Repair, Error> {
        let (slot, findings) = (self.slot()?, report.findings.clone());
        self.core()
            .call(move |owner| owner.repair(slot, &findings, only_copy))
            .await?
    }
}
