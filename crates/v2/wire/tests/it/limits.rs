use hyperfeed_types::{Hash, PublicId};
use hyperfeed_v2_wire::{
    DecodeErrorKind, FrameHeader, Handshake, Message, NodeRecord, Nodes, Response,
    encode_frame_header, limits,
};

/// Bytes a message takes in an encrypted session, as the frame's length counts them.
fn boxed_len(channel: u64, message: &Message<'_>) -> usize {
    let mut header = Vec::new();
    encode_frame_header(channel, 16 + message.encoded_len(), &mut header);
    match FrameHeader::decode(&header) {
        Ok(Some(header)) => header.body_len,
        _ => usize::MAX,
    }
}

#[test]
fn the_largest_block_with_a_signature_alone_is_the_one_of_the_specification() {
    let data = vec![7; 5_242_790];
    let fits = |len: usize| {
        let response = Response {
            block: 0,
            data: &data[..len],
            nodes: Nodes::EMPTY,
            signature: Some(&[9; 64]),
        };
        boxed_len(0, &Message::Response(response)) <= limits::MAX_FRAME
    };
    assert!(fits(5_242_789));
    assert!(!fits(5_242_790));
}

#[test]
fn a_block_of_the_maximum_fits_with_the_largest_proof() {
    let node = NodeRecord {
        index: limits::MAX_NUMBER,
        size: limits::MAX_NUMBER,
        hash: Hash::new([0xff; 32]),
    };
    let nodes = [node; limits::MAX_NODES];
    let data = vec![7; limits::MAX_BLOCK];
    let response = Response {
        block: limits::MAX_NUMBER,
        data: &data,
        nodes: Nodes::new(&nodes),
        signature: Some(&[9; 64]),
    };
    assert!(boxed_len(u64::MAX, &Message::Response(response)) <= limits::MAX_FRAME);
}

#[test]
fn more_nodes_than_any_proof_needs_are_refused() {
    let node = NodeRecord {
        index: 0,
        size: 0,
        hash: Hash::new([0; 32]),
    };
    let encoded = |count: usize| {
        let nodes = vec![node; count];
        let response = Response {
            block: 0,
            data: &[],
            nodes: Nodes::new(&nodes),
            signature: None,
        };
        let mut out = Vec::new();
        response.encode(&mut out);
        out
    };
    let most = encoded(limits::MAX_NODES);
    let response = Response::decode(&most).unwrap();
    assert_eq!(response.nodes.len(), limits::MAX_NODES);
    assert_eq!(response.nodes.iter().count(), limits::MAX_NODES);
    let error = Response::decode(&encoded(limits::MAX_NODES + 1)).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::TooMany);
    assert_eq!((error.message(), error.field()), ("Response", "nodes"));
}

#[test]
fn keys_and_nonces_of_other_lengths_are_refused() {
    let good = Handshake {
        public_id: PublicId::new([1; 32]),
        nonce: &[2; 24],
        protocol: None,
    };
    let mut out = Vec::new();
    good.encode(&mut out);
    assert_eq!(Handshake::decode(&out), Ok(good));
    // One byte less in the nonce.
    let mut short = out[..out.len() - 1].to_vec();
    short[35] = 23;
    let error = Handshake::decode(&short).unwrap_err();
    let (expected, found) = (24, 23);
    assert_eq!(
        error.kind(),
        DecodeErrorKind::WrongLength { expected, found }
    );
    assert_eq!(error.to_string(), "Handshake nonce: 23 bytes instead of 24");
}
