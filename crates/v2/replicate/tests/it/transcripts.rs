//! Each recorded session of npm 2.3.0 played to one of our peers, in the place of either side.

use crate::replay::Replay;
use crate::session::{Session, Side};
use hyperfeed_testing_vectors::hex;
use hyperfeed_v2_protocol::{Misbehaviour, ProtocolError};
use hyperfeed_v2_replicate::{Event, PeerError};
use std::collections::BTreeSet;

/// Sessions that upstream ends with an error, at one side or both.
fn ends_in_error(session: &Session) -> bool {
    [
        "the first channels",
        "close frame",
        "leave, then another feed on the freed channel",
        "request for",
        "bad block",
        "one side",
    ]
    .iter()
    .any(|start| session.is(start))
}

#[test]
fn every_session_leaves_our_peer_where_it_left_upstream() {
    let mut replays = 0;
    for session in Session::all()
        .iter()
        .filter(|session| !ends_in_error(session))
    {
        for side in Side::BOTH {
            let replay = Replay::new(session, side).play();
            let label = |what: &str| format!("{what}, {}, as {side:?}", session.name);
            let timed_out = session.is("keep-alive") && side == Side::B;
            assert_eq!(
                replay.verdict.is_some(),
                timed_out,
                "{} {:?}",
                label("verdict"),
                replay.verdict
            );
            for feed in replay.slots.keys() {
                let before = Replay::new(session, side).held(feed);
                let downloads: BTreeSet<u64> =
                    session.events(side, feed, "download").into_iter().collect();
                let fetched = replay.downloads(feed);
                // A block that comes twice is stored once.
                let new: BTreeSet<u64> = downloads.difference(&before).copied().collect();
                assert_eq!(
                    fetched.iter().copied().collect::<BTreeSet<u64>>(),
                    new,
                    "{}",
                    label("downloads")
                );
                assert_eq!(fetched.len(), new.len(), "{}", label("downloads twice"));
                let appended = match () {
                    () if side == Side::B => 0,
                    () if session.is("append") => 4,
                    () if session.is("pause") => 1,
                    () => 0,
                };
                let held = replay.held(feed);
                let mut expected: BTreeSet<u64> = before.union(&downloads).copied().collect();
                let length = before.len() as u64;
                expected.extend(length..length + appended);
                assert_eq!(held, expected, "{}", label("held"));
                if !session.is("keep-alive") {
                    let uploads = session.events(side, feed, "upload");
                    assert_eq!(replay.uploads(feed), uploads, "{}", label("uploads"));
                }
                if !timed_out {
                    let told = session.told(side, feed).len() as u64;
                    assert_eq!(replay.remote(feed), Some(told), "{}", label("remote"));
                }
            }
            replays += 1;
        }
    }
    assert_eq!(replays, 2 * 18);
}

/// With the nonces of the recording: frames that are the same, byte for byte, from the first on.
#[test]
fn our_peer_writes_what_upstream_wrote_as_far_as_both_choose_alike() {
    let mut whole = Vec::new();
    for session in Session::all().iter() {
        for side in Side::BOTH {
            let replay = Replay::new(session, side).play();
            let theirs = session.frames(side).concat();
            if replay.sent == theirs {
                whole.push((side, session.name.clone()));
            }
        }
    }
    // What else there is differs by design: the order of requests and announcements, no signature but the last of
    // each commit.
    let whole: Vec<(Side, &str)> = whole
        .iter()
        .map(|(side, name)| (*side, name.as_str()))
        .collect();
    let expected = [
        (Side::A, "live feed, three blocks"),
        (Side::B, "live feed, three blocks"),
        (Side::A, "live feed, three blocks, not encrypted"),
        (Side::B, "live feed, three blocks, not encrypted"),
        (Side::A, "live feed, empty"),
        (Side::B, "live feed, empty"),
        (Side::A, "blocks of 0, 1, 127, 128, 3000 and 20000 bytes"),
        (Side::B, "blocks of 0, 1, 127, 128, 3000 and 20000 bytes"),
        (Side::A, "static feed, five blocks"),
        (Side::B, "static feed, five blocks"),
        (Side::A, "static feed, five blocks, not encrypted"),
        (Side::B, "static feed, five blocks, not encrypted"),
        (Side::B, "append while connected"),
        (Side::A, "the remote opens first; the feed is joined later"),
        (Side::B, "close frame (an error when encrypted)"),
        (Side::B, "close frame, not encrypted (ignored)"),
        (Side::B, "bad block data: error"),
        (Side::B, "one side encrypts, the other does not: error"),
    ];
    assert_eq!(whole, expected);
}

fn session(name: &str) -> Session {
    let mut all = Session::all().into_iter();
    all.find(|session| session.name == name).unwrap()
}

fn opened(replay: &Replay<'_>) -> usize {
    let opened = |event: &&Event| matches!(event, Event::FeedOpened { .. });
    replay.events.iter().filter(opened).count()
}

#[test]
fn first_channels_that_differ_are_no_error_here() {
    let session = session("the first channels differ: error");
    for (side, label) in [(Side::A, "f"), (Side::B, "g")] {
        let replay = Replay::new(&session, side).play();
        assert!(replay.verdict.is_none());
        assert_eq!(opened(&replay), 1);
        assert_eq!(replay.held(label).len(), 2);
        assert_eq!(replay.remote(label), None);
    }
}

#[test]
fn a_close_frame_ends_the_feed_on_the_connection_and_nothing_else() {
    for name in [
        "close frame (an error when encrypted)",
        "close frame, not encrypted (ignored)",
    ] {
        let session = session(name);
        let replay = Replay::new(&session, Side::B).play();
        assert!(replay.verdict.is_none());
        assert_eq!(replay.downloads("f"), [0]);
        let removed = |event: &Event| matches!(event, Event::PeerRemoved { .. });
        assert!(replay.events.iter().any(removed));
        // The writer's side sees nothing of the close that upstream sends by hand.
        let replay = Replay::new(&session, Side::A).play();
        assert!(replay.verdict.is_none());
        assert_eq!(replay.uploads("f"), [0]);
    }
}

#[test]
fn another_feed_on_a_freed_channel_is_that_other_feed() {
    for name in [
        "leave, then another feed on the freed channel",
        "leave, then another feed on the freed channel, not encrypted",
    ] {
        let session = session(name);
        let replay = Replay::new(&session, Side::B).play();
        assert!(replay.verdict.is_none(), "{:?}", replay.verdict);
        assert_eq!(replay.downloads("f"), [0]);
        assert_eq!(opened(&replay), 2);
        // In plain mode the recording goes on with what it has of the other feed.
        let told = u64::from(!session.encrypted);
        assert_eq!(replay.remote("g"), Some(told));
        let replay = Replay::new(&session, Side::A).play();
        assert!(replay.verdict.is_none());
        assert_eq!(replay.uploads("f"), [0]);
    }
}

#[test]
fn a_request_for_a_block_that_is_not_there_is_no_error() {
    let session = session("request for a block that is not there: error");
    let replay = Replay::new(&session, Side::A).play();
    assert!(replay.verdict.is_none());
    assert_eq!(replay.uploads("f"), [0]);
    assert_eq!(replay.remote("f"), Some(1));
    let replay = Replay::new(&session, Side::B).play();
    assert!(replay.verdict.is_none());
    assert_eq!(replay.downloads("f"), [0]);
}

#[test]
fn a_bad_block_ends_the_connection_and_stores_nothing() {
    let session = session("bad block data: error");
    let replay = Replay::new(&session, Side::B).play();
    let verdict = replay.verdict.as_ref().unwrap();
    assert!(
        matches!(verdict, PeerError::BadBlock { block, .. } if block.get() == 0),
        "{verdict:?}"
    );
    assert!(replay.held("f").is_empty());
    assert_eq!(replay.feed("f").length(), 0);
    let replay = Replay::new(&session, Side::A).play();
    assert!(replay.verdict.is_none());
}

#[test]
fn a_side_that_does_not_encrypt_is_refused_by_the_side_that_does() {
    let session = session("one side encrypts, the other does not: error");
    let replay = Replay::new(&session, Side::B).play();
    let verdict = replay.verdict.as_ref().unwrap();
    assert!(
        matches!(
            verdict,
            PeerError::Protocol(ProtocolError::PeerMisbehaved(
                Misbehaviour::MessageTooShort { channel: 0, .. }
            ))
        ),
        "{verdict:?}"
    );
    let replay = Replay::new(&session, Side::A).play();
    let verdict = replay.verdict.as_ref().unwrap();
    assert!(
        matches!(verdict, PeerError::Protocol(ProtocolError::Decode(_))),
        "{verdict:?}"
    );
}

#[test]
fn messages_of_extensions_both_sides_know_arrive_and_no_others() {
    for session in Session::all()
        .iter()
        .filter(|session| session.is("extension"))
    {
        for side in Side::BOTH {
            let replay = Replay::new(session, side).play();
            let recorded = session
                .log
                .iter()
                .filter(|entry| entry["at"] == side.name() && !entry["onextension"].is_null());
            let recorded: Vec<(usize, Vec<u8>)> = recorded
                .map(|entry| {
                    let name = entry["onextension"].as_u64().unwrap() as usize;
                    (name, hex(entry["payload"].as_str().unwrap()))
                })
                .collect();
            let ours = replay.events.iter().filter_map(|event| match event {
                Event::Extension { name, body, .. } => Some((*name, body.to_vec())),
                _ => None,
            });
            assert_eq!(ours.collect::<Vec<_>>(), recorded);
        }
    }
}
