//! An append that has begun and not ended.

use crate::error::Failure;
use crate::place::Place;
use hyperfeed::PublicId;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Remembers where a long append began, so that a run after a crash or a full disk can tell what of its input is
/// in the feed already.
#[derive(Debug)]
pub(crate) struct Unfinished {
    path: PathBuf,
    written: bool,
}

impl Unfinished {
    /// Of a feed; also the block an earlier append began at that has not ended.
    pub(crate) fn of(place: &Place, id: &PublicId) -> Result<(Self, Option<u64>), Failure> {
        let path = place.dir().join("appends").join(id.to_string());
        let start = match fs::read_to_string(&path) {
            // Unreadable is what a crash leaves while it is written: before the first block then.
            Ok(text) => text.trim().parse().ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::from(error).while_doing(path.display())),
        };
        let written = start.is_some();
        Ok((Self { path, written }, start))
    }

    /// To be called before the first commit of an append that takes several.
    pub(crate) fn begin(&mut self, start: u64) -> Result<(), Failure> {
        let fail = |error: io::Error| Failure::from(error).while_doing(self.path.display());
        if let Some(dir) = self.path.parent() {
            fs::create_dir_all(dir).map_err(fail)?;
        }
        fs::write(&self.path, start.to_string()).map_err(fail)?;
        self.written = true;
        Ok(())
    }

    /// Everything is in the feed.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        if self.written {
            let fail = |error: io::Error| Failure::from(error).while_doing(self.path.display());
            fs::remove_file(&self.path).map_err(fail)?;
            self.written = false;
        }
        Ok(())
    }
}
