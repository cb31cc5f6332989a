//! How a core is opened.

use crate::clock::Clock;
use crate::driver::Owner;
use crate::home::{External, Home};
use crate::inbox::Message;
use crate::shared::Shared;
use crate::unsynced::BytesFirst;
use crate::{Core, Error, ErrorKind, FeedIdentity};
use futures::channel::oneshot;
use hyperfeed_storage::{Durability, KeyValue, MemoryStore, RandomAccess};
use hyperfeed_types::PeerId;
use hyperfeed_v2_crypto::Entropy;
use hyperfeed_v2_feed::Store;
use hyperfeed_v2_replicate::{Config, Replicator};
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;
use zeroize::Zeroizing;

#[cfg(feature = "disk")]
use crate::files::Files;
#[cfg(feature = "disk")]
use crate::home::Secrets;
#[cfg(feature = "disk")]
use hyperfeed_storage_disk::{Backend, DiskOptions, DiskStore, FilePool, KeyDir};
#[cfg(feature = "disk")]
use std::path::{Path, PathBuf};

/// How a core is opened; from [`Core::builder`].
///
/// Without a directory or a store it is kept in memory.
#[must_use = "nothing is opened before `open`"]
pub struct Builder {
    config: Config,
    external: Option<External>,
    peer_id: Option<PeerId>,
    place: Place,
    seed: Option<[u8; 32]>,
    #[cfg(feature = "disk")]
    disk: DiskOptions,
    #[cfg(feature = "disk")]
    keys: Option<PathBuf>,
    #[cfg(feature = "disk")]
    max_open_files: usize,
}

enum Place {
    #[cfg(feature = "disk")]
    Dir(PathBuf),
    Memory,
    Store(Box<dyn KeyValue>),
}

/// The owner's end of a core that does not run yet.
struct OwnerEnd {
    clock: Clock,
    inbox: mpsc::Receiver<Message>,
    entropy: Entropy,
    alive: async_channel::Sender<Infallible>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            config: Config::default(),
            external: None,
            peer_id: None,
            place: Place::Memory,
            seed: None,
            #[cfg(feature = "disk")]
            disk: DiskOptions::default(),
            #[cfg(feature = "disk")]
            keys: None,
            #[cfg(feature = "disk")]
            max_open_files: MAX_OPEN_FILES,
        }
    }

    /// Keeps the store in a directory: metadata in a database, the blocks of each feed in a file, secret keys in files
    /// that only their owner can read.
    #[cfg(feature = "disk")]
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.place = Place::Dir(dir.as_ref().to_owned());
        self
    }

    /// The database of a directory. Default: sled.
    #[cfg(feature = "disk")]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.disk.backend = backend;
        self
    }

    /// Memory that the database of a directory may use as a cache, in bytes. Default: 32 MiB. It fills as the store is
    /// used; a process with many cores may want less for each.
    #[cfg(feature = "disk")]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.disk.cache_bytes = bytes;
        self
    }

    /// Block files open at a time, over all feeds of a directory. Default: 256.
    #[cfg(feature = "disk")]
    pub fn max_open_files(mut self, count: usize) -> Self {
        self.max_open_files = count.max(1);
        self
    }

    /// Keeps everything but secret keys in a store of one's own, blocks included. Secret keys are kept in memory, or in
    /// the directory named by `keys`.
    pub fn store(mut self, store: impl KeyValue + 'static) -> Self {
        self.place = Place::Store(Box::new(store));
        self
    }

    /// The directory of secret keys for a core on a [`store`](Self::store) of one's own.
    #[cfg(feature = "disk")]
    pub fn keys(mut self, dir: impl AsRef<Path>) -> Self {
        self.keys = Some(dir.as_ref().to_owned());
        self
    }

    /// Is asked for external storage whenever a feed is made or opened without one in its options; `None` keeps the
    /// feed where the core keeps its blocks. Must give the same storage for the same feed each time.
    pub fn external(
        mut self,
        find: impl FnMut(&FeedIdentity) -> Option<Box<dyn RandomAccess>> + Send + 'static,
    ) -> Self {
        self.external = Some(Box::new(find));
        self
    }

    /// What an append survives once it is acknowledged, unless it says otherwise; also blocks from peers. Default:
    /// [`Durability::Process`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.config.durability = durability;
        self
    }

    /// What this core calls itself to peers. Default: random each time.
    pub fn peer_id(mut self, peer_id: PeerId) -> Self {
        self.peer_id = Some(peer_id);
        self
    }

    /// Most bytes a second sent to all peers together.
    pub fn max_upload(mut self, bytes_per_second: u64) -> Self {
        self.config.max_upload = Some(bytes_per_second);
        self
    }

    /// Most bytes a second received from all peers together.
    pub fn max_download(mut self, bytes_per_second: u64) -> Self {
        self.config.max_download = Some(bytes_per_second);
        self
    }

    /// All limits of replication at once; see [`Config`]. Call it before the limits above.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Makes every key, id and nonce follow from `seed`. For tests alone: two cores with one seed encrypt with the same
    /// nonces, and whoever knows the seed knows the secret keys.
    pub fn seed_for_tests(mut self, seed: [u8; 32]) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Opens the core. The store is opened on the core's own thread.
    ///
    /// # Errors
    /// As [`Core::open`].
    pub async fn open(self) -> Result<Core, Error> {
        let (answer, answered) = oneshot::channel();
        let (shared, end) = self.prepare()?;
        let owner = move || match self.build(end) {
            Ok(owner) => {
                if answer.send(Ok(())).is_ok() {
                    owner.run();
                }
            }
            Err(error) => drop(answer.send(Err(error))),
        };
        spawn(owner)?;
        answered
            .await
            .unwrap_or_else(|_| Err(Error::core_closed()))?;
        Ok(Core::new(shared))
    }

    pub(crate) fn open_memory(self) -> Result<Core, Error> {
        let (shared, end) = self.prepare()?;
        let owner = self.build(end)?;
        spawn(move || owner.run())?;
        Ok(Core::new(shared))
    }

    fn prepare(&self) -> Result<(Arc<Shared>, OwnerEnd), Error> {
        let mut entropy = match self.seed {
            Some(seed) => Entropy::from_seed(seed),
            None => system_entropy()?,
        };
        let owners = entropy.fork();
        let peer_id = self.peer_id.unwrap_or_else(|| {
            let mut id = [0; 32];
            entropy.fill(&mut id);
            PeerId::from(id)
        });
        let clock = Clock::start();
        let (sender, inbox) = mpsc::channel();
        let (alive, closed) = async_channel::bounded(1);
        let shared = Shared::new(clock, peer_id, sender, closed, entropy);
        Ok((
            Arc::new(shared),
            OwnerEnd {
                clock,
                inbox,
                entropy: owners,
                alive,
            },
        ))
    }

    fn build(self, end: OwnerEnd) -> Result<Owner, Error> {
        let OwnerEnd {
            clock,
            inbox,
            mut entropy,
            alive,
        } = end;
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        let home = Home::in_memory(self.external);
        let (kv, home): (Box<dyn KeyValue>, Home) = match self.place {
            #[cfg(feature = "disk")]
            Place::Dir(dir) => {
                let (mut store, report) = DiskStore::open(&dir, self.disk)?;
                tracing::debug!(?report, "opened the store");
                let unsynced = home.unsynced.clone();
                store.before_sync(move || unsynced.sync());
                let files = Files::Disk(FilePool::new(&dir.join("blocks"), self.max_open_files));
                let secrets = Secrets::Disk(KeyDir::open(&dir.join("keys"))?);
                (
                    Box::new(store),
                    Home {
                        files,
                        secrets,
                        ..home
                    },
                )
            }
            Place::Memory => (Box::new(MemoryStore::new()), home),
            Place::Store(store) => {
                #[cfg(feature = "disk")]
                let home = match self.keys {
                    Some(dir) => Home {
                        secrets: Secrets::Disk(KeyDir::open(&dir)?),
                        ..home
                    },
                    None => home,
                };
                (store, home)
            }
        };
        let kv = BytesFirst {
            store: kv,
            unsynced: home.unsynced.clone(),
        };
        let replicator = Replicator::new(self.config, Store::open(Box::new(kv))?, seed);
        Ok(Owner::new(replicator, home, clock, inbox, alive))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn system_entropy() -> Result<Entropy, Error> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| {
        let text = format!("the operating system gives no random bytes: {error}");
        Error::new(ErrorKind::Io, text)
    })?;
    Ok(Entropy::from_seed(*seed))
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new()
        .name("hyperfeed".to_owned())
        .spawn(work);
    let failed =
        |error| Error::with_source(ErrorKind::Io, "the operating system gives no thread", error);
    thread.map(drop).map_err(failed)
}

/// Enough for a busy node, and well below the usual limit of 1024 files a process.
#[cfg(feature = "disk")]
const MAX_OPEN_FILES: usize = 256;
