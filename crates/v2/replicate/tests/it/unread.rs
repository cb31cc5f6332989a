//! What waits for a peer that does not read is bounded.

use crate::siege::Siege;
use hyperfeed_v2_replicate::{Config, Error};
use hyperfeed_v2_wire::{self as wire, Message, encode_frame_header};

#[test]
fn a_peer_that_does_not_read_costs_a_bounded_buffer() {
    let config = Config {
        max_unwritten: 100_000,
        ..Config::default()
    };
    let mut siege = Siege::new(config);
    let (victim, slot, link, channel) = (siege.victim, siege.g[1], siege.link, siege.channel);
    let (attacker, g_key) = (siege.attacker, siege.g_key);
    let large = vec![7; 10_000];
    let leaves = (0..100).map(|_| hyperfeed_v2_replicate::Leaf::new(large.clone().into()));
    let node = &mut siege.net.nodes[victim].replicator;
    node.append(slot, leaves.collect(), None, 7);
    siege.net.join(victim, attacker, slot);
    let other = siege.puppet().open(&g_key);
    siege.net.run();
    let before = siege.net.arrived(link, 1).len();
    siege.net.clog(link);
    for round in 0..20 {
        for block in 0..100 {
            siege.puppet().request(other, block);
            siege.puppet().request(channel, 1_000_000 + block);
            let want = wire::Want {
                start: round * 100 + block,
                end: None,
            };
            siege.puppet().send(channel, &Message::Want(want));
        }
        siege.net.run();
        let sent = siege.net.arrived(link, 1).len() - before;
        assert!(sent < 100_000 + 11_000, "{sent}");
    }
    // An application that answers such a peer is told so.
    let body = bytes::Bytes::from(vec![0; 60_000]);
    let node = &mut siege.net.nodes[victim].replicator;
    let answers = [0; 4].map(|_| node.send_extension(attacker, slot, 0, body.clone()));
    assert!(answers[0].is_ok() && answers[1].is_ok());
    assert!(matches!(answers[3], Err(Error::Unread)));
    // The queue of the puppet's feed was asked for 100 blocks of 10 kB; nothing more went out.
    assert!(siege.net.arrived(link, 1).len() - before < 111_000);
    siege.is_unharmed();
}

#[test]
fn channels_closed_and_opened_again_without_end_cost_a_bounded_buffer() {
    let config = Config {
        max_unwritten: 10_000,
        ..Config::default()
    };
    let mut siege = Siege::new(config);
    let (link, f_key) = (siege.link, siege.f_key);
    siege.net.run();
    siege.net.clog(link);
    let before = siege.net.arrived(link, 1).len();
    for number in 1..2000_u64 {
        let mut out = Vec::new();
        encode_frame_header(number - 1, 0, &mut out);
        let handshake = wire::Handshake {
            public_id: hyperfeed_v2_crypto::public_id(&f_key),
            nonce: &[0; 24],
            protocol: None,
        };
        encode_frame_header(number, handshake.encoded_len(), &mut out);
        handshake.encode(&mut out);
        siege.net.inject(link, &out);
        siege.net.run();
    }
    assert!(siege.net.arrived(link, 1).len() - before < 10_500);
    siege.is_borne();
}
