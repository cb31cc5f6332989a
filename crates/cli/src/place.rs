//! The store on disk, and the files that feeds are kept in outside of it.

use crate::args::{Class, Cli, Connection};
use crate::error::Failure;
use hyperfeed::{
    Builder, Core, Durability, ErrorKind, Feed, FeedInfo, FeedKey, FeedOptions, FileStore, PublicId,
};
use std::fs;
use std::io;
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
                // Commands look at the file first, and tell what is wrong with it.
                let file = FileStore::open(Path::new(&path), false).ok()?;
                Some(Box::new(file))
            });
        builder.open().await.map_err(|error| {
            let kind = error.kind();
            let failure = Failure::from(error)
                .while_doing(format_args!("cannot open the store {}", self.dir.display()));
            match kind {
                ErrorKind::InUse => {
                    failure.with_hint("end the other process, or use another --store")
                }
                _ => failure,
            }
        })
    }

    /// Remembers that the blocks of a feed lie in a file of the user's.
    pub(crate) fn remember_file(&self, id: &PublicId, file: &Path) -> Result<(), Failure> {
        let path = std::path::absolute(file)?;
        let text = path
            .to_str()
            .ok_or_else(|| Failure::new(format!("{}: not a path in UTF-8", path.display())))?;
        let note = self.files().join(id.to_string());
        let fail = |error: io::Error| Failure::from(error).while_doing(note.display());
        fs::create_dir_all(self.files()).map_err(fail)?;
        fs::write(&note, text).map_err(fail)
    }

    /// The file of a feed's blocks, if they lie outside of the store.
    pub(crate) fn file(&self, id: &PublicId) -> Option<PathBuf> {
        fs::read_to_string(self.files().join(id.to_string()))
            .ok()
            .map(PathBuf::from)
    }

    /// Fails if the blocks of a feed lie in a file that cannot be used.
    pub(crate) fn check_file(&self, id: &PublicId) -> Result<(), Failure> {
        let Some(file) = self.file(id) else {
            return Ok(());
        };
        let opened = FileStore::open(&file, false).map(drop);
        opened.map_err(|error| {
            Failure::new(error.to_string())
                .while_doing("the blocks of this feed lie in a file outside of the store")
                .with_hint(format!(
                    "bring {} back, or `hyperfeed remove` the feed and clone it again",
                    file.display()
                ))
        })
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
pub(crate) async fn feed(place: &Place, core: &Core, name: &str) -> Result<Feed, Failure> {
    feed_with(place, core, name, FeedOptions::new()).await
}

/// Opens the feed that a name stands for, with options.
pub(crate) async fn feed_with(
    place: &Place,
    core: &Core,
    name: &str,
    options: FeedOptions,
) -> Result<Feed, Failure> {
    let id = find(core, name).await?.public_id;
    place.check_file(&id)?;
    Ok(core.open_local_with(&id.to_string(), options).await?)
}

/// What to call a feed: as short as it can be, and so that it is found again.
pub(crate) fn name(info: &FeedInfo) -> String {
    match (&info.alias, &info.key) {
        (Some(alias), _) => alias.clone(),
        (None, Some(key)) => key.to_string(),
        (None, None) => info.public_id.to_string(),
    }
}

/// The key that `clone` is given: all of it, or a name of a feed that is here already.
pub(crate) async fn key(core: &Core, text: &str) -> Result<FeedKey, Failure> {
    let error = match text.parse() {
        Ok(key) => return Ok(key),
        Err(error) => error,
    };
    match core.find(text).await.map(|info| info.key) {
        Ok(Some(key)) => Ok(key),
        _ => Err(
            Failure::new(format!("{text}: not a feed key: {error}")).with_hint(
                "a key is 64 hex digits, as `hyperfeed create` and `hyperfeed list` print it",
            ),
        ),
    }
}

/// The feed that a name stands for.
pub(crate) async fn find(core: &Core, name: &str) -> Result<FeedInfo, Failure> {
    core.find(name).await.map_err(|error| {
        Failure::from(error).with_hint("`hyperfeed list` shows the feeds of this store")
    })
}
