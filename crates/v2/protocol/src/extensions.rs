use alloc::{string::String, vec::Vec};
use core::cmp::Ordering;

use hyperfeed_v2_wire::{self as wire, limits::MAX_EXTENSIONS};

/// Our extensions, and which of them the remote knows (spec section 14.5).
#[derive(Debug)]
pub(crate) struct Extensions {
    /// Ours, sorted.
    names: Vec<String>,
    /// For each of the remote's, where it is in ours.
    by_remote: Vec<Option<usize>>,
}

impl Extensions {
    pub(crate) fn new(mut names: Vec<String>, max: usize) -> Self {
        names.sort_by(|a, b| utf16_order(a, b));
        names.dedup();
        names.truncate(max.min(MAX_EXTENSIONS));
        Self {
            names,
            by_remote: Vec::new(),
        }
    }

    /// Goes through both lists side by side. The remote's should be sorted; if it is not, upstream
    /// finds the same too few names.
    pub(crate) fn negotiate(&mut self, remote: &wire::Extensions<'_>, max: usize) {
        self.by_remote.clear();
        let mut ours = self.names.iter().enumerate().peekable();
        for theirs in remote.iter().take(max.min(MAX_EXTENSIONS)) {
            while ours
                .next_if(|(_, name)| utf16_order(name, &theirs) == Ordering::Less)
                .is_some()
            {}
            let same = ours.next_if(|(_, name)| **name == theirs);
            self.by_remote.push(same.map(|(index, _)| index));
        }
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Where an extension is in our list that the remote calls `id`.
    pub(crate) fn by_remote(&self, id: u8) -> Option<usize> {
        self.by_remote.get(usize::from(id)).copied().flatten()
    }

    pub(crate) fn remote_supports(&self, name: usize) -> bool {
        self.by_remote.contains(&Some(name))
    }
}

/// The order of strings in JavaScript. It differs from the order of bytes where surrogates are compared
/// with U+E000 and above.
fn utf16_order(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}
