use std::collections::BTreeMap;

use bytes::Bytes;
use hyperfeed_types::PublicId;
use hyperfeed_v2_protocol::{ChannelId, Event, ProtocolError};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    peer::{NOW, Peer},
    session::{Session, Side},
};

/// What one side heard.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    events: Vec<Event>,
    channels: BTreeMap<PublicId, ChannelId>,
    error: Option<ProtocolError>,
}

/// Hands one side the other's bytes in pieces of these lengths, over and over. Each feed is opened once so
/// many bytes have come, or at the end.
fn hear(session: &Session, reader: Side, lengths: &[usize], opens: &[usize]) -> Heard {
    let bytes = session.bytes_from(reader.other());
    let mut peer = Peer::new(session.config(reader), 1);
    let mut lengths = lengths.iter().cycle();
    let (mut heard, mut rest) = (Heard::default(), &bytes[..]);
    loop {
        for ((id, key), at) in session.feeds.iter().zip(opens) {
            let due = *at <= bytes.len() - rest.len() || rest.is_empty();
            if due && !heard.channels.contains_key(id) {
                heard.channels.insert(*id, peer.open(key));
            }
        }
        loop {
            match peer.protocol.poll_event() {
                Ok(Some(event)) => heard.events.push(event),
                Ok(None) => break,
                Err(error) => {
                    heard.error = Some(error);
                    return heard;
                }
            }
        }
        if rest.is_empty() {
            return heard;
        }
        let length = (*lengths.next().unwrap()).min(rest.len());
        let (piece, later) = rest.split_at(length);
        peer.protocol.handle_input(NOW, piece);
        rest = later;
    }
}

#[test]
fn bytes_one_by_one_give_the_same_events() {
    for session in Session::all() {
        for reader in Side::BOTH {
            let whole = hear(session, reader, &[usize::MAX], &[0, 0]);
            assert_eq!(
                hear(session, reader, &[1], &[0, 0]),
                whole,
                "{}",
                session.name
            );
        }
    }
}

/// The messages of one feed, whatever the number of its channel.
fn messages(session: &Session, feed: usize, heard: &Heard) -> Vec<(u8, Bytes)> {
    let of = heard.channels.get(&session.feeds[feed].0);
    let messages = heard.events.iter().filter_map(|event| match event {
        Event::Message {
            channel,
            kind,
            body,
        } if Some(channel) == of => Some((*kind, body.clone())),
        _ => None,
    });
    messages.collect()
}

/// Those in which each feed keeps the channel it is opened on.
fn sessions_without_closing() -> Vec<&'static str> {
    let names = Session::all().iter().map(|session| session.name.as_str());
    names
        .filter(|name| !name.starts_with("leave, then") && !name.starts_with("close"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn pieces_of_any_length_give_the_same_events(
        session in 0..Session::all().len(),
        reader in select(&Side::BOTH[..]),
        lengths in vec(1_usize..200, 1..20),
    ) {
        let session = &Session::all()[session];
        let whole = hear(session, reader, &[usize::MAX], &[0, 0]);
        prop_assert_eq!(hear(session, reader, &lengths, &[0, 0]), whole);
    }

    #[test]
    fn feeds_opened_at_any_time_get_the_same_messages(
        session in select(sessions_without_closing()),
        reader in select(&Side::BOTH[..]),
        lengths in vec(1_usize..200, 1..20),
        opens in vec(0_usize..400, 2),
    ) {
        let session = Session::named(session);
        let at_once = hear(session, reader, &[usize::MAX], &[0, 0]);
        let late = hear(session, reader, &lengths, &opens);
        prop_assert_eq!(at_once.error, late.error);
        for feed in 0..session.feeds.len() {
            if at_once.error.is_none() && late.channels.contains_key(&session.feeds[feed].0) {
                let (at_once, late) = (messages(session, feed, &at_once), messages(session, feed, &late));
                prop_assert_eq!(late, at_once);
            }
        }
    }
}
