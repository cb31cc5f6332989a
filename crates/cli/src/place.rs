//! The store on disk, and the files that feeds are kept in outside of it.

use crate::args::{Class, Cli, Connection};
use crate::error::Failure;
use hyperfeed::{Builder, Core, Durability, Feed, FeedKey, PublicId};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the store is, and how to open it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    dir: PathBuf,
    durability: Durability,
}

impl Place {
    pub(crate) fn new(cli: &Cli) -> Result<Self, Failure> {
        let dir = match &cli.store {
            Some(dir) => dir.clone(),
            None => directories::ProjectDirs::from("", "", "hyperfeed")
                .ok_or_else(|| {
                    Failure::new("there is no home directory")
                        .with_hint("name a store with --store DIR")
                })?
                .data_dir()
                .to_owned(),
        };
        let durability = match cli.durability {
            Class::Power => Durability::Power,
            Class::Process => Durability::Process,
            Class::Relaxed => Durability::Relaxed,
        };
        Ok(Self { dir, durability })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Opens the store, making it if it is not there.
    pub(crate) async fn open(&self) -> Result<Core, Failure> {
        self.finish(Core::builder()).await
    }

    /// Opens the store with the limits of the flags.
    pub(crate) async fn open_limited(&self, connection: &Connection) -> Result<Core, Failure> {
        let mut builder = Core::builder();
        if let Some(limit) = connection.max_upload {
            builder = builder.max_upload(limit.0);
        }
        if let Some(limit) = connection.max_download {
            builder = builder.max_download(limit.0);
        }
        self.finish(builder).await
    }

    async fn finish(&self, builder: Builder) -> Result<Core, Failure> {
        let files = self.files();
        let builder = builder
            .dir(&self.dir)
            .durability(self.durability)
            .external(move |feed| {
                let path = fs::read_to_string(files.join(feed.public_id.to_string())).ok()?;
                match hyperfeed::FileStore::open(Path::new(&path), true) {
                    Ok(file) => Some(Box::new(file)),
                    Err(error) => {
                        anstream::eprintln!("warning: {path}: {error}");
                        None
                    }
                }
            });
        builder.open().await.map_err(|error| {
            Failure::from(error).while_doing(format_args!("store {}", self.dir.display()))
        })
    }

    /// Remembers that the blocks of a feed lie in a file of the user's.
    pub(crate) fn remember_file(&self, id: &PublicId, file: &Path) -> Result<(), Failure> {
        let path = std::path::absolute(file)?;
        let text = path
            .to_str()
            .ok_or_else(|| Failure::new(format!("{}: not a path in UTF-8", path.display())))?;
        fs::create_dir_all(self.files())?;
        Ok(fs::write(self.files().join(id.to_string()), text)?)
    }

    /// The file of a feed's blocks, if they lie outside of the store.
    pub(crate) fn file(&self, id: &PublicId) -> Option<PathBuf> {
        fs::read_to_string(self.files().join(id.to_string()))
            .ok()
            .map(PathBuf::from)
    }

    pub(crate) fn forget_file(&self, id: &PublicId) {
        // Not there: nothing to forget.
        fs::remove_file(self.files().join(id.to_string())).ok();
    }

    fn files(&self) -> PathBuf {
        self.dir.join("files")
    }
}

/// Opens the feed that a name stands for: key, public id, prefix of either, or alias.
pub(crate) async fn feed(core: &Core, name: &str) -> Result<Feed, Failure> {
    let info = core.find(name).await.map_err(|error| {
        Failure::from(error).with_hint("`hyperfeed list` shows the feeds of this store")
    })?;
    Ok(core.open_local(&info.public_id.to_string()).await?)
}

/// A feed's whole key, as `clone` needs it.
pub(crate) fn key(text: &str) -> Result<FeedKey, Failure> {
    text.parse().map_err(|error| {
        Failure::new(format!("{text}: not a feed key: {error}")).with_hint(
            "a key is 64 hex digits, as `hyperfeed create` and `hyperfeed list` print it",
        )
    })
}
