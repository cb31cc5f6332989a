//! A block on its way to a reader.

use crate::answer::Answer;
use crate::driver::Waiting;
use crate::feed::index;
use crate::inbox::Message;
use crate::{Error, ErrorKind, Feed};
use bytes::Bytes;
use futures::channel::oneshot;
use hyperfeed_merkle::TreeHash;
use hyperfeed_v2_crypto::Sha256Tree;
use hyperfeed_v2_feed::Block;
use hyperfeed_v2_replicate::Token;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The future of [`Feed::get`]. Dropping it takes the request back.
#[must_use = "dropping it takes the request back"]
pub struct Get {
    feed: Feed,
    block: u64,
    state: State,
}

enum State {
    Done,
    Failed(Error),
    Waiting {
        token: Token,
        answer: Answer<Option<Block>>,
    },
}

impl Get {
    pub(crate) fn start(feed: Feed, block: u64, wait: bool) -> Self {
        let state = match Self::send(&feed, block, wait) {
            Ok((token, answer)) => State::Waiting { token, answer },
            Err(error) => State::Failed(error),
        };
        Self { feed, block, state }
    }

    /// The block, or `None` if it is not held and nobody wanted to wait.
    pub(crate) async fn found(mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|cx| self.poll_found(cx)).await
    }

    fn send(feed: &Feed, block: u64, wait: bool) -> Result<(Token, Answer<Option<Block>>), Error> {
        let (slot, block) = (feed.slot()?, index(block)?);
        let token = feed.core().next_token();
        let (reply, replied) = oneshot::channel();
        feed.core().send(Message::Get {
            slot,
            block,
            wait,
            token,
            waiting: Waiting::Block(reply),
        })?;
        Ok((token, feed.core().answer(replied)))
    }

    fn poll_found(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        let result = match &mut self.state {
            State::Waiting { answer, .. } => ready!(Pin::new(answer).poll(cx)),
            State::Failed(error) => Err(error.clone()),
            State::Done => Err(Error::new(ErrorKind::Closed, "the block was taken already")),
        };
        self.state = State::Done;
        Poll::Ready(result.and_then(|found| found.map(|block| self.check(block)).transpose()))
    }

    /// Hashes here, in the reader's task, so that readers share the work among all cores.
    fn check(&self, block: Block) -> Result<Bytes, Error> {
        if Sha256Tree::leaf(&block.data) == block.leaf {
            return Ok(block.into_own_bytes());
        }
        let text = format!(
            "block {} of feed {} has changed on disk since it was stored; `repair` drops it so that a peer can send it again",
            self.block,
            self.feed.public_id()
        );
        Err(Error::new(ErrorKind::Corrupt, text))
    }
}

impl Future for Get {
    type Output = Result<Bytes, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let found = ready!(self.get_mut().poll_found(cx))?;
        // The owner answers a waiting request with a block or an error.
        Poll::Ready(found.ok_or_else(|| Error::new(ErrorKind::NotFound, "the block is not here")))
    }
}

impl Drop for Get {
    fn drop(&mut self) {
        if let State::Waiting { token, .. } = &self.state {
            self.feed.core().send(Message::Cancel(*token)).ok();
        }
    }
}

impl fmt::Debug for Get {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get")
            .field("feed", &self.feed)
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}
