//! Layouts of the wire.

use hyperfeed_v2_wire::{
    self as wire, FeedRecord, FrameHeader, FrameKind, Handshake, Message, NodeRecord,
    ProtocolHandshake,
    limits::{MAX_FRAME, MAX_FRAME_VARINT, MAX_NODES, MAX_VARINT},
};

/// Consumed bytes are counted right, the number comes back in no more bytes, and what is cut is no number.
pub(crate) fn varint(data: &[u8]) {
    let Ok((value, used)) = wire::varint::decode(data) else {
        return;
    };
    assert!(used <= data.len().min(MAX_VARINT));
    assert!(wire::varint::decode(&data[..used - 1]).is_err());
    let mut out = Vec::new();
    wire::varint::encode(value, &mut out);
    assert!(out.len() <= used && out.len() == wire::varint::encoded_len(value));
    assert_eq!(wire::varint::decode(&out), Ok((value, out.len())));
}

/// A frame ends where its header says; what is cut off wants more, what is wrong stays wrong.
pub(crate) fn frame(data: &[u8]) {
    let longer = [data, &[0; 16]].concat();
    match wire::decode_frame(data) {
        Ok(Some(frame)) => {
            assert!(frame.len() <= data.len() && frame.header_len <= MAX_FRAME_VARINT);
            assert_eq!(frame.body.start, frame.header_len);
            assert_eq!(wire::decode_frame(&data[..frame.len() - 1]), Ok(None));
            assert_eq!(wire::decode_frame(&longer), Ok(Some(frame.clone())));
            match frame.kind {
                FrameKind::KeepAlive => assert!(frame.body.is_empty()),
                FrameKind::Message { channel, payload } => {
                    assert_eq!(payload.end, frame.body.end);
                    let mut out = Vec::new();
                    wire::encode_frame_header(channel, payload.len(), &mut out);
                    out.extend_from_slice(&data[payload.clone()]);
                    let again = wire::decode_frame(&out)
                        .expect("we wrote it")
                        .expect("whole");
                    let FrameKind::Message {
                        channel: found,
                        payload: range,
                    } = again.kind
                    else {
                        unreachable!("a message was written");
                    };
                    assert_eq!((found, &out[range]), (channel, &data[payload]));
                }
            }
        }
        Ok(None) => {
            if let Ok(Some(header)) = FrameHeader::decode(data) {
                assert!(header.body_len <= MAX_FRAME && header.frame_len() > data.len());
            } else {
                assert!(data.len() < MAX_FRAME_VARINT);
            }
        }
        Err(error) => assert_eq!(wire::decode_frame(&longer), Err(error)),
    }
}

/// A message comes back from its own encoding, which is as long as it was said to be.
pub(crate) fn message(data: &[u8]) {
    let Ok(Some(message)) = Message::decode_payload(data) else {
        return;
    };
    if let Message::Response(response) = &message {
        assert!(response.nodes.len() <= MAX_NODES);
        assert_eq!(response.nodes.iter().count(), response.nodes.len());
    }
    let mut out = Vec::new();
    message.encode(&mut out);
    assert_eq!(out.len(), message.encoded_len());
    assert_eq!(out[0], data[0]);
    assert_eq!(Message::decode_payload(&out), Ok(Some(message)));
    assert!(!format!("{message:?}").is_empty());
}

/// A handshake comes back from its own encoding.
pub(crate) fn handshake(data: &[u8]) {
    let Ok(handshake) = Handshake::decode(data) else {
        return;
    };
    let mut out = Vec::new();
    handshake.encode(&mut out);
    assert_eq!(out.len(), handshake.encoded_len());
    assert_eq!(Handshake::decode(&out), Ok(handshake));
}

/// What is inside a handshake, with as many names as it counts.
pub(crate) fn introduction(data: &[u8]) {
    let Ok(introduction) = ProtocolHandshake::decode(data) else {
        return;
    };
    let names = introduction.extensions;
    assert_eq!(names.raw().count(), names.len());
    assert_eq!(names.iter().count(), names.len());
    let mut out = Vec::new();
    introduction.encode(&mut out);
    assert_eq!(out.len(), introduction.encoded_len());
    assert_eq!(ProtocolHandshake::decode(&out), Ok(introduction));
}

/// A node of a proof comes back from its own encoding.
pub(crate) fn node_record(data: &[u8]) {
    let Ok(node) = NodeRecord::decode(data) else {
        return;
    };
    let mut out = Vec::new();
    node.encode(&mut out);
    assert_eq!(out.len(), node.encoded_len());
    assert_eq!(NodeRecord::decode(&out), Ok(node));
}

/// A stored record of npm comes back from its own encoding, and shows no secret.
pub(crate) fn feed_record(data: &[u8]) {
    let Ok(record) = FeedRecord::decode(data) else {
        return;
    };
    let mut out = Vec::new();
    record.encode(&mut out);
    assert_eq!(out.len(), record.encoded_len());
    assert_eq!(FeedRecord::decode(&out), Ok(record));
    if let Some(secret) = record.secret_key
        && secret.len() >= 8
    {
        let hex = hyperfeed_types::hex::encode(&secret[..8]);
        let known = [*record.public_id.as_bytes(), *record.key.as_bytes()].concat();
        let known = hyperfeed_types::hex::encode(&known);
        assert!(known.contains(&hex) || !format!("{record:?}").contains(&hex));
    }
}
