//! How a connection ended, for everyone who waits for it.

use crate::Error;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

type Outcome = Arc<Mutex<Option<Result<(), Error>>>>;

/// Waits for the end. Clones wait for the same one.
#[derive(Debug, Clone)]
pub(crate) struct Finish {
    outcome: Outcome,
    /// Nothing is ever sent: it closes with the sender.
    done: async_channel::Receiver<Infallible>,
}

/// Tells the end, once.
#[derive(Debug)]
pub(crate) struct FinishSender {
    outcome: Outcome,
    done: async_channel::Sender<Infallible>,
}

pub(crate) fn finish() -> (FinishSender, Finish) {
    let (sender, receiver) = async_channel::bounded(1);
    let outcome = Outcome::default();
    (
        FinishSender {
            outcome: Arc::clone(&outcome),
            done: sender,
        },
        Finish {
            outcome,
            done: receiver,
        },
    )
}

impl FinishSender {
    pub(crate) fn set(&self, result: Result<(), Error>) {
        self.outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(result);
        self.done.close();
    }
}

impl Finish {
    pub(crate) async fn wait(&self) -> Result<(), Error> {
        self.done.recv().await.ok();
        self.peek().unwrap_or(Ok(()))
    }

    /// The end, if it has come.
    pub(crate) fn peek(&self) -> Option<Result<(), Error>> {
        self.outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
