//! Messages, to bytes and back.

use hyperfeed_v2_wire::{Have, Message, NodeRecord, Nodes, Request, Response, encode_frame_header};

fn nodes() -> Vec<NodeRecord> {
    let node = |number: u8| NodeRecord {
        index: u64::from(number) * 1_000,
        size: u64::from(number) * 77,
        hash: [number; 32].into(),
    };
    (1..=8).map(node).collect()
}

/// A block with eight nodes, a request and a range.
fn each(nodes: &[NodeRecord], mut with: impl FnMut(&Message<'_>)) {
    with(&Message::Response(Response {
        block: 123_456,
        data: &[5; 100],
        nodes: Nodes::new(nodes),
        signature: Some(&[9; 64]),
    }));
    with(&Message::Request(Request {
        block: 123_457,
        digest: Some(43),
    }));
    with(&Message::Have(Have {
        start: 1_000,
        end: Some(2_000),
        bitfield: None,
    }));
}

pub(crate) fn encode(rounds: u64) -> u64 {
    let nodes = nodes();
    let mut out = Vec::new();
    let mut sum = 0_u64;
    for _ in 0..rounds {
        out.clear();
        each(&nodes, |message| {
            encode_frame_header(3, message.encoded_len(), &mut out);
            message.encode(&mut out);
        });
        sum = sum.wrapping_add(out.len() as u64);
    }
    sum
}

pub(crate) fn decode(rounds: u64) -> u64 {
    let mut payloads = Vec::new();
    each(&nodes(), |message| {
        let mut out = Vec::new();
        message.encode(&mut out);
        payloads.push(out);
    });
    let mut sum = 0_u64;
    for _ in 0..rounds {
        for payload in &payloads {
            sum = sum.wrapping_add(match Message::decode_payload(payload) {
                Ok(Some(Message::Response(response))) => {
                    response.nodes.iter().map(|node| node.index).sum()
                }
                Ok(Some(Message::Request(request))) => request.block,
                Ok(Some(Message::Have(have))) => have.start,
                _ => 0,
            });
        }
    }
    sum
}
