//! A folder that is gone afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use crate::step::Failure;

/// A new folder among the system's temporary ones; removed when dropped, unless it is to be kept.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    pub(super) fn new(keep: bool) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("hyperfeed-demo-{}", std::process::id()));
        fs::create_dir(&path)
            .map_err(|error| Failure::new(format!("cannot create {}: {error}", path.display())))?;
        Ok(Self { path, keep })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
