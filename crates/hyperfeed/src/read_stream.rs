//! Blocks in order.

use crate::{Error, ErrorKind, Feed, FeedEvents, Get};
use bytes::Bytes;
use futures::Stream;
use hyperfeed_v2_feed::Kind;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The blocks of a range in order, from [`Feed::read_stream`]; up to [`AHEAD`](Self::AHEAD) are fetched ahead.
///
/// A block that is not held is waited for. The stream ends at the end of the range, or, unless it is
/// [`live`](Self::live), with the last block of the feed known at that time; a range that starts there or later is
/// empty. An empty copy of somebody's feed first waits for what peers know.
#[must_use = "a stream does nothing unless it is read"]
pub struct ReadStream {
    feed: Feed,
    /// The next block to ask for.
    next: u64,
    end: Option<u64>,
    live: bool,
    gets: VecDeque<Get>,
    /// While nothing is known of the feed.
    events: Option<FeedEvents>,
    failed: bool,
}

impl ReadStream {
    /// Blocks asked for before they are read.
    pub const AHEAD: usize = 32;

    pub(crate) fn new(feed: Feed, start: u64, end: Option<u64>) -> Self {
        Self {
            feed,
            next: start,
            end,
            live: false,
            gets: VecDeque::new(),
            events: None,
            failed: false,
        }
    }

    /// Goes on with blocks that are yet to be written, until the end of the range if it has one.
    pub fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// Where the stream ends, as far as one can tell now.
    fn limit(&self) -> u64 {
        let length = if self.live && !self.feed.is_finalized() {
            u64::MAX
        } else {
            self.feed.length()
        };
        self.end.map_or(length, |end| end.min(length))
    }

    fn poll_known(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unknown = |feed: &Feed| feed.is_empty() && feed.kind() == Kind::Unknown;
        if self.live || self.end == Some(0) || !unknown(&self.feed) {
            return Poll::Ready(());
        }
        let feed = &self.feed;
        let events = self.events.get_or_insert_with(|| feed.events());
        // What happened before the subscription shows in the feed.
        while unknown(feed) {
            if ready!(Pin::new(&mut *events).poll_next(cx)).is_none() {
                break;
            }
        }
        self.events = None;
        Poll::Ready(())
    }
}

impl Stream for ReadStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.failed {
            return Poll::Ready(None);
        }
        ready!(this.poll_known(cx));
        while this.gets.len() < Self::AHEAD && this.next < this.limit() {
            this.gets.push_back(this.feed.get(this.next));
            this.next += 1;
        }
        let Some(first) = this.gets.front_mut() else {
            return Poll::Ready(None);
        };
        let block = ready!(Pin::new(first).poll(cx));
        this.gets.pop_front();
        match block {
            // A live stream had asked on when the feed was sealed.
            Err(error) if error.kind() == ErrorKind::PastEnd => {
                this.failed = true;
                Poll::Ready(None)
            }
            Err(error) => {
                this.failed = true;
                this.gets.clear();
                Poll::Ready(Some(Err(error)))
            }
            block => Poll::Ready(Some(block)),
        }
    }
}

impl fmt::Debug for ReadStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadStream")
            .field("feed", &self.feed)
            .field("next", &self.next)
            .field("end", &self.end)
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}
