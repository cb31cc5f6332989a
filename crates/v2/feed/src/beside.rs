use crate::node_page::NodePage;
use crate::{FeedRecord, Slot};

/// What memory learns once a batch is committed.
#[derive(Default)]
pub(crate) struct Beside {
    /// Node pages: they go to the cache.
    pub(crate) pages: Vec<(Slot, u64, NodePage)>,
    /// New catalogue records.
    pub(crate) records: Vec<FeedRecord>,
    /// Sizes that were final have changed: a repair.
    pub(crate) resized: bool,
}
