//! A plain file with the bytes of a feed that is kept in the store.

use crate::error::Failure;
use hyperfeed::Feed;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Blocks of a range, one after the other, in a file. What an earlier run wrote is compared and stays.
#[derive(Debug)]
pub(crate) struct Copy {
    path: PathBuf,
    file: File,
    range: Range<u64>,
    /// Whether what is in the file has been compared to its end.
    compared: bool,
}

impl Copy {
    /// Opens the file, making it if it is not there.
    pub(crate) fn open(path: &Path, range: Range<u64>) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| Failure::from(error).while_doing(path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            range,
            compared: false,
        })
    }

    /// Writes the blocks up to `length` that are not in the file yet; all of them must be held.
    pub(crate) async fn advance(&mut self, feed: &Feed, length: u64) -> Result<(), Failure> {
        let end = self.range.end.min(length);
        while self.range.start < end {
            let block = feed.get(self.range.start).await?;
            self.add(&block)
                .map_err(|error| Failure::from(error).while_doing(self.path.display()))?;
            self.range.start += 1;
        }
        self.check_end()
            .map_err(|error| Failure::from(error).while_doing(self.path.display()))
    }

    fn check_end(&mut self) -> io::Result<()> {
        if !self.compared && self.file.metadata()?.len() > self.file.stream_position()? {
            return Err(something_else());
        }
        Ok(())
    }

    fn add(&mut self, block: &[u8]) -> io::Result<()> {
        let mut block = block;
        if !self.compared {
            let mut there = vec![0; block.len()];
            let read = read_up_to(&mut self.file, &mut there)?;
            if block.get(..read) != there.get(..read) {
                return Err(something_else());
            }
            self.compared = read < block.len();
            if self.compared {
                self.file.seek(io::SeekFrom::End(0))?;
            }
            block = block.get(read..).unwrap_or_default();
        }
        self.file.write_all(block)
    }
}

fn something_else() -> io::Error {
    let text = "is there already and holds something else; name another file with --to";
    io::Error::new(io::ErrorKind::AlreadyExists, text)
}

/// Fills `into` as far as the file goes.
fn read_up_to(file: &mut File, into: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = into.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
