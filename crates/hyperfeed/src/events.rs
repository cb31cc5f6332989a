//! Bounded streams of events: a slow reader loses the oldest ones and is told how many.

use futures::Stream;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

/// A stream of events from the moment it was made on.
///
/// It holds [`CAPACITY`](Self::CAPACITY) events. A reader slower than that loses the oldest; the next item is then the
/// `Lagged` event with their number, so that it can look at the state again. The stream ends when what it tells of
/// is closed.
pub struct Events<E> {
    queue: Arc<Queue<E>>,
    lagged: fn(u64) -> E,
}

impl<E> Events<E> {
    /// Events kept for a reader that is elsewhere.
    pub const CAPACITY: usize = 4096;
}

impl<E> Stream for Events<E> {
    type Item = E;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<E>> {
        let mut state = self.queue.lock();
        if state.missed > 0 {
            return Poll::Ready(Some((self.lagged)(std::mem::take(&mut state.missed))));
        }
        if let Some(event) = state.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<E> Unpin for Events<E> {}

impl<E> fmt::Debug for Events<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

/// Where events are published.
pub(crate) struct Subscribers<E> {
    readers: Mutex<Readers<E>>,
    lagged: fn(u64) -> E,
}

struct Readers<E> {
    queues: Vec<Weak<Queue<E>>>,
    closed: bool,
}

impl<E: Clone> Subscribers<E> {
    pub(crate) fn new(lagged: fn(u64) -> E) -> Self {
        Self {
            readers: Mutex::new(Readers {
                queues: Vec::new(),
                closed: false,
            }),
            lagged,
        }
    }

    pub(crate) fn subscribe(&self) -> Events<E> {
        let mut readers = self.lock();
        let state = State {
            events: VecDeque::new(),
            missed: 0,
            closed: readers.closed,
            waker: None,
        };
        let queue = Arc::new(Queue(Mutex::new(state)));
        readers.queues.push(Arc::downgrade(&queue));
        Events {
            queue,
            lagged: self.lagged,
        }
    }

    pub(crate) fn publish(&self, event: &E) {
        self.lock().queues.retain(|queue| {
            let Some(queue) = queue.upgrade() else {
                return false;
            };
            let mut state = queue.lock();
            if state.events.len() >= Events::<E>::CAPACITY {
                state.events.pop_front();
                state.missed += 1;
            }
            state.events.push_back(event.clone());
            wake(state);
            true
        });
    }

    /// Ends all streams, those made later too.
    pub(crate) fn close(&self) {
        let mut readers = self.lock();
        readers.closed = true;
        for queue in readers.queues.drain(..).filter_map(|queue| queue.upgrade()) {
            let mut state = queue.lock();
            state.closed = true;
            wake(state);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Readers<E>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Queue<E>(Mutex<State<E>>);

struct State<E> {
    events: VecDeque<E>,
    missed: u64,
    closed: bool,
    waker: Option<Waker>,
}

impl<E> Queue<E> {
    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the reader after the lock is released, so that it does not run into it.
fn wake<E>(mut state: MutexGuard<'_, State<E>>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;
    use futures::executor::block_on;

    #[derive(Debug, Clone, PartialEq)]
    enum Event {
        Lagged(u64),
        Number(usize),
    }

    #[test]
    fn a_slow_reader_keeps_the_newest_and_learns_what_it_missed() {
        let subscribers = Subscribers::new(Event::Lagged);
        let mut events = subscribers.subscribe();
        for number in 0..Events::<Event>::CAPACITY + 3 {
            subscribers.publish(&Event::Number(number));
        }
        subscribers.close();
        assert_eq!(block_on(events.next()), Some(Event::Lagged(3)));
        let rest: Vec<Event> = block_on(events.collect());
        assert_eq!(rest.len(), Events::<Event>::CAPACITY);
        assert_eq!(rest.first(), Some(&Event::Number(3)));
    }

    #[test]
    fn a_subscription_after_the_end_ends_at_once() {
        let subscribers = Subscribers::new(Event::Lagged);
        subscribers.close();
        assert_eq!(block_on(subscribers.subscribe().next()), None);
    }
}
