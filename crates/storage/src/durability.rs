/// What a commit survives once it has been acknowledged.
///
/// The classes are ordered: a higher one promises all that a lower one does. Whatever the class,
/// commits are never reordered and never torn: after a crash the store holds the commits up to
/// some point in their order, each whole, and none after it. A commit also lifts every earlier
/// commit of the same store to its own class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Durability {
    /// May lose the newest commits when the process ends without
    /// [`close`](crate::KeyValue::close), whatever ended it: an orderly exit, `kill -9` or a power
    /// loss. Never corrupts, never reorders.
    Relaxed,
    /// Survives the death of the process at any instruction (`kill -9`, abort, out of memory).
    /// May lose the newest commits when the machine itself stops: power loss, kernel crash.
    #[default]
    Process,
    /// Survives a power loss: the device has confirmed that the bytes are stable before the
    /// commit is acknowledged. As true as the device's own word.
    Power,
}
