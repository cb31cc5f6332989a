//! The driver and the generator, shown on npm peers alone.

use std::net::TcpListener;
use std::time::Duration;

use hyperfeed_testing_interop::{
    Connect, Event, FeedDigest, FeedOptions, Listen, NpmError, NpmPeer, Pattern,
};

const SIZES: Pattern = Pattern::new(7, 1_048_576);

#[test]
fn both_sides_make_the_same_pattern() {
    let mut peer = NpmPeer::spawn().unwrap();
    peer.create_static("pattern").unwrap();
    peer.append_pattern("pattern", SIZES, 0, 300).unwrap();
    let expected = FeedDigest::of(SIZES.blocks(0..300));
    assert_eq!(peer.digest_all("pattern").unwrap(), expected);
    assert!(expected.bytes > 1_000_000, "sizes vary: {expected:?}");
    assert_eq!(peer.get("pattern", 299).unwrap(), SIZES.block(299));
}

#[test]
fn npm_peers_replicate_with_each_other() {
    let mut writer = NpmPeer::spawn_as(&[0xaa; 32]).unwrap();
    let feed = writer.create_live_from("log", &[1; 32]).unwrap();
    assert_eq!(
        feed.key,
        "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
    );
    writer.append_pattern("log", SIZES, 0, 100).unwrap();
    let port = writer
        .listen(&Listen::feeds(["log"]).extensions(["beta", "alpha"]))
        .unwrap();

    let mut reader = NpmPeer::spawn().unwrap();
    reader
        .open("copy", &feed.key, FeedOptions::default())
        .unwrap();
    reader
        .connect(
            &Connect::to(port)
                .feeds(["copy"])
                .extensions(["beta", "gamma"]),
        )
        .unwrap();
    reader.wait_blocks("copy", 100).unwrap();
    writer.append("log", ["after", "connecting"]).unwrap();
    reader.wait_blocks("copy", 102).unwrap();
    assert_eq!(
        reader.digest_all("copy").unwrap(),
        writer.digest_all("log").unwrap()
    );
    assert_eq!(reader.get("copy", 101).unwrap(), b"connecting");

    let handshake = reader
        .wait_event("handshake", |event| {
            matches!(event, Event::Handshake { .. })
        })
        .unwrap();
    let expected = Event::Handshake {
        connection: 1,
        peer_id: "aa".repeat(32),
        supports: vec![true, false],
    };
    assert_eq!(handshake, expected);
    reader.send_extension("copy", 0, b"hello").unwrap();
    let extension = writer
        .wait_event("extension", |event| {
            matches!(event, Event::Extension { .. })
        })
        .unwrap();
    let expected = Event::Extension {
        name: "log".to_owned(),
        extension: 1,
        data: "68656c6c6f".to_owned(),
    };
    assert_eq!(extension, expected);

    assert_eq!(reader.stats("copy").unwrap().downloaded, 102);
    assert_eq!(writer.stats("log").unwrap().uploaded, 102);
    assert_eq!((reader.crashes(), writer.crashes()), (vec![], vec![]));
}

#[test]
fn npm_static_feeds_replicate_without_the_cipher_into_external_storage() {
    let mut writer = NpmPeer::spawn().unwrap();
    writer.create_static("file").unwrap();
    writer.append_pattern("file", SIZES, 500, 40).unwrap();
    let feed = writer.finalize("file").unwrap();
    let port = writer
        .listen(&Listen::feeds(["file"]).unencrypted())
        .unwrap();

    let mut reader = NpmPeer::spawn().unwrap();
    let options = FeedOptions {
        external: true,
        ..FeedOptions::default()
    };
    reader.open("copy", &feed.key, options).unwrap();
    reader
        .connect(&Connect::to(port).feeds(["copy"]).unencrypted())
        .unwrap();
    reader.wait_blocks("copy", 40).unwrap();
    assert_eq!(
        reader.digest_all("copy").unwrap(),
        FeedDigest::of(SIZES.blocks(500..540))
    );
}

#[test]
fn npm_peers_carry_two_feeds_on_one_connection() {
    let mut writer = NpmPeer::spawn().unwrap();
    let keys = ["one", "two"].map(|name| {
        let feed = writer.create_live(name).unwrap();
        writer.append(name, [name, "block"]).unwrap();
        feed.key
    });
    let port = writer.listen(&Listen::feeds(["one", "two"])).unwrap();
    let mut reader = NpmPeer::spawn().unwrap();
    for (name, key) in ["one", "two"].iter().zip(&keys) {
        reader.open(name, key, FeedOptions::default()).unwrap();
    }
    let connection = reader.connect(&Connect::to(port).feeds(["one"])).unwrap();
    reader.join(connection, "two").unwrap();
    for name in ["one", "two"] {
        reader.wait_blocks(name, 2).unwrap();
        assert_eq!(reader.get(name, 0).unwrap(), name.as_bytes());
    }
    reader.close(connection).unwrap();
    writer
        .wait_event("close", |event| matches!(event, Event::Closed { .. }))
        .unwrap();
}

#[test]
fn a_proof_travels_from_one_npm_peer_to_another_by_hand() {
    let mut writer = NpmPeer::spawn().unwrap();
    let feed = writer.create_live("log").unwrap();
    writer.append("log", ["a", "b", "c"]).unwrap();
    let mut reader = NpmPeer::spawn().unwrap();
    reader
        .open("copy", &feed.key, FeedOptions::default())
        .unwrap();
    let digest = reader.digest("copy", 1).unwrap();
    let proof = writer.proof("log", 1, digest).unwrap();
    let refused = reader.put("copy", 1, b"x", &proof).unwrap_err();
    assert_eq!(refused.message(), Some("Signature does not verify"));
    assert_eq!(reader.put("copy", 1, b"b", &proof).unwrap().held, 1);
    assert!(reader.has("copy", 1).unwrap());
}

#[test]
fn a_wrong_key_is_reported_as_upstream_words_it() {
    let mut writer = NpmPeer::spawn().unwrap();
    writer.create_live("log").unwrap();
    let port = writer.listen(&Listen::feeds(["log"])).unwrap();
    let mut reader = NpmPeer::spawn().unwrap();
    reader
        .open("other", &"42".repeat(32), FeedOptions::default())
        .unwrap();
    reader.connect(&Connect::to(port).feeds(["other"])).unwrap();
    let failed = writer
        .wait_event("failure", |event| matches!(event, Event::Failed { .. }))
        .unwrap();
    let expected = Event::Failed {
        connection: 1,
        message: "Channel is not open yet".to_owned(),
    };
    assert_eq!(failed, expected);
}

#[test]
fn waiting_has_an_end() {
    let mut peer = NpmPeer::spawn().unwrap();
    peer.create_live("log").unwrap();
    peer.set_timeout(Duration::from_millis(200));
    let late = peer.wait_blocks("log", 1).unwrap_err();
    assert!(matches!(late, NpmError::TimedOut { .. }), "{late}");
}

#[test]
fn a_crash_of_upstream_is_an_event_and_the_peer_lives_on() {
    let mut writer = NpmPeer::spawn().unwrap();
    writer.create_live("log").unwrap();
    let port = writer
        .listen(&Listen::feeds(["log"]).unencrypted())
        .unwrap();
    let mut reader = NpmPeer::spawn().unwrap();
    reader
        .open("other", &"42".repeat(32), FeedOptions::default())
        .unwrap();
    // Without the cipher, a message on a channel that is not joined meets no handler.
    reader
        .connect(&Connect::to(port).feeds(["other"]).unencrypted())
        .unwrap();
    writer
        .wait_event("crash", |event| matches!(event, Event::Crash { .. }))
        .unwrap();
    assert_eq!(writer.append("log", ["still here"]).unwrap().held, 1);
}

#[test]
fn silence_is_reported_as_a_timeout_and_a_close() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut peer = NpmPeer::spawn().unwrap();
    peer.create_live("log").unwrap();
    let options = Connect::to(port)
        .feeds(["log"])
        .timeout(Duration::from_millis(200));
    let connection = peer.connect(&options).unwrap();
    let timeout = Event::TimedOut { connection };
    assert_eq!(
        peer.wait_event("timeout", |event| *event == timeout)
            .unwrap(),
        timeout
    );
    let closed = Event::Closed { connection };
    assert_eq!(
        peer.wait_event("close", |event| *event == closed).unwrap(),
        closed
    );
}
