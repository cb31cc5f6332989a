//! Messages in the form they have in the recorded sessions.

use hyperfeed_types::hex;
use hyperfeed_v2_wire::{Message, NodeRecord};
use serde_json::{Map, Value, json};

/// What upstream's decoder gives: absent numbers are 0, absent bytes are left out, a block of more than 100
/// bytes is its length. `None` for messages without fields.
pub(crate) fn message_json(message: &Message<'_>) -> Option<Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    let hex = |bytes: &[u8]| Value::from(hex::encode(bytes));
    match message {
        Message::Have(have) => {
            put("start", have.start.into());
            put("end", have.end.unwrap_or(0).into());
            if let Some(bitfield) = have.bitfield {
                put("bitfield", hex(bitfield));
            }
        }
        Message::Want(want) => {
            put("start", want.start.into());
            put("end", want.end.unwrap_or(0).into());
        }
        Message::Request(request) => {
            put("block", request.block.into());
            put("digest", request.digest.unwrap_or(0).into());
        }
        Message::Response(response) => {
            put("block", response.block.into());
            put(
                "data",
                match response.data.len() {
                    0..=100 => hex(response.data),
                    length => json!({ "length": length }),
                },
            );
            let node = |node: NodeRecord| json!({"index": node.index, "size": node.size, "hash": hex(node.hash.as_bytes())});
            put("nodes", response.nodes.iter().map(node).collect());
            if let Some(signature) = response.signature {
                put("signature", hex(signature));
            }
        }
        Message::Cancel(cancel) => {
            put("block", cancel.block.into());
            put("digest", cancel.digest.unwrap_or(0).into());
        }
        Message::Pause | Message::Resume | Message::Extension { .. } | Message::Unknown { .. } => {
            return None;
        }
    }
    Some(Value::Object(fields))
}
