//! One socket: bytes to events, commands to bytes, and nothing else.

use crate::clock::Clock;
use crate::finish::FinishSender;
use crate::inbox::{ConnectionId, Message};
use crate::link::Link;
use crate::outgoing::{OUT_BYTES, Outgoing};
use crate::{Error, ErrorKind};
use futures::FutureExt;
use futures::io::{AsyncRead, AsyncWrite};
use futures_timer::Delay;
use hyperfeed_types::Instant;
use hyperfeed_v2_replicate::{Edge, EdgeCommand, EdgeEvent};
use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Drives one socket until the connection is over. Reading and writing go on beside each other: neither waits for
/// the other, so two peers with full buffers both ways still move.
pub(crate) struct Connection<IO> {
    io: IO,
    edge: Edge,
    link: Arc<Link>,
    clock: Clock,
    inbox: mpsc::Sender<Message>,
    id: ConnectionId,
    finish: FinishSender,
    /// Events the owner has no room for yet.
    events: Vec<EdgeEvent>,
    commands: VecDeque<EdgeCommand>,
    outgoing: Outgoing,
    timer: Option<(Instant, Delay)>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Open,
    /// The owner wants an end: write what is queued, read no more.
    Closing,
    /// Everything is written: tell the peer.
    Shutting,
    /// The peer was told. What it still sends is read and dropped, for a socket closed with unread bytes would
    /// take back what was just written.
    Draining,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Connection<IO> {
    pub(crate) fn new(
        io: IO,
        edge: Edge,
        link: Arc<Link>,
        clock: Clock,
        inbox: mpsc::Sender<Message>,
        id: ConnectionId,
        finish: FinishSender,
    ) -> Self {
        Self {
            io,
            edge,
            link,
            clock,
            inbox,
            id,
            finish,
            events: Vec::new(),
            commands: VecDeque::new(),
            outgoing: Outgoing::default(),
            timer: None,
            stage: Stage::Open,
        }
    }

    /// Steps until nothing moves; after [`ROUNDS`] lets other tasks have their turn.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.link.register(cx);
        for _ in 0..ROUNDS {
            // The peer was told of the end: what the owner still has for it has nowhere to go.
            if self.stage >= Stage::Shutting {
                self.tell_owner();
                return self.shut(cx).map(Ok);
            }
            let took = self.take_commands()?;
            let wrote = self.write(cx)?;
            let read = self.read(cx)?;
            let ticked = self.tick(cx)?;
            self.tell_owner();
            match read {
                Read::Ended => return Poll::Ready(Ok(())),
                Read::Some => continue,
                Read::None if took || wrote || ticked => continue,
                Read::None => {}
            }
            if self.stage == Stage::Closing && self.commands.is_empty() && self.outgoing.is_empty()
            {
                self.stage = Stage::Shutting;
                continue;
            }
            return Poll::Pending;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The peer may be gone already, or not care: any of it is an end. Not every socket tells the peer when it is
    /// closed for writing, so silence is an end too.
    fn shut(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = self.clock.now();
        if self.stage == Stage::Shutting {
            if ready!(Pin::new(&mut self.io).poll_close(cx)).is_err() {
                return Poll::Ready(());
            }
            self.stage = Stage::Draining;
            self.timer = Some((now + MAX_DRAIN, Delay::new(QUIET)));
        }
        let Some((until, quiet)) = &mut self.timer else {
            return Poll::Ready(());
        };
        let io = &mut self.io;
        while let Poll::Ready(read) = with_input(|input| Pin::new(&mut *io).poll_read(cx, input)) {
            if !matches!(read, Ok(1..)) || now >= *until {
                return Poll::Ready(());
            }
            quiet.reset(QUIET);
        }
        quiet.poll_unpin(cx)
    }

    /// Encodes commands while there is room: late, so that what can still change has not been encoded yet.
    fn take_commands(&mut self) -> Result<bool, Error> {
        match self.link.take(&mut self.commands) {
            Some(Err(error)) => return Err(error),
            Some(Ok(())) if self.stage == Stage::Open => self.stage = Stage::Closing,
            _ => {}
        }
        let now = self.clock.now();
        let mut took = false;
        while self.outgoing.waiting() < OUT_BYTES
            && let Some(command) = self.commands.pop_front()
        {
            took = true;
            let said = self
                .edge
                .handle_command(now, &command, &mut self.outgoing.bytes);
            self.events.extend(said);
            self.outgoing.mark(command.cost());
        }
        if took {
            // Opening a feed lets frames through that were held for it.
            self.poll_edge()?;
        }
        Ok(took)
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        self.outgoing
            .write(Pin::new(&mut self.io), cx)
            .map_err(socket_failed)
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Result<Read, Error> {
        let may = self.stage == Stage::Open
            && self.events.is_empty()
            && self.edge.wants_input()
            && self.link.has_room();
        if !may {
            return Ok(Read::None);
        }
        let Self {
            io, edge, clock, ..
        } = self;
        let read = with_input(|input| {
            let count = match Pin::new(io).poll_read(cx, input) {
                Poll::Pending => return Ok(Read::None),
                Poll::Ready(Ok(0)) => return Ok(Read::Ended),
                Poll::Ready(Ok(count)) => count,
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    return Ok(Read::Some);
                }
                Poll::Ready(Err(error)) => return Err(socket_failed(error)),
            };
            edge.handle_input(clock.now(), input.get(..count).unwrap_or(input));
            Ok(Read::Some)
        })?;
        if matches!(read, Read::Some) {
            self.poll_edge()?;
        }
        Ok(read)
    }

    fn poll_edge(&mut self) -> Result<(), Error> {
        loop {
            match self.edge.poll() {
                Ok(Some(event)) => self.events.push(event),
                Ok(None) => return Ok(()),
                Err(error) => {
                    // What came before the fault counts.
                    self.tell_owner();
                    return Err(error.into());
                }
            }
        }
    }

    fn tick(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        let Some(wanted) = self.edge.poll_timeout() else {
            self.timer = None;
            return Ok(false);
        };
        // A timer that is too early costs one idle turn; one that is too late is set anew.
        if self.timer.as_ref().is_none_or(|(at, _)| *at > wanted) {
            self.timer = Some((wanted, Delay::new(self.clock.until(wanted))));
        }
        let Some((_, delay)) = &mut self.timer else {
            return Ok(false);
        };
        if delay.poll_unpin(cx).is_pending() {
            return Ok(false);
        }
        self.timer = None;
        // A connection with nothing to send keeps no room for it.
        self.outgoing.give_back();
        self.commands.shrink_to_fit();
        let now = self.clock.now();
        if now >= wanted {
            self.edge.handle_timeout(now, &mut self.outgoing.bytes)?;
        }
        Ok(true)
    }

    fn tell_owner(&mut self) {
        let written = std::mem::take(&mut self.outgoing.written_cost);
        let events = if self.link.has_room() {
            std::mem::take(&mut self.events)
        } else {
            Vec::new()
        };
        if events.is_empty() && written == 0 {
            return;
        }
        if !events.is_empty() {
            self.link.acquire();
        }
        // A closed inbox is a closed core: the link says so as well.
        self.inbox
            .send(Message::Edge {
                connection: self.id,
                events,
                written,
            })
            .ok();
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Future for Connection<IO> {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let result = ready!(this.step(cx));
        // Whoever hears that it is finished must not find it at the owner any more.
        this.inbox.send(Message::Gone(this.id)).ok();
        this.finish.set(result.clone());
        Poll::Ready(result)
    }
}

impl<IO> Drop for Connection<IO> {
    fn drop(&mut self) {
        self.inbox.send(Message::Gone(self.id)).ok();
        self.finish.set(Err(Error::new(
            ErrorKind::Closed,
            "the connection's future was dropped",
        )));
    }
}

enum Read {
    Ended,
    None,
    Some,
}

/// Lends the buffer that all connections of a thread read into: a thousand idle ones need one.
fn with_input<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    thread_local! {
        static INPUT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    // Taken, not borrowed: a socket may itself be made of a connection that reads.
    let mut input = INPUT.take();
    input.resize(READ_BYTES, 0);
    let result = read(&mut input);
    INPUT.set(input);
    result
}

fn socket_failed(error: io::Error) -> Error {
    Error::with_source(
        ErrorKind::Io,
        format!("the connection broke: {error}"),
        error,
    )
}

/// Silence after which a peer that was told of the end has nothing on its way any more.
const QUIET: Duration = Duration::from_millis(200);
/// How long a peer that was told of the end may go on sending.
const MAX_DRAIN: Duration = Duration::from_secs(2);
/// Bytes read at a time.
const READ_BYTES: usize = 128 << 10;
/// Steps of one connection before other tasks have their turn.
const ROUNDS: usize = 16;
