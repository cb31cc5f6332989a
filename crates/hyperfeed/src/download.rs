//! A range on its way from peers.

use crate::driver::Waiting;
use crate::inbox::Message;
use crate::watch::Watch;
use crate::{Error, Feed};
use futures::Stream;
use hyperfeed_v2_replicate::{Progress, Token};
use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The future of [`Feed::download`]: ready when all of the range is held. Dropping it takes the wish back; what came
/// until then stays.
#[must_use = "dropping it takes the wish back"]
pub struct Download {
    feed: Feed,
    token: Token,
    watch: Arc<Watch>,
}

impl Download {
    pub(crate) fn start(feed: &Feed, range: Range<u64>) -> Self {
        let token = feed.core().next_token();
        let watch = Arc::new(Watch::default());
        let sent = feed.slot().and_then(|slot| {
            let waiting = Waiting::Download(Arc::clone(&watch).into());
            feed.core().send(Message::Download {
                slot,
                range,
                token,
                waiting,
            })
        });
        if let Err(error) = sent {
            watch.finish(Err(error));
        }
        Self {
            feed: feed.clone(),
            token,
            watch,
        }
    }

    /// How far it is, whenever that changes. A slow reader sees the newest state only. Ends with the download.
    #[must_use]
    pub fn progress(&self) -> DownloadProgress {
        DownloadProgress {
            watch: Arc::clone(&self.watch),
            seen: 0,
        }
    }
}

impl Future for Download {
    type Output = Result<Progress, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.watch.poll_end(cx)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        if !self.watch.is_finished() {
            self.feed.core().send(Message::Cancel(self.token)).ok();
        }
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("feed", &self.feed)
            .finish_non_exhaustive()
    }
}

/// How far a [`Download`] is.
#[derive(Debug)]
pub struct DownloadProgress {
    watch: Arc<Watch>,
    seen: u64,
}

impl Stream for DownloadProgress {
    type Item = Progress;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Progress>> {
        let this = &mut *self;
        this.watch.poll_change(&mut this.seen, cx)
    }
}
