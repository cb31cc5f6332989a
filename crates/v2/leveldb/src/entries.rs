use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;

use rusty_leveldb::{DB, DBIterator, LdbIterator, Options};

use crate::ReadError;
use crate::read_only_env::ReadOnlyEnv;

/// A key and its value.
type Entry = (Vec<u8>, Vec<u8>);
/// What looks at an entry, and says whether to go on.
type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Tables that are kept open. Each is a file.
const OPEN_TABLES: usize = 200;

/// The entries of a LevelDB as they were when it was opened, in the order of their keys.
///
/// All reading goes through one iterator: the database's own lookups count how often a table is
/// asked in vain, and merge tables for that.
pub(crate) struct Entries {
    iterator: DBIterator,
    // What the iterator reads from.
    _db: DB,
    gave_up: bool,
}

impl Entries {
    pub(crate) fn open(dir: &Path) -> Result<Self, ReadError> {
        if !dir.join("CURRENT").is_file() {
            return Err(ReadError::NotADatabase {
                path: dir.to_owned(),
            });
        }
        let options = Options {
            env: Rc::new(Box::new(ReadOnlyEnv::new(dir))),
            create_if_missing: false,
            max_open_files: OPEN_TABLES,
            reuse_logs: false,
            reuse_manifest: false,
            ..Options::default()
        };
        let opened = catch(|| {
            // The name is never looked at: the files are where the environment says.
            let mut db = DB::open("leveldb", options)?;
            let iterator = db.new_iter()?;
            Ok::<_, rusty_leveldb::Status>((db, iterator))
        })?;
        let (db, iterator) = opened.map_err(|status| ReadError::Damaged { what: status.err })?;
        Ok(Self {
            iterator,
            _db: db,
            gave_up: false,
        })
    }

    pub(crate) fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let found = self.first_from(key)?;
        Ok(found.and_then(|(found, value)| (found == key).then_some(value)))
    }

    /// The first entry whose key is not below `key`.
    pub(crate) fn first_from(&mut self, key: &[u8]) -> Result<Option<Entry>, ReadError> {
        self.call(|iterator| {
            iterator.seek(key);
            current(iterator)
        })
    }

    /// Hands every entry whose key starts with `prefix` to `each`, until it breaks.
    pub(crate) fn scan(&mut self, prefix: &[u8], each: &mut Visit<'_>) -> Result<(), ReadError> {
        let mut next = self.first_from(prefix)?;
        while let Some((key, value)) = next {
            if !key.starts_with(prefix) || each(&key, &value).is_break() {
                break;
            }
            next = self.call(|iterator| {
                iterator.advance();
                current(iterator)
            })?;
        }
        Ok(())
    }

    /// The reader of the database panics on damage.
    fn call<T>(&mut self, call: impl FnOnce(&mut DBIterator) -> T) -> Result<T, ReadError> {
        if self.gave_up {
            return Err(ReadError::Damaged {
                what: "its reader gave up earlier".to_owned(),
            });
        }
        let result = catch(|| call(&mut self.iterator));
        self.gave_up = result.is_err();
        result
    }
}

fn current(iterator: &DBIterator) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut key, mut value) = (Vec::new(), Vec::new());
    let found = iterator.valid() && iterator.current(&mut key, &mut value);
    found.then_some((key, value))
}

fn catch<T>(call: impl FnOnce() -> T) -> Result<T, ReadError> {
    // What panicked is not used again.
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| ReadError::Damaged {
        what: "its reader gave up".to_owned(),
    })
}
