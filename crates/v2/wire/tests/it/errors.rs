use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_wire::{DecodeError, FeedRecord, Have, Message, Response};

#[test]
fn errors_say_where_and_what() {
    let text = |error: DecodeError| error.to_string();
    let have = |bytes: &[u8]| text(Have::decode(bytes).unwrap_err());
    assert_eq!(have(&[]), "Have start: required but missing");
    assert_eq!(have(&[0x08]), "Have start: cut short");
    assert_eq!(have(&[0x08, 1, 0x80]), "Have tag: cut short");
    assert_eq!(have(&[0x08, 1, 0x1a, 9]), "Have bitfield: cut short");
    assert_eq!(
        have(&[0x0a, 0]),
        "Have start: wrong wire type for this field"
    );
    assert_eq!(
        have(&[0x7b]),
        "Have unknown field: groups are not supported"
    );
    assert_eq!(have(&[0x7e]), "Have unknown field: unknown wire type 6");
    let nested = Response::decode(&[0x08, 1, 0x12, 0, 0x1a, 2, 0x08, 1]).unwrap_err();
    assert_eq!(text(nested), "Node size: required but missing");
    let kind = Message::decode_payload(&[2]).unwrap_err();
    assert_eq!(text(kind), "Request block: required but missing");
}

#[test]
fn a_feed_record_shows_no_key_material() {
    let record = FeedRecord {
        prefix: None,
        public_id: PublicId::new([0x11; 32]),
        key: FeedKey::new([0xab; 32]),
        secret_key: Some(&[0xcd; 64]),
        live: Some(true),
    };
    let text = format!("{record:?}").to_lowercase();
    for secret in ["abab", "cdcd", "205", "171"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("has_secret_key: true"), "{text}");
}

#[test]
fn a_response_shows_the_length_of_its_block_only() {
    let response = Response {
        block: 3,
        data: &[1; 100_000],
        nodes: Default::default(),
        signature: Some(&[0xee; 64]),
    };
    let text = format!("{response:?}");
    assert!(
        text.contains("100000 bytes") && text.contains("eeee"),
        "{text}"
    );
    assert!(text.len() < 400, "{text}");
}
