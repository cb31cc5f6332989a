use std::borrow::Cow;

use hyperfeed_types::{FeedKey, PeerId, PublicId};
use hyperfeed_v2_wire::{
    DecodeError, Extensions, FeedRecord, Handshake, Message, NodeRecord, ProtocolHandshake,
    Response,
};
use proptest::{collection::vec, option, prelude::*};

use crate::strategy;

fn encoded(message: &Message<'_>) -> Vec<u8> {
    // A caller's buffer may hold something already.
    let mut out = b"before".to_vec();
    message.encode(&mut out);
    assert_eq!(out.len(), 6 + message.encoded_len());
    out.split_off(6)
}

/// What a decoder accepts although bytes are missing must be a complete shorter message.
fn check_cuts<'a, T>(
    whole: &'a [u8],
    decode: impl Fn(&'a [u8]) -> Result<T, DecodeError>,
    encode: impl Fn(T, &mut Vec<u8>),
) {
    for cut in 0..whole.len() {
        if let Ok(shorter) = decode(&whole[..cut]) {
            let mut again = Vec::new();
            encode(shorter, &mut again);
            assert_eq!(again, whole[..cut], "accepted a field cut short");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_message_survives_the_round_trip(owned in strategy::message()) {
        let message = owned.borrow();
        let bytes = encoded(&message);
        prop_assert_eq!(bytes[0], message.kind());
        prop_assert_eq!(Message::decode_payload(&bytes), Ok(Some(message)));
    }

    #[test]
    fn a_message_cut_short_is_refused_or_a_whole_shorter_message(owned in strategy::message()) {
        let bytes = encoded(&owned.borrow());
        if matches!(owned, strategy::Owned::Extension(..)) {
            return Ok(());
        }
        check_cuts(&bytes[1..], |body| Message::decode(bytes[0], body), |message, out| {
            message.encode(out);
            out.remove(0);
        });
    }

    #[test]
    fn a_required_field_cannot_be_cut_off(block in strategy::number(), data in strategy::bytes(50)) {
        let response = Response { block, data: &data, nodes: Default::default(), signature: None };
        let mut bytes = Vec::new();
        response.encode(&mut bytes);
        for cut in 0..bytes.len() {
            prop_assert!(Response::decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn handshakes_survive_the_round_trip(
        id: [u8; 32],
        nonce: [u8; 24],
        protocol in option::of(strategy::bytes(80)),
    ) {
        let handshake = Handshake {
            public_id: PublicId::new(id),
            nonce: &nonce,
            protocol: protocol.as_deref(),
        };
        let mut bytes = Vec::new();
        handshake.encode(&mut bytes);
        prop_assert_eq!(bytes.len(), handshake.encoded_len());
        prop_assert_eq!(Handshake::decode(&bytes), Ok(handshake));
        check_cuts(&bytes, Handshake::decode, |handshake, out| handshake.encode(out));
    }

    #[test]
    fn protocol_handshakes_survive_the_round_trip(
        version in option::of(strategy::number()),
        id: [u8; 32],
        names in vec(".{0,12}", 0..6),
    ) {
        let handshake = ProtocolHandshake {
            version,
            peer_id: PeerId::new(id),
            extensions: Extensions::from(names.as_slice()),
        };
        let mut bytes = Vec::new();
        handshake.encode(&mut bytes);
        prop_assert_eq!(bytes.len(), handshake.encoded_len());
        let decoded = ProtocolHandshake::decode(&bytes).unwrap();
        prop_assert_eq!(decoded, handshake);
        prop_assert_eq!(decoded.extensions.len(), names.len());
        let texts: Vec<_> = decoded.extensions.iter().collect();
        prop_assert!(texts.iter().all(|name| matches!(name, Cow::Borrowed(_))));
        prop_assert_eq!(texts, names.clone());
        let borrowed: Vec<_> = names.iter().map(String::as_str).collect();
        prop_assert_eq!(Extensions::from(borrowed.as_slice()), decoded.extensions);
        check_cuts(&bytes, ProtocolHandshake::decode, |handshake, out| handshake.encode(out));
    }

    #[test]
    fn records_survive_the_round_trip(
        node in strategy::node(),
        prefix in option::of(strategy::bytes(33)),
        id: [u8; 32],
        key: [u8; 32],
        secret in option::of(strategy::bytes(64)),
        live: Option<bool>,
    ) {
        let mut bytes = Vec::new();
        node.encode(&mut bytes);
        prop_assert_eq!(bytes.len(), node.encoded_len());
        prop_assert_eq!(NodeRecord::decode(&bytes), Ok(node));
        for cut in 0..bytes.len() {
            prop_assert!(NodeRecord::decode(&bytes[..cut]).is_err());
        }

        let feed = FeedRecord {
            prefix: prefix.as_deref(),
            public_id: PublicId::new(id),
            key: FeedKey::new(key),
            secret_key: secret.as_deref(),
            live,
        };
        let mut bytes = Vec::new();
        feed.encode(&mut bytes);
        prop_assert_eq!(bytes.len(), feed.encoded_len());
        prop_assert_eq!(FeedRecord::decode(&bytes), Ok(feed));
        check_cuts(&bytes, FeedRecord::decode, |feed, out| feed.encode(out));
    }

    #[test]
    fn what_is_accepted_of_random_bytes_survives_the_round_trip(
        kind in 0_u8..8,
        body in strategy::bytes(60),
    ) {
        let _ = Handshake::decode(&body);
        let _ = ProtocolHandshake::decode(&body).map(|message| message.extensions.iter().count());
        let _ = FeedRecord::decode(&body);
        let _ = NodeRecord::decode(&body);
        if let Ok(message) = Message::decode(kind, &body) {
            let again = encoded(&message);
            prop_assert_eq!(Message::decode_payload(&again), Ok(Some(message)));
        }
    }

    #[test]
    fn damaged_messages_never_panic_and_announce_as_many_nodes_as_they_give(
        owned in strategy::message(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encoded(&owned.borrow());
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(Some(message)) = Message::decode_payload(&bytes) {
            if let Message::Response(response) = &message {
                let nodes = response.nodes.iter();
                prop_assert_eq!(nodes.len(), response.nodes.len());
                prop_assert_eq!(nodes.count(), response.nodes.len());
            }
            let again = encoded(&message);
            prop_assert_eq!(Message::decode_payload(&again), Ok(Some(message)));
        }
    }
}

#[test]
fn names_that_are_not_text_keep_their_bytes() {
    let mut bytes = vec![0x12, 0x20];
    bytes.extend([7; 32]);
    bytes.extend([0x1a, 2, 0xc3, 0x28]);
    let handshake = ProtocolHandshake::decode(&bytes).unwrap();
    assert_eq!(handshake.extensions.iter().next().unwrap(), "\u{fffd}(");
    assert_eq!(handshake.extensions.raw().next(), Some(&[0xc3, 0x28][..]));
    let mut again = Vec::new();
    handshake.encode(&mut again);
    assert_eq!(again, bytes);
}
