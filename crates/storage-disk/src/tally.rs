use crate::sealed;

/// Number of entries of a backend and a sum over all of them, kept up to date with each change.
///
/// Counting a backend anew must give the same tally; otherwise entries are missing, or old ones
/// have come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) entries: u64,
    pub(crate) sum: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, value: &[u8]) {
        self.entries = self.entries.wrapping_add(1);
        self.sum = self.sum.wrapping_add(sealed::weight(value));
    }

    pub(crate) fn remove(&mut self, value: &[u8]) {
        self.entries = self.entries.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(sealed::weight(value));
    }
}
