//! One connection: bytes from anybody, and messages of somebody who has the key.

use crate::input::Input;
use hyperfeed_types::{FeedKey, Instant, PeerId};
use hyperfeed_v2_protocol::{Config, Event, Limits, Protocol, ProtocolError};
use hyperfeed_v2_wire::encode_frame_header;

/// Any bytes: caps hold, what comes out is bounded by what came in, and the pieces they arrive in change nothing.
pub(crate) fn stream(data: &[u8]) {
    let mut input = Input::new(data);
    let encrypted = input.byte() & 1 == 1;
    let piece = usize::from(input.byte()) + 1;
    let bytes = input.rest();
    let whole = receive(
        encrypted,
        &[Arrival::Open(1), Arrival::Open(2), Arrival::Bytes(bytes)],
        usize::MAX,
    );
    let pieces = receive(
        encrypted,
        &[Arrival::Open(1), Arrival::Open(2), Arrival::Bytes(bytes)],
        piece,
    );
    assert_eq!(whole, pieces);
}

/// A peer with the key says anything, opens and closes, and lets raw bytes slip in between.
pub(crate) fn behind_the_cipher(data: &[u8]) {
    let mut input = Input::new(data);
    let encrypted = input.byte() & 1 == 1;
    let piece = usize::from(input.byte()) + 1;
    let mut sender = Protocol::new(config(encrypted, 1), [1; 32], NOW);
    let mut channels = Vec::new();
    let mut script: Vec<(Option<u8>, Vec<u8>)> = Vec::new();
    let mut out = Vec::new();
    while !input.is_empty() {
        let what = input.byte();
        match what % 8 {
            0 => {
                let feed = input.byte() % 4;
                if let Ok(channel) = sender.open(NOW, &key(feed), &mut out) {
                    channels.push(channel);
                }
            }
            1 => {
                script.push((Some(input.byte() % 4), core::mem::take(&mut out)));
            }
            2 => {
                if let Some(channel) = channels.pop() {
                    sender.leave(channel);
                }
            }
            3 => out.extend_from_slice(input.string()),
            4 => {
                let payload = input.string();
                encode_frame_header(u64::from(what >> 4), payload.len(), &mut out);
                out.extend_from_slice(payload);
            }
            _ => {
                let kind = input.byte();
                let body = input.string();
                if let Some(channel) = channels.get(usize::from(what >> 3) % channels.len().max(1))
                {
                    // A channel that was left says nothing.
                    sender.send_raw(NOW, *channel, kind, body, &mut out).ok();
                }
            }
        }
    }
    script.push((None, out));
    let arrivals: Vec<Arrival<'_>> = script
        .iter()
        .flat_map(|(open, bytes)| {
            let then = open.map(Arrival::Open);
            [Some(Arrival::Bytes(bytes)), then].into_iter().flatten()
        })
        .collect();
    let whole = receive(encrypted, &arrivals, usize::MAX);
    assert_eq!(whole, receive(encrypted, &arrivals, piece));
}

enum Arrival<'a> {
    Bytes(&'a [u8]),
    /// The receiver opens a feed.
    Open(u8),
}

/// What a receiver makes of it.
fn receive(
    encrypted: bool,
    arrivals: &[Arrival<'_>],
    piece: usize,
) -> (Vec<Event>, Option<ProtocolError>) {
    let mut receiver = Protocol::new(config(encrypted, 2), [2; 32], NOW);
    let (mut events, mut out, mut came, mut opened) = (Vec::new(), Vec::new(), 0, 0);
    for arrival in arrivals {
        match arrival {
            Arrival::Open(feed) => {
                opened += usize::from(receiver.open(NOW, &key(*feed), &mut out).is_ok());
                if let Err(error) = poll(&mut receiver, &mut events, opened) {
                    return (events, Some(error));
                }
            }
            Arrival::Bytes(bytes) => {
                for part in bytes.chunks(piece) {
                    came += part.len();
                    receiver.handle_input(NOW, part);
                    if let Err(error) = poll(&mut receiver, &mut events, opened) {
                        return (events, Some(error));
                    }
                }
            }
        }
    }
    let bodies = events.iter().map(|event| match event {
        Event::Message { body, .. } | Event::Extension { body, .. } => body.len(),
        _ => 0,
    });
    assert!(bodies.sum::<usize>() <= came);
    assert!(events.len() <= came + opened);
    (events, None)
}

fn poll(
    receiver: &mut Protocol,
    events: &mut Vec<Event>,
    opened: usize,
) -> Result<(), ProtocolError> {
    while let Some(event) = receiver.poll_event()? {
        events.push(event);
        let (stats, limits) = (receiver.stats(), limits());
        assert!(stats.held_bytes <= limits.max_held_bytes, "{stats:?}");
        assert!(stats.held_frames <= limits.max_held_frames, "{stats:?}");
        assert!(
            stats.remote_channels <= limits.max_channels + opened,
            "{stats:?}"
        );
    }
    Ok(())
}

fn config(encrypted: bool, peer: u8) -> Config {
    let mut config = Config::new(PeerId::new([peer; 32]));
    config.encrypted = encrypted;
    config.extensions = vec!["a".to_owned(), "b".to_owned()];
    config.limits = limits();
    config
}

/// Small ones, so that short inputs reach them.
fn limits() -> Limits {
    Limits {
        max_channels: 4,
        max_held_bytes: 1000,
        max_held_frames: 6,
        max_extensions: 3,
        max_extension_name: 8,
        max_introduction: 200,
    }
}

fn key(feed: u8) -> FeedKey {
    FeedKey::new([feed; 32])
}

const NOW: Instant = Instant::ZERO;
