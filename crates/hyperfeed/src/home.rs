//! Where blocks and secret keys lie.

use crate::files::{Files, NewBlocks, given};
use crate::unsynced::{BlockFile, TrackedFile, Unsynced};
use crate::{Error, ErrorKind, FeedIdentity};
use hyperfeed_storage::RandomAccess;
use hyperfeed_types::PublicId;
use hyperfeed_v2_crypto::SecretKey;
use hyperfeed_v2_feed::FeedRecord;
use std::collections::BTreeMap;

#[cfg(feature = "disk")]
use hyperfeed_storage_disk::KeyDir;

/// Finds external storage for a feed.
pub(crate) type External = Box<dyn FnMut(&FeedIdentity) -> Option<Box<dyn RandomAccess>> + Send>;

/// The files beside the store, or what stands in for them.
pub(crate) struct Home {
    pub(crate) external: Option<External>,
    pub(crate) files: Files,
    pub(crate) secrets: Secrets,
    pub(crate) unsynced: Unsynced,
}

/// Where secret keys lie: never in the store.
pub(crate) enum Secrets {
    /// A file for each, readable by its owner only.
    #[cfg(feature = "disk")]
    Disk(KeyDir),
    /// Gone with the process.
    Memory(BTreeMap<PublicId, SecretKey>),
}

impl Home {
    pub(crate) fn in_memory(external: Option<External>) -> Self {
        Self {
            external,
            files: Files::Store,
            secrets: Secrets::Memory(BTreeMap::new()),
            unsynced: Unsynced::default(),
        }
    }

    /// The file for the blocks of a feed that is about to be made; none if they go into the store.
    pub(crate) fn new_blocks(
        &mut self,
        identity: &FeedIdentity,
        external: Option<Box<dyn RandomAccess>>,
    ) -> Result<(Option<TrackedFile>, NewBlocks), Error> {
        let external = external.or_else(|| self.external.as_mut().and_then(|find| find(identity)));
        if let Some(storage) = &external
            && !storage.is_empty()?
        {
            let text = "the external storage has bytes in it already, which the feed would overwrite; give it an empty one";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let (file, made) = self.files.new_blocks(external);
        Ok((self.tracked(file), made))
    }

    /// The file with the blocks of a stored feed; none if they are in the store.
    pub(crate) fn blocks(
        &mut self,
        record: &FeedRecord,
        external: Option<Box<dyn RandomAccess>>,
    ) -> Result<Option<TrackedFile>, Error> {
        if !record.attached {
            return Ok(None);
        }
        let identity = FeedIdentity {
            key: record.key,
            public_id: record.id,
            kind: record.kind,
            alias: record.alias.clone(),
        };
        let external = external.or_else(|| self.external.as_mut().and_then(|find| find(&identity)));
        if let Some(storage) = external {
            return Ok(self.tracked(Some(given(storage))));
        }
        let file = self.files.blocks(record.slot).ok_or_else(|| {
            let text = format!(
                "the blocks of feed {} lie in external storage; give it again with `FeedOptions::external` or `Builder::external`",
                record.id
            );
            Error::new(ErrorKind::NotFound, text)
        })?;
        Ok(self.tracked(Some(file)))
    }

    fn tracked(&self, file: Option<BlockFile>) -> Option<TrackedFile> {
        file.map(|file| self.unsynced.track(file))
    }

    pub(crate) fn save_secret(&mut self, id: &PublicId, secret: &SecretKey) -> Result<(), Error> {
        match &mut self.secrets {
            #[cfg(feature = "disk")]
            Secrets::Disk(keys) => Ok(keys.save(&id.to_string(), &secret.to_bytes()[..])?),
            Secrets::Memory(keys) => {
                keys.insert(*id, secret.clone());
                Ok(())
            }
        }
    }

    pub(crate) fn secret(&self, id: &PublicId) -> Result<Option<SecretKey>, Error> {
        match &self.secrets {
            #[cfg(feature = "disk")]
            Secrets::Disk(keys) => {
                let Some(bytes) = keys.load(&id.to_string())? else {
                    return Ok(None);
                };
                let secret = SecretKey::from_slice(&bytes).map_err(|error| {
                    let text =
                        format!("the key file {id} is damaged ({error}); restore it from a backup");
                    Error::with_source(ErrorKind::Corrupt, text, error)
                })?;
                Ok(Some(secret))
            }
            Secrets::Memory(keys) => Ok(keys.get(id).cloned()),
        }
    }

    /// Removes what lies beside the store. External storage is the user's.
    pub(crate) fn remove(&mut self, record: &FeedRecord) -> Result<(), Error> {
        self.files.remove(record.slot)?;
        match &mut self.secrets {
            #[cfg(feature = "disk")]
            Secrets::Disk(keys) => drop(keys.remove(&record.id.to_string())?),
            Secrets::Memory(keys) => drop(keys.remove(&record.id)),
        }
        Ok(())
    }
}
