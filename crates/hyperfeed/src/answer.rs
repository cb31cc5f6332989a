//! What the owner answers to a command.

use crate::Error;
use futures::channel::oneshot;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

/// The answer to a command that was sent just now.
///
/// For a moment the task is polled again and again instead of sleeping: to be woken by another core costs more than most
/// answers take. The executor's other tasks have their turns in between, and so have other threads.
pub(crate) struct Answer<T> {
    receiver: oneshot::Receiver<Result<T, Error>>,
    awake_until: Instant,
    was_polled: bool,
}

impl<T> Answer<T> {
    pub(crate) fn new(receiver: oneshot::Receiver<Result<T, Error>>, awake: Duration) -> Self {
        Self {
            receiver,
            awake_until: Instant::now() + awake,
            was_polled: false,
        }
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.receiver).poll(cx);
        if polled.is_pending() && Instant::now() < self.awake_until {
            // The owner may be waiting for this very core. But first all commands go out that the task has.
            if self.was_polled {
                thread::yield_now();
            }
            self.was_polled = true;
            cx.waker().wake_by_ref();
        }
        polled.map(|answer| answer.unwrap_or_else(|_| Err(Error::core_closed())))
    }
}

/// How long both sides stay awake for each other: the owner after a turn, a task after a command. About as long as it
/// takes to put a thread to sleep and to wake it on another core.
pub(crate) const AWAKE: Duration = Duration::from_micros(50);

#[cfg(test)]
mod tests {
    use super::*;
    use futures::task::{ArcWake, waker};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl ArcWake for Wakes {
        fn wake_by_ref(this: &Arc<Self>) {
            this.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_task_stays_awake_for_a_moment_and_then_sleeps_until_it_is_answered() {
        let wakes = Arc::new(Wakes::default());
        let waker = waker(Arc::clone(&wakes));
        let mut cx = Context::from_waker(&waker);
        let mut poll = |answer: &mut Answer<u8>| Pin::new(answer).poll(&mut cx).map(Result::ok);
        let (_reply, replied) = oneshot::channel();
        let mut awake = Answer::new(replied, Duration::from_secs(60));
        assert_eq!(poll(&mut awake), Poll::Pending);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        let (reply, replied) = oneshot::channel();
        let mut asleep = Answer::new(replied, Duration::ZERO);
        assert_eq!(poll(&mut asleep), Poll::Pending);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        reply.send(Ok(7)).ok();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
        assert_eq!(poll(&mut asleep), Poll::Ready(Some(7)));
    }

    #[test]
    fn an_owner_that_is_gone_is_an_error() {
        let (reply, replied) = oneshot::channel::<Result<u8, Error>>();
        drop(reply);
        let answer = Answer::new(replied, AWAKE);
        let error = futures::executor::block_on(answer).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Closed);
    }
}
