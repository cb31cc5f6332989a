//! Messages that cannot be read, or speak of what cannot be, drop the peer.

use crate::siege::Siege;
use hyperfeed_v2_protocol::ProtocolError;
use hyperfeed_v2_replicate::{Config, PeerError};
use hyperfeed_v2_wire::{self as wire, Message, limits, varint};

#[test]
fn a_bitfield_past_the_last_index_drops_the_peer() {
    let mut past = vec![1, 0];
    varint::encode(1 << 60, &mut past);
    past.push(0x80);
    for coded in [past, vec![], vec![9], vec![1, 0, 0x80], vec![0xff; 40]] {
        let mut siege = Siege::new(Config::default());
        let channel = siege.channel;
        siege.puppet().have_bits(channel, 0, &coded);
        assert!(matches!(siege.verdict(), PeerError::Bitfield), "{coded:?}");
    }
}

#[test]
fn an_index_past_the_largest_drops_the_peer_wherever_it_stands() {
    let past = 1 << 52;
    let messages = [
        Message::Have(wire::Have {
            start: past,
            end: None,
            bitfield: None,
        }),
        Message::Have(wire::Have {
            start: u64::MAX,
            end: Some(0),
            bitfield: None,
        }),
        Message::Want(wire::Want {
            start: past,
            end: None,
        }),
        Message::Request(wire::Request {
            block: past,
            digest: None,
        }),
        Message::Cancel(wire::Cancel {
            block: past,
            digest: None,
        }),
        Message::Response(wire::Response {
            block: past,
            data: b"",
            nodes: wire::Nodes::new(&[]),
            signature: None,
        }),
    ];
    for message in messages {
        let mut siege = Siege::new(Config::default());
        let channel = siege.channel;
        siege.puppet().send(channel, &message);
        let verdict = siege.verdict();
        assert!(
            matches!(verdict, PeerError::OutOfRange { .. }),
            "{message:?} {verdict:?}"
        );
    }
}

#[test]
fn a_proof_of_too_many_nodes_drops_the_peer() {
    let mut siege = Siege::new(Config::default());
    let channel = siege.channel;
    let node = wire::NodeRecord {
        index: 2,
        size: 0,
        hash: [0; 32].into(),
    };
    let nodes = vec![node; limits::MAX_NODES + 1];
    let response = wire::Response {
        block: 0,
        data: b"",
        nodes: wire::Nodes::new(&nodes),
        signature: None,
    };
    siege.puppet().send(channel, &Message::Response(response));
    assert!(matches!(siege.verdict(), PeerError::Decode(_)));
}

#[test]
fn a_body_that_cannot_be_read_drops_the_peer() {
    for (kind, body) in [
        (0, vec![0x08]),
        (2, vec![0xff; 11]),
        (3, vec![0x12, 0x7f, 1]),
        (4, vec![]),
    ] {
        let mut siege = Siege::new(Config::default());
        let channel = siege.channel;
        siege.puppet().send_raw(channel, kind, &body);
        assert!(
            matches!(siege.verdict(), PeerError::Decode(_)),
            "{kind} {body:?}"
        );
    }
}

#[test]
fn a_frame_over_the_limit_drops_the_peer_before_it_is_received() {
    let mut longer = Vec::new();
    varint::encode(limits::MAX_FRAME as u64 + 1, &mut longer);
    let drawn_out = vec![0x81, 0x80, 0x80, 0x80, 0x00];
    for bytes in [longer, drawn_out] {
        let mut siege = Siege::new(Config::default());
        siege.net.inject(siege.link, &bytes);
        let verdict = siege.verdict();
        assert!(
            matches!(verdict, PeerError::Protocol(ProtocolError::Decode(_))),
            "{verdict:?}"
        );
    }
}
