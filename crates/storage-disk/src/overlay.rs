use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;
use std::ops::{Bound, ControlFlow};

use hyperfeed_storage::{Batch, Op};

use crate::engine::Each;

type Entries = BTreeMap<Box<[u8]>, Option<Box<[u8]>>>;
type Range<'a> = btree_map::Range<'a, Box<[u8]>, Option<Box<[u8]>>>;

/// The changes of all commits that the backend does not have yet, newest per key; a deleted key is
/// `None`.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    entries: Entries,
    bytes: u64,
}

impl Overlay {
    pub(crate) fn apply(&mut self, batch: &Batch) {
        for op in batch {
            match op {
                Op::Delete { key } => self.set(key, None),
                Op::Put { key, value } => self.set(key, Some(value)),
            }
        }
    }

    /// Adds the changes of an older overlay where this one has none.
    pub(crate) fn put_under(&mut self, older: &Self) {
        for (key, value) in older.iter() {
            if self.get(key).is_none() {
                self.set(key, value);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all keys and values.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// `None` if nothing is known of the key, `Some(None)` if it is deleted.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        self.entries.get(key).map(Option::as_deref)
    }

    /// Every change, ascending by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.entries
            .iter()
            .map(|(key, value)| (&**key, value.as_deref()))
    }

    /// The keys that start with `prefix`, to be merged with those of the backend.
    pub(crate) fn merge(&self, prefix: &[u8]) -> Merge<'_> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        Merge {
            newer: self.entries.range::<[u8], _>(from).peekable(),
            prefix: prefix.into(),
        }
    }

    fn set(&mut self, key: &[u8], value: Option<&[u8]>) {
        let length = value.map_or(0, <[u8]>::len) as u64;
        if let Some(slot) = self.entries.get_mut(key) {
            self.bytes -= slot.as_ref().map_or(0, |old| old.len()) as u64;
            self.bytes += length;
            match (slot, value) {
                // The usual case, a page written again: no allocation.
                (Some(old), Some(new)) if old.len() == new.len() => old.copy_from_slice(new),
                (slot, value) => *slot = value.map(Into::into),
            }
        } else {
            self.bytes += key.len() as u64 + length;
            self.entries.insert(key.into(), value.map(Into::into));
        }
    }
}

/// Merges the overlay into a scan of the backend, which pushes its entries in ascending order.
pub(crate) struct Merge<'a> {
    newer: Peekable<Range<'a>>,
    prefix: Box<[u8]>,
}

impl Merge<'_> {
    /// Takes one entry of the backend; hands out what comes before it, then it or what replaces it.
    pub(crate) fn push(
        &mut self,
        key: &[u8],
        value: &[u8],
        each: &mut Each<'_>,
    ) -> ControlFlow<()> {
        self.hand_out(each, |newer| newer < key)?;
        match self.newer.next_if(|(newer, _)| &***newer == key) {
            Some((_, Some(newer))) => each(key, newer),
            Some((_, None)) => ControlFlow::Continue(()),
            None => each(key, value),
        }
    }

    /// The backend has no more: hands out the rest.
    pub(crate) fn finish(mut self, each: &mut Each<'_>) -> ControlFlow<()> {
        self.hand_out(each, |_| true)
    }

    fn hand_out(&mut self, each: &mut Each<'_>, wanted: impl Fn(&[u8]) -> bool) -> ControlFlow<()> {
        let prefix = &self.prefix;
        while let Some((key, value)) = self
            .newer
            .next_if(|(key, _)| key.starts_with(prefix) && wanted(key))
        {
            if let Some(value) = value {
                each(key, value)?;
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_the_newest_of_each_key() {
        let mut overlay = Overlay::default();
        let mut batch = Batch::new();
        batch.put(b"key", b"1234");
        batch.put(b"key", b"12");
        batch.put(b"key", b"34");
        batch.delete(b"gone");
        overlay.apply(&batch);
        assert_eq!(overlay.bytes(), 3 + 2 + 4);
        assert_eq!(overlay.get(b"key"), Some(Some(&b"34"[..])));
        assert_eq!(overlay.get(b"gone"), Some(None));
        assert_eq!(overlay.get(b"other"), None);
        batch.clear();
        batch.delete(b"key");
        overlay.apply(&batch);
        assert_eq!(overlay.bytes(), 3 + 4);
        overlay.clear();
        assert_eq!((overlay.bytes(), overlay.is_empty()), (0, true));
    }

    #[test]
    fn merging_gives_what_a_map_would() {
        let mut overlay = Overlay::default();
        let mut batch = Batch::new();
        for key in ["p1", "p3", "p7", "q"] {
            batch.put(key.as_bytes(), b"new");
        }
        batch.delete(b"p4");
        batch.delete(b"p9");
        overlay.apply(&batch);

        let merged = |stop_after: usize| {
            let mut found = Vec::new();
            let mut each = |key: &[u8], value: &[u8]| {
                found.push(format!(
                    "{}={}",
                    String::from_utf8_lossy(key),
                    String::from_utf8_lossy(value)
                ));
                if found.len() == stop_after {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            let mut merge = overlay.merge(b"p");
            let mut broken = false;
            for key in ["p2", "p3", "p4", "p5"] {
                if merge.push(key.as_bytes(), b"old", &mut each).is_break() {
                    broken = true;
                    break;
                }
            }
            if !broken {
                let _ = merge.finish(&mut each);
            }
            found.join(" ")
        };
        let all = "p1=new p2=old p3=new p5=old p7=new";
        assert_eq!(merged(usize::MAX), all);
        for (count, end) in [(1, 6), (2, 13), (3, 20), (4, 27), (5, 34)] {
            assert_eq!(merged(count), all[..end]);
        }
    }
}
