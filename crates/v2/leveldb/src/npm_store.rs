use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::entries::Entries;
use crate::held_lock::HeldLock;
use crate::layout::{self, FeedKeys};
use crate::{NpmFeed, ReadError, StoredFeed};

/// Sublevels around the database of hypercore that are looked into, one in the other.
const DEPTH: usize = 4;

/// A directory in which npm hypercore 2.x kept its feeds in LevelDB. It is only ever read, and on Unix
/// locked while it is open, so that no program of npm's changes it meanwhile.
pub struct NpmStore {
    dir: PathBuf,
    pub(crate) entries: Entries,
    _lock: HeldLock,
}

impl NpmStore {
    /// Opens the database in `dir`. Where nothing is locked no program may be writing to it: what it
    /// writes meanwhile may be missed, and files it replaces may not be found.
    ///
    /// # Errors
    /// No LevelDB is there, another program has it open, or it cannot be read.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        let lock = HeldLock::take(dir)?;
        Ok(Self {
            _lock: lock,
            dir: dir.to_owned(),
            entries: Entries::open(dir)?,
        })
    }

    /// The feeds that the database knows by name, and the records that are none; also if the database
    /// of hypercore is a sublevel of another.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn feeds(&mut self) -> Result<Vec<Result<NpmFeed, ReadError>>, ReadError> {
        let mut feeds = Vec::new();
        for before in self.databases()? {
            self.entries
                .scan(&layout::feeds(&before), &mut |key, record| {
                    feeds.push(NpmFeed::decode(&before, key, record));
                    ControlFlow::Continue(())
                })?;
        }
        Ok(feeds)
    }

    /// How many feeds have nodes here and no record: static feeds that were never finalized. They have
    /// no key.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn nameless(&mut self) -> Result<usize, ReadError> {
        let named: Vec<Vec<u8>> = self
            .feeds()?
            .into_iter()
            .flatten()
            .map(|feed| feed.keys.all("nodes"))
            .collect();
        let mut count = 0;
        for before in self.databases()? {
            let all = layout::all_nodes(&before);
            let mut from = all.clone();
            while let Some((key, _)) = self.entries.first_from(&from)? {
                let Some(rest) = key.strip_prefix(all.as_slice()) else {
                    break;
                };
                let Some(end) = rest.iter().position(|byte| *byte == b'!') else {
                    break;
                };
                let nodes = key.get(..=all.len() + end).unwrap_or_default();
                count += usize::from(!named.iter().any(|named| named == nodes));
                from = layout::after(nodes);
            }
        }
        Ok(count)
    }

    /// Reads which parts of a feed are there, and how far they are vouched for. Costs a pass over its
    /// keys, and a bit a node in memory.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn read(&mut self, feed: &NpmFeed) -> Result<StoredFeed, ReadError> {
        StoredFeed::read(self, feed)
    }

    /// The prefixes under which databases of hypercore lie: nothing, and those of other sublevels.
    fn databases(&mut self) -> Result<Vec<Vec<u8>>, ReadError> {
        let mut found = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..DEPTH {
            let until = found.len();
            for around in found.get(from..until).unwrap_or_default().to_vec() {
                let mut inner = self.sublevels(&around)?;
                found.append(&mut inner);
            }
            from = until;
        }
        Ok(found)
    }

    fn sublevels(&mut self, around: &[u8]) -> Result<Vec<Vec<u8>>, ReadError> {
        let mut found = Vec::new();
        let start = [around, b"!"].concat();
        let mut from = start.clone();
        while let Some((key, _)) = self.entries.first_from(&from)? {
            if !key.starts_with(&start) {
                break;
            }
            from = match layout::foreign_sublevel(around, &key) {
                Some(sublevel) => {
                    found.push(sublevel.to_vec());
                    layout::after(sublevel)
                }
                // One of ours, or no sublevel at all: on to the next name.
                None => {
                    let rest = key.get(start.len()..).unwrap_or_default();
                    let name = rest.iter().position(|byte| *byte == b'!');
                    let end = start.len() + name.map_or(rest.len(), |name| name + 1);
                    let mut from = key.get(..end).unwrap_or_default().to_vec();
                    if name.is_some() {
                        layout::after(&from)
                    } else {
                        from.push(0);
                        from
                    }
                }
            };
        }
        Ok(found)
    }

    /// A value of a feed that is never printed nor kept longer than needed.
    pub(crate) fn value(
        &mut self,
        keys: &FeedKeys,
        kind: &str,
        number: u64,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ReadError> {
        let found = self.entries.get(&keys.numbered(kind, number))?;
        Ok(found.map(Zeroizing::new))
    }
}

impl fmt::Debug for NpmStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NpmStore")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}
