//! The newest progress of a download, and its end.

use crate::Error;
use hyperfeed_v2_replicate::Progress;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Debug, Default)]
pub(crate) struct Watch {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    progress: Progress,
    /// Counts changes, so that each reader sees each state once.
    version: u64,
    end: Option<Result<Progress, Error>>,
    wakers: Vec<Waker>,
}

/// The owner's end of a watch. A download whose owner is gone has failed.
#[derive(Debug)]
pub(crate) struct WatchSender(Arc<Watch>);

impl From<Arc<Watch>> for WatchSender {
    fn from(watch: Arc<Watch>) -> Self {
        Self(watch)
    }
}

impl WatchSender {
    pub(crate) fn set(&self, progress: Progress) {
        let mut state = self.0.lock();
        state.progress = progress;
        changed(state);
    }

    pub(crate) fn finish(&self, result: Result<Progress, Error>) {
        self.0.finish(result);
    }
}

impl Drop for WatchSender {
    fn drop(&mut self) {
        self.0.finish(Err(Error::core_closed()));
    }
}

impl Watch {
    pub(crate) fn finish(&self, result: Result<Progress, Error>) {
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        if let Ok(progress) = &result {
            state.progress = *progress;
        }
        state.end = Some(result);
        changed(state);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.lock().end.is_some()
    }

    pub(crate) fn poll_end(&self, cx: &Context<'_>) -> Poll<Result<Progress, Error>> {
        let mut state = self.lock();
        match &state.end {
            Some(end) => Poll::Ready(end.clone()),
            None => state.wait(cx),
        }
    }

    pub(crate) fn poll_change(&self, seen: &mut u64, cx: &Context<'_>) -> Poll<Option<Progress>> {
        let mut state = self.lock();
        if *seen < state.version && !matches!(state.end, Some(Err(_))) {
            *seen = state.version;
            return Poll::Ready(Some(state.progress));
        }
        match &state.end {
            Some(_) => Poll::Ready(None),
            None => state.wait(cx),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        if !self.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

fn changed(mut state: MutexGuard<'_, State>) {
    state.version += 1;
    let wakers = std::mem::take(&mut state.wakers);
    drop(state);
    wakers.into_iter().for_each(Waker::wake);
}
