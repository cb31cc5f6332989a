//! Blocks from a sink, or from bytes.

use crate::{Error, Feed};
use bytes::{Bytes, BytesMut};
use futures::io::AsyncWrite;
use futures::stream::FuturesOrdered;
use futures::{Sink, Stream};
use hyperfeed_types::FeedKey;
use hyperfeed_v2_feed::Kind;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Appends what is sent to it, from [`Feed::write_stream`]: as a `Sink`, each item is a block; as an `AsyncWrite`, bytes
/// are cut into blocks of [`chunk_size`](Self::chunk_size).
///
/// Blocks that wait together are appended together. Flushing waits until all of them are acknowledged; closing too, and
/// seals a static feed. Dropping it without closing may lose what was not flushed, and seals nothing.
#[must_use = "a sink does nothing unless something is sent"]
pub struct WriteStream {
    feed: Feed,
    chunk_size: usize,
    /// Bytes of a block that is not full yet.
    partial: BytesMut,
    /// Blocks of the next append.
    batch: Vec<Bytes>,
    batch_bytes: usize,
    appends: FuturesOrdered<Work<()>>,
    finalizing: Option<Work<FeedKey>>,
    failed: Option<Error>,
    closed: bool,
}

type Work<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl WriteStream {
    /// Bytes in a block that [`AsyncWrite`] cuts, unless [`chunk_size`](Self::chunk_size) says otherwise.
    pub const CHUNK_SIZE: usize = 64 << 10;

    pub(crate) fn new(feed: Feed) -> Self {
        Self {
            feed,
            chunk_size: Self::CHUNK_SIZE,
            partial: BytesMut::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            appends: FuturesOrdered::new(),
            finalizing: None,
            failed: None,
            closed: false,
        }
    }

    /// Bytes in a block, at least 1. What is left at a flush or at the end is a smaller one.
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.chunk_size = bytes.max(1);
        self
    }

    fn push(&mut self, block: Bytes) {
        self.batch_bytes += block.len();
        self.batch.push(block);
        if self.batch_bytes >= BATCH_BYTES || self.batch.len() >= BATCH_BLOCKS {
            self.send_batch();
        }
    }

    fn cut(&mut self) {
        while self.partial.len() >= self.chunk_size {
            let block = self.partial.split_to(self.chunk_size).freeze();
            self.push(block);
        }
    }

    fn send_batch(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let (feed, batch) = (self.feed.clone(), std::mem::take(&mut self.batch));
        self.batch_bytes = 0;
        self.appends.push_back(Box::pin(async move {
            feed.append_hashing(batch, None).await.map(drop)
        }));
    }

    /// Drives the appends until at most `left` are out.
    fn poll_appends(&mut self, cx: &mut Context<'_>, left: usize) -> Poll<Result<(), Error>> {
        loop {
            if let Some(error) = &self.failed {
                return Poll::Ready(Err(error.clone()));
            }
            match Pin::new(&mut self.appends).poll_next(cx) {
                Poll::Ready(Some(Ok(()))) => {}
                Poll::Ready(Some(Err(error))) => self.failed = Some(error),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending if self.appends.len() <= left => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.partial.is_empty() {
            let rest = self.partial.split().freeze();
            self.push(rest);
        }
        self.send_batch();
        self.poll_appends(cx, 0)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.closed {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_flushed(cx))?;
        if self.feed.kind() == Kind::Static {
            let feed = &self.feed;
            let finalizing = self.finalizing.get_or_insert_with(|| {
                let feed = feed.clone();
                Box::pin(async move { feed.finalize().await })
            });
            let sealed = ready!(finalizing.as_mut().poll(cx));
            self.finalizing = None;
            if let Err(error) = sealed {
                self.failed = Some(error.clone());
                return Poll::Ready(Err(error));
            }
        }
        self.closed = true;
        Poll::Ready(Ok(()))
    }
}

impl<B: Into<Bytes>> Sink<B> for WriteStream {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_appends(cx, MAX_APPENDS)
    }

    fn start_send(self: Pin<&mut Self>, block: B) -> Result<(), Error> {
        let this = self.get_mut();
        if !this.partial.is_empty() {
            let rest = this.partial.split().freeze();
            this.push(rest);
        }
        this.push(block.into());
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_flushed(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_closed(cx)
    }
}

impl AsyncWrite for WriteStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_appends(cx, MAX_APPENDS)).map_err(io::Error::other)?;
        let taken = bytes.get(..bytes.len().min(BATCH_BYTES)).unwrap_or(bytes);
        this.partial.extend_from_slice(taken);
        this.cut();
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_flushed(cx).map_err(io::Error::other)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_closed(cx).map_err(io::Error::other)
    }
}

impl fmt::Debug for WriteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteStream")
            .field("feed", &self.feed)
            .field("chunk_size", &self.chunk_size)
            .finish_non_exhaustive()
    }
}

/// Bytes that wait for one append.
const BATCH_BYTES: usize = 1 << 20;
/// Blocks that wait for one append.
const BATCH_BLOCKS: usize = 1024;
/// Appends under way before the sink is not ready: one being committed, the others on their way.
const MAX_APPENDS: usize = 4;
