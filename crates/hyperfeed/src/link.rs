//! What lies between the owner and one connection's task.

use crate::Error;
use futures::task::AtomicWaker;
use hyperfeed_v2_replicate::EdgeCommand;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

/// The owner puts commands in and takes batches of events from the inbox; the task takes the commands out.
///
/// A task may have [`MAX_BATCHES`] of events at the owner. While the owner is behind, the task does not read its
/// socket, and the peer's TCP stack waits. Commands are bounded by the replicator, which stops at
/// `Config::max_unwritten`.
#[derive(Debug, Default)]
pub(crate) struct Link {
    state: Mutex<State>,
    waker: AtomicWaker,
}

#[derive(Debug, Default)]
struct State {
    commands: Vec<EdgeCommand>,
    batches: usize,
    end: Option<Result<(), Error>>,
}

impl Link {
    /// From the owner: work for the connection.
    pub(crate) fn push(&self, commands: impl Iterator<Item = EdgeCommand>) {
        let mut state = self.lock();
        let before = state.commands.len();
        state.commands.extend(commands);
        let added = state.commands.len() > before;
        drop(state);
        if added {
            self.waker.wake();
        }
    }

    /// From the owner: a batch of events was handled.
    pub(crate) fn release(&self, batches: usize) {
        let mut state = self.lock();
        state.batches = state.batches.saturating_sub(batches);
        drop(state);
        self.waker.wake();
    }

    /// Ends the connection: at once with an error, after what is queued was written without.
    pub(crate) fn end(&self, result: Result<(), Error>) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.end = Some(result);
        }
        drop(state);
        self.waker.wake();
    }

    pub(crate) fn register(&self, cx: &Context<'_>) {
        self.waker.register(cx.waker());
    }

    /// From the task: moves the commands to the end of `into`; tells whether and how the connection shall end.
    pub(crate) fn take(&self, into: &mut impl Extend<EdgeCommand>) -> Option<Result<(), Error>> {
        let mut state = self.lock();
        into.extend(state.commands.drain(..));
        state.end.clone()
    }

    /// From the task: whether the owner can take another batch.
    pub(crate) fn has_room(&self) -> bool {
        self.lock().batches < MAX_BATCHES
    }

    /// From the task: a batch is on its way.
    pub(crate) fn acquire(&self) {
        self.lock().batches += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The owner's end of a link. A connection whose owner is gone, or never heard of it, ends.
#[derive(Debug)]
pub(crate) struct OwnerLink(pub(crate) Arc<Link>);

impl std::ops::Deref for OwnerLink {
    type Target = Arc<Link>;

    fn deref(&self) -> &Arc<Link> {
        &self.0
    }
}

impl Drop for OwnerLink {
    fn drop(&mut self) {
        self.0.end(Err(Error::core_closed()));
    }
}

/// Batches of one connection at the owner: one being handled, one waiting.
const MAX_BATCHES: usize = 2;
