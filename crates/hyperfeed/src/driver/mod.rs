//! The owner: one thread that has the replicator, the store and the files. It moves things, and decides nothing.

mod connections;
mod deliver;
mod feeds;
mod waiting;

use crate::Error;
use crate::answer::AWAKE;
use crate::clock::Clock;
use crate::feed_view::FeedView;
use crate::home::Home;
use crate::inbox::{ConnectionId, Message};
use crate::unsynced::TrackedFile;
use futures::channel::oneshot;
use hyperfeed_v2_feed::Slot;
use hyperfeed_v2_replicate::{PeerKey, Replicator, Token};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

pub(crate) use connections::NewConnection;
use connections::OpenConnection;
pub(crate) use waiting::Waiting;

/// Owns everything behind the handles. Lives on a thread of its own, so that it needs no lock and may block on disk.
pub(crate) struct Owner {
    pub(crate) replicator: Replicator,
    pub(crate) home: Home,
    clock: Clock,
    inbox: mpsc::Receiver<Message>,
    /// Tells everybody who waits for the end, by being dropped.
    _alive: async_channel::Sender<Infallible>,
    feeds: BTreeMap<Slot, OpenFeed>,
    connections: BTreeMap<ConnectionId, OpenConnection>,
    by_peer: BTreeMap<PeerKey, ConnectionId>,
    waiting: HashMap<Token, Waiting>,
    /// The last token of a command of the owner itself.
    own_token: Token,
    /// Feeds that changed in this turn.
    touched: BTreeSet<Slot>,
    /// Feeds that may have lost their last user in this turn.
    idle: BTreeSet<Slot>,
    /// Batches handled in this turn, for the connections' credit.
    handled: BTreeMap<ConnectionId, usize>,
}

/// A feed that is open, and who uses it.
struct OpenFeed {
    view: Arc<FeedView>,
    /// Another handle to the file of its blocks, for whoever reads them elsewhere.
    file: Option<TrackedFile>,
    /// Handles given out; each is many clones.
    handles: usize,
    joined: BTreeSet<ConnectionId>,
}

/// Whether the owner goes on.
enum Next {
    Go,
    Stop(Option<oneshot::Sender<Result<(), Error>>>),
}

impl Owner {
    pub(crate) fn new(
        replicator: Replicator,
        home: Home,
        clock: Clock,
        inbox: mpsc::Receiver<Message>,
        alive: async_channel::Sender<Infallible>,
    ) -> Self {
        Self {
            replicator,
            home,
            clock,
            inbox,
            _alive: alive,
            feeds: BTreeMap::new(),
            connections: BTreeMap::new(),
            by_peer: BTreeMap::new(),
            waiting: HashMap::new(),
            own_token: OWN_TOKENS,
            touched: BTreeSet::new(),
            idle: BTreeSet::new(),
            handled: BTreeMap::new(),
        }
    }

    /// Turn after turn, until the core is closed or its last handle dropped.
    pub(crate) fn run(mut self) {
        while let Some(first) = self.sleep() {
            match self.turn(first) {
                Next::Go => {}
                Next::Stop(answer) => {
                    let result = self.shut();
                    if let Err(error) = &result {
                        tracing::error!(%error, "the store could not be closed in an orderly way");
                    }
                    // Whoever is told may open the store again at once: first let go of it.
                    drop(self);
                    if let Some(answer) = answer {
                        answer.send(result).ok();
                    }
                    return;
                }
            }
        }
    }

    /// Waits for the first message of a turn, or for time: then the turn has none.
    fn sleep(&self) -> Option<Option<Message>> {
        // Somebody who was just answered often asks again at once: being woken would cost more than the work.
        let answered = Instant::now();
        while answered.elapsed() < AWAKE {
            match self.inbox.try_recv() {
                Ok(message) => return Some(Some(message)),
                Err(mpsc::TryRecvError::Empty) => thread::yield_now(),
                Err(mpsc::TryRecvError::Disconnected) => return None,
            }
        }
        match self.replicator.poll_timeout() {
            None => self.inbox.recv().ok().map(Some),
            Some(at) => match self.inbox.recv_timeout(self.clock.until(at)) {
                Ok(message) => Some(Some(message)),
                Err(mpsc::RecvTimeoutError::Timeout) => Some(None),
                Err(mpsc::RecvTimeoutError::Disconnected) => None,
            },
        }
    }

    /// All that is queued, then one commit for the lot, then what follows from it.
    fn turn(&mut self, first: Option<Message>) -> Next {
        let mut next = first;
        let mut stop = None;
        for _ in 0..MAX_MESSAGES {
            let Some(message) = next.take() else { break };
            if let Next::Stop(answer) = self.handle(message) {
                stop = Some(answer);
                break;
            }
            // Reads wait for no commit, and not for each other: their readers work on while the rest is read.
            self.deliver_replies();
            if self.replicator.wants_commit() {
                break;
            }
            next = self.inbox.try_recv().ok();
        }
        if let Some(unhandled) = next
            && let Next::Stop(answer) = self.handle(unhandled)
        {
            stop = Some(answer);
        }
        self.settle();
        stop.map_or(Next::Go, Next::Stop)
    }

    fn settle(&mut self) {
        let now = self.clock.now();
        if self.replicator.poll_timeout().is_some_and(|at| now >= at) {
            self.replicator.handle_timeout(now);
        }
        self.deliver_replies();
        self.replicator.commit(now);
        self.deliver();
        self.send_commands(now);
        self.close_idle();
    }

    fn handle(&mut self, message: Message) -> Next {
        match message {
            Message::Append {
                slot,
                blocks,
                durability,
                token,
                waiting,
            } => {
                self.waiting.insert(token, waiting);
                let leaves = blocks.into_leaves();
                self.replicator.append(slot, leaves, durability, token);
            }
            Message::Call(work) => work(self),
            Message::Cancel(token) => {
                if self.waiting.remove(&token).is_some() {
                    self.replicator.cancel(token);
                }
            }
            Message::Close(answer) => return Next::Stop(Some(answer)),
            Message::Connect(new) => self.connect(*new),
            Message::Download {
                slot,
                range,
                token,
                waiting,
            } => {
                self.waiting.insert(token, waiting);
                self.replicator
                    .download(self.clock.now(), slot, range, token);
            }
            Message::Edge {
                connection,
                events,
                written,
            } => self.handle_edge(connection, events, written),
            Message::Finalize {
                slot,
                token,
                waiting,
            } => {
                self.waiting.insert(token, waiting);
                self.replicator.finalize(slot, token);
            }
            Message::Flush { token, waiting } => {
                self.waiting.insert(token, waiting);
                self.replicator.flush(token);
            }
            Message::Get {
                slot,
                block,
                wait,
                token,
                waiting,
            } => {
                self.waiting.insert(token, waiting);
                self.replicator.get(slot, block, wait, token);
            }
            Message::Gone(connection) => self.disconnect(connection),
            Message::Put {
                slot,
                put,
                token,
                waiting,
            } => {
                self.waiting.insert(token, waiting);
                self.replicator.put(slot, *put, token);
            }
            Message::Released(view) => {
                self.release(&view);
                self.close_idle();
            }
            Message::Shutdown => return Next::Stop(None),
        }
        Next::Go
    }

    fn shut(&mut self) -> Result<(), Error> {
        let result = self.replicator.close(self.clock.now()).map_err(Error::from);
        self.deliver();
        for connection in self.connections.values() {
            connection.link.end(Ok(()));
        }
        for feed in self.feeds.values() {
            feed.view.close();
        }
        result
    }
}

impl Drop for Owner {
    /// Also when the thread panics: nobody may wait for an owner that is gone.
    fn drop(&mut self) {
        for feed in self.feeds.values() {
            feed.view.close();
        }
    }
}

/// Tokens above this one are the owner's; handles count from 0.
const OWN_TOKENS: Token = 1 << 63;
/// Messages of one turn: what came later waits until those before it are committed and answered.
const MAX_MESSAGES: usize = 8192;
