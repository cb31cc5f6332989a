//! What all handles of a core share: the way to its owner.

use crate::Error;
use crate::answer::{AWAKE, Answer};
use crate::clock::Clock;
use crate::driver::{Owner, Waiting};
use crate::inbox::{ConnectionId, Message};
use futures::channel::oneshot;
use hyperfeed_types::PeerId;
use hyperfeed_v2_crypto::Entropy;
use hyperfeed_v2_replicate::Token;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) peer_id: PeerId,
    inbox: mpsc::Sender<Message>,
    /// Nothing is ever sent: it closes when the owner is gone.
    closed: async_channel::Receiver<Infallible>,
    entropy: Mutex<Entropy>,
    tokens: AtomicU64,
    connections: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        clock: Clock,
        peer_id: PeerId,
        inbox: mpsc::Sender<Message>,
        closed: async_channel::Receiver<Infallible>,
        entropy: Entropy,
    ) -> Self {
        Self {
            clock,
            peer_id,
            inbox,
            closed,
            entropy: Mutex::new(entropy),
            tokens: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        }
    }

    /// The sending end of the inbox, for a connection: it does not keep the core open.
    pub(crate) fn inbox(&self) -> mpsc::Sender<Message> {
        self.inbox.clone()
    }

    pub(crate) fn send(&self, message: Message) -> Result<(), Error> {
        self.inbox.send(message).map_err(|_| Error::core_closed())
    }

    pub(crate) fn next_token(&self) -> Token {
        self.tokens.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed))
    }

    /// Waits until the core is closed.
    pub(crate) async fn closed(&self) {
        self.closed.recv().await.ok();
    }

    /// 32 bytes nobody else gets.
    pub(crate) fn seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.entropy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill(&mut seed);
        seed
    }

    /// Runs `work` on the owner thread.
    pub(crate) async fn call<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Owner) -> R + Send + 'static,
    ) -> Result<R, Error> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Call(Box::new(move |owner| {
            // Nobody waits any more: the work is done all the same.
            answer.send(work(owner)).ok();
        })))?;
        answered.await.map_err(|_| Error::core_closed())
    }

    /// Sends a command. The future is its answer.
    pub(crate) fn command<R>(
        &self,
        waiting: impl FnOnce(oneshot::Sender<Result<R, Error>>) -> Waiting,
        message: impl FnOnce(Token, Waiting) -> Message,
    ) -> Result<Answer<R>, Error> {
        let (reply, replied) = oneshot::channel();
        self.send(message(self.next_token(), waiting(reply)))?;
        Ok(self.answer(replied))
    }

    /// What comes through this channel, to a command that was sent just now.
    pub(crate) fn answer<R>(&self, replied: oneshot::Receiver<Result<R, Error>>) -> Answer<R> {
        Answer::new(replied, AWAKE)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.inbox.send(Message::Shutdown).ok();
    }
}
