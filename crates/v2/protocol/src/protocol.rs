use alloc::{collections::VecDeque, string::String, vec::Vec};

use bytes::BytesMut;
use hyperfeed_types::{Instant, PeerId, PublicId};
use hyperfeed_v2_wire::KEEP_ALIVE;

use crate::{
    ApiMisuse, ChannelId, Config, Event, Limits, NonceSource, ProtocolError, Stats,
    channel::Link,
    channels::Channels,
    extensions::Extensions,
    held::HeldBudget,
    input::Input,
    keep_alive::{KeepAlive, Tick},
    nonce_source::Nonces,
};

/// One connection of generation 2: bytes in, events out; calls in, bytes out.
///
/// Does no I/O, has no clock and no source of randomness: bytes, time and a seed are handed in. Knows
/// the keys of feeds, nothing else of them, and does not read the bodies of messages.
///
/// Calls come in four kinds:
/// - *In*: [`handle_input`](Self::handle_input) with what the transport has received, while
///   [`wants_input`](Self::wants_input); [`handle_timeout`](Self::handle_timeout) when
///   [`poll_timeout`](Self::poll_timeout) has come.
/// - *Out*: [`poll_event`](Self::poll_event) until it gives `None`, after each of the above and after
///   [`open`](Self::open).
/// - *Commands*: [`open`](Self::open), [`leave`](Self::leave), [`send`](Self::send) and its kin. Those
///   that send put whole frames, encrypted, at the end of a buffer of the caller, and the transport
///   must take the bytes in that order: each frame uses up a nonce.
/// - *Getters*.
///
/// After an error of `poll_event` or `handle_timeout` the connection is over: the same error comes again,
/// input is ignored, commands fail.
#[derive(Debug)]
pub struct Protocol {
    pub(crate) encrypted: bool,
    pub(crate) peer_id: PeerId,
    pub(crate) limits: Limits,
    pub(crate) nonces: Nonces,
    pub(crate) channels: Channels,
    pub(crate) extensions: Extensions,
    /// Whether the remote has opened a channel.
    pub(crate) remote_opened: bool,
    pub(crate) remote_peer: RemotePeer,
    /// Whether our introduction was sent, with our first channel.
    pub(crate) introduced: bool,
    pub(crate) keep_alive: KeepAlive,
    pub(crate) input: Input,
    /// Held frames of channels that were opened here since, with the remote's number.
    pub(crate) released: VecDeque<(u64, BytesMut)>,
    pub(crate) held: HeldBudget,
    /// The next frame would have to be held, does not fit, and nothing is open here.
    pub(crate) stalled: bool,
    /// Found and not polled yet: those of one frame, and two per call of `open`.
    pub(crate) events: VecDeque<Event>,
    pub(crate) failure: Option<ProtocolError>,
    pub(crate) counters: Counters,
}

/// What the remote has said of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RemotePeer {
    /// Nothing yet.
    Unknown,
    /// It does not say.
    Anonymous,
    Named(PeerId),
}

/// The counting part of [`Stats`].
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) frames_in: u64,
    pub(crate) frames_out: u64,
    pub(crate) frames_ignored: u64,
    pub(crate) last_input: Instant,
    pub(crate) last_output: Instant,
}

impl Protocol {
    /// A connection that begins now. Nothing is sent before the first [`open`](Self::open).
    ///
    /// `seed` makes the nonces: 32 random bytes of the operating system, never used for another
    /// connection. Both sides of a connection are the same; there is no client and no server.
    pub fn new(config: Config, seed: [u8; 32], now: Instant) -> Self {
        Self::with_nonces(config, NonceSource::Seed(seed), now)
    }

    /// The same, with a choice of where nonces come from; for tests against recorded sessions.
    pub fn with_nonces(config: Config, nonces: NonceSource, now: Instant) -> Self {
        let limits = config.limits;
        Self {
            encrypted: config.encrypted,
            peer_id: config.peer_id,
            nonces: Nonces::new(nonces),
            channels: Channels::default(),
            extensions: Extensions::new(config.extensions, limits.max_extensions),
            remote_opened: false,
            remote_peer: RemotePeer::Unknown,
            introduced: false,
            keep_alive: KeepAlive::new(config.timeout_ms, now),
            input: Input::default(),
            released: VecDeque::new(),
            held: HeldBudget::new(&limits),
            stalled: false,
            events: VecDeque::new(),
            failure: None,
            counters: Counters {
                bytes_in: 0,
                bytes_out: 0,
                frames_in: 0,
                frames_out: 0,
                frames_ignored: 0,
                last_input: now,
                last_output: now,
            },
            limits,
        }
    }

    /// Takes in bytes of the transport, in pieces of any size.
    ///
    /// They are copied once; frames are decrypted in that copy and handed out as parts of it. Call it
    /// only while [`wants_input`](Self::wants_input): what comes in nevertheless is kept without bound.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if self.failure.is_some() {
            return;
        }
        self.counters.last_input = now;
        self.counters.bytes_in = self
            .counters
            .bytes_in
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.input.push(bytes);
    }

    /// The next event, `None` when more input is needed.
    ///
    /// Frames are read one by one as events are asked for.
    ///
    /// # Errors
    /// The connection is over: bytes that are no frames, a rule that was broken, or a timeout. Events
    /// found before come out first. The same error comes on each further call.
    pub fn poll_event(&mut self) -> Result<Option<Event>, ProtocolError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if let Some(failure) = self.failure {
                return Err(failure);
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => self.fail(error),
            }
        }
    }

    /// Drops a channel on this side. Sends nothing, as upstream: the remote goes on and its frames are
    /// dropped.
    ///
    /// No event for it comes any more. Does nothing for a channel that is not open. The feed may be opened
    /// again, under a new number.
    pub fn leave(&mut self, channel: ChannelId) {
        self.drop_channel(channel);
    }

    /// Carries the timers forward by one tick, if it is due; call it when [`poll_timeout`] has come.
    ///
    /// There is a tick each quarter of the timeout. The fourth one in a row without a frame sent writes a
    /// keep-alive to `out`; the sixth without a frame received ends the connection. Bytes of a frame that
    /// is not complete do not count as heard: a remote must bring a whole frame through in time.
    ///
    /// # Errors
    /// [`TimedOut`](ProtocolError::TimedOut), or the error the connection ended with before.
    ///
    /// [`poll_timeout`]: Self::poll_timeout
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<u8>) -> Result<(), ProtocolError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if now < self.keep_alive.next() {
            return Ok(());
        }
        // A frame that waits for the caller to poll has been received.
        if !self.stalled && self.input.has_frame() {
            self.keep_alive.heard();
        }
        match self.keep_alive.tick(now) {
            Tick::Nothing => Ok(()),
            Tick::SendKeepAlive => {
                out.extend_from_slice(KEEP_ALIVE);
                self.count_output(now, KEEP_ALIVE.len());
                Ok(())
            }
            Tick::TimedOut => {
                self.fail(ProtocolError::TimedOut);
                Err(ProtocolError::TimedOut)
            }
        }
    }

    /// Whether the transport should be read.
    ///
    /// False when the connection is over, when a whole frame is certainly there to be polled, and while the
    /// holding buffer is full and nothing is open here.
    pub fn wants_input(&self) -> bool {
        self.failure.is_none() && !self.stalled && !self.input.has_enough()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called; `None` when the connection is
    /// over.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.failure.is_none().then(|| self.keep_alive.next())
    }

    /// The channel that is open here for a feed.
    pub fn channel(&self, public_id: &PublicId) -> Option<ChannelId> {
        self.channels.id_of(public_id)
    }

    /// The feed of a channel, as long as it is open here.
    pub fn public_id(&self, channel: ChannelId) -> Option<&PublicId> {
        self.channels.get(channel).map(|channel| &channel.public_id)
    }

    /// Whether both sides have opened the channel.
    pub fn is_ready(&self, channel: ChannelId) -> bool {
        matches!(self.channels.link(channel), Some(Link::Ready { .. }))
    }

    /// Frames the remote sent for the feed before [`Ready`](Event::Ready) that the channel never sees.
    ///
    /// Not 0 when the feed was left in between, or when its frames did not fit the holding buffer. What the
    /// remote said it has is then not known: send a
    /// [`Want`](hyperfeed_v2_wire::Want) from block 0, which upstream answers.
    pub fn missed_frames(&self, channel: ChannelId) -> u64 {
        match self.channels.link(channel) {
            Some(Link::Ready { missed, .. }) => missed,
            Some(Link::Alone) | None => 0,
        }
    }

    /// Our extensions, sorted as they are on the wire. Indices of extensions are those of this list.
    pub fn extensions(&self) -> &[String] {
        self.extensions.names()
    }

    /// Whether the remote knows an extension of ours too. False before its introduction was read.
    pub fn remote_supports(&self, name: usize) -> bool {
        self.extensions.remote_supports(name)
    }

    /// What the remote calls itself, once its introduction was read. Nothing proves it.
    pub fn remote_peer_id(&self) -> Option<&PeerId> {
        match &self.remote_peer {
            RemotePeer::Named(peer_id) => Some(peer_id),
            RemotePeer::Anonymous | RemotePeer::Unknown => None,
        }
    }

    /// Whether messages are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Counters and sizes, now.
    pub fn stats(&self) -> Stats {
        let counters = &self.counters;
        Stats {
            bytes_in: counters.bytes_in,
            bytes_out: counters.bytes_out,
            frames_in: counters.frames_in,
            frames_out: counters.frames_out,
            frames_ignored: counters.frames_ignored,
            last_input: counters.last_input,
            last_output: counters.last_output,
            buffered_bytes: self.input.len(),
            held_bytes: self.held.bytes(),
            held_frames: self.held.frames(),
            remote_channels: self.channels.remote_len(),
        }
    }

    /// Ends the connection and gives back what it held.
    pub(crate) fn fail(&mut self, error: ProtocolError) {
        self.failure.get_or_insert(error);
        self.input.clear();
        self.released.clear();
        self.channels.clear_remote();
        self.held = HeldBudget::new(&self.limits);
    }

    pub(crate) fn ensure_alive(&self) -> Result<(), ApiMisuse> {
        match self.failure {
            Some(_) => Err(ApiMisuse::ConnectionOver),
            None => Ok(()),
        }
    }

    pub(crate) fn count_output(&mut self, now: Instant, bytes: usize) {
        self.keep_alive.sent();
        self.counters.last_output = now;
        self.counters.frames_out = self.counters.frames_out.saturating_add(1);
        self.counters.bytes_out = self
            .counters
            .bytes_out
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}
