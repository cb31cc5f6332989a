//! Our side of a test.

use std::future::Future;
use std::ops::Range;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{Either, select};
use futures_timer::Delay;
use hyperfeed::{Core, Feed, FeedEvent, FeedOptions, ReplicateOptions, Replication, tcp};
use hyperfeed_testing_interop::{Digester, FeedDigest, NpmPeer, Pattern};

/// Runs a test's future; a test that waits for what never comes fails instead of hanging.
pub(crate) fn within<T>(test: impl Future<Output = T>) -> T {
    futures::executor::block_on(async {
        match select(pin!(test), Delay::new(LIMIT)).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => panic!("the test waited for something that did not come"),
        }
    })
}

/// Accepts connections on a port of this machine for as long as the core lives.
pub(crate) async fn listen(core: &Core, options: ReplicateOptions) -> u16 {
    let listener = tcp::listen(core, "127.0.0.1:0", options).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    async_std::task::spawn(listener.run());
    port
}

pub(crate) async fn connect(core: &Core, port: u16, options: ReplicateOptions) -> Replication {
    tcp::connect(core, ("127.0.0.1", port), options)
        .await
        .unwrap()
}

/// Opens a copy of a feed of npm.
pub(crate) async fn open(core: &Core, key: &str) -> Feed {
    core.open_feed(&key.parse().unwrap()).await.unwrap()
}

/// Opens a copy that fetches only what it is asked for.
pub(crate) async fn open_sparse(core: &Core, key: &str) -> Feed {
    let options = FeedOptions::new().sparse(true);
    core.open_feed_with(&key.parse().unwrap(), options)
        .await
        .unwrap()
}

/// Appends the blocks of a pattern in commits of `batch`.
pub(crate) async fn append_pattern(
    feed: &Feed,
    pattern: Pattern,
    blocks: Range<u32>,
    batch: usize,
) {
    for start in blocks.clone().step_by(batch) {
        let end = (start + u32::try_from(batch).unwrap()).min(blocks.end);
        feed.append_batch(pattern.blocks(start..end)).await.unwrap();
    }
}

/// The digest of all blocks, read back one by one.
pub(crate) async fn digest(feed: &Feed) -> FeedDigest {
    let mut digester = Digester::default();
    for block in 0..feed.length() {
        let held = feed.try_get(block).await.unwrap();
        digester.push(&held.unwrap_or_else(|| panic!("block {block} is not held")));
    }
    digester.finish()
}

/// Waits for an event of a feed that matches.
pub(crate) async fn wait_event(
    events: &mut hyperfeed::FeedEvents,
    matches: impl Fn(&FeedEvent) -> bool,
) -> FeedEvent {
    loop {
        let event = events.next().await.expect("the feed is open");
        if matches(&event) {
            return event;
        }
    }
}

/// Both peers are whole and well: nothing crashed, and nobody closed the connection over an error.
pub(crate) fn assert_well(peer: &mut NpmPeer) {
    use hyperfeed_testing_interop::Event;
    let bad = |event: &Event| matches!(event, Event::Crash { .. } | Event::Failed { .. });
    let bad: Vec<Event> = peer.events().into_iter().filter(bad).collect();
    assert_eq!(bad, vec![]);
}

/// Above what any test needs on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
