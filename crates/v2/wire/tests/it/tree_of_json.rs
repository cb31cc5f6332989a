//! Messages to and from the form they have in the vectors.

use std::collections::BTreeMap;

use hyperfeed_types::{FeedKey, Hash, PeerId, PublicId, hex};
use hyperfeed_v2_wire::{
    Cancel, DecodeError, Extensions, FeedRecord, Handshake, Have, NodeRecord, Nodes,
    ProtocolHandshake, Request, Response, Want,
};
use serde_json::{Value, json};

/// Decodes a message and gives it the form upstream's decoder does: absent numbers 0, absent bytes null.
pub(crate) fn decode(message: &str, bytes: &[u8]) -> Result<Value, DecodeError> {
    let hex = |bytes: &[u8]| json!({ "hex": hex::encode(bytes) });
    let opt = |bytes: Option<&[u8]>| bytes.map_or(Value::Null, hex);
    let node = |node: NodeRecord| json!({"index": node.index, "size": node.size, "hash": hex(node.hash.as_bytes())});
    Ok(match message {
        "Feed" => {
            let m = FeedRecord::decode(bytes)?;
            json!({
                "prefix": opt(m.prefix), "publicId": hex(m.public_id.as_bytes()),
                "key": hex(m.key.as_bytes()), "secretKey": opt(m.secret_key),
                "live": m.live.unwrap_or(false),
            })
        }
        "Node" => node(NodeRecord::decode(bytes)?),
        "ProtocolHandshake" => {
            let m = ProtocolHandshake::decode(bytes)?;
            json!({
                "version": m.version.unwrap_or(0), "peerId": hex(m.peer_id.as_bytes()),
                "extensions": m.extensions.iter().collect::<Vec<_>>(),
            })
        }
        "Handshake" => {
            let m = Handshake::decode(bytes)?;
            json!({
                "publicId": hex(m.public_id.as_bytes()), "nonce": hex(m.nonce),
                "protocol": opt(m.protocol),
            })
        }
        "Have" => {
            let m = Have::decode(bytes)?;
            json!({"start": m.start, "end": m.end.unwrap_or(0), "bitfield": opt(m.bitfield)})
        }
        "Want" => {
            let m = Want::decode(bytes)?;
            json!({"start": m.start, "end": m.end.unwrap_or(0)})
        }
        "Request" => {
            let m = Request::decode(bytes)?;
            json!({"block": m.block, "digest": m.digest.unwrap_or(0)})
        }
        "Response" => {
            let m = Response::decode(bytes)?;
            json!({
                "block": m.block, "data": hex(m.data),
                "nodes": m.nodes.iter().map(node).collect::<Vec<_>>(),
                "signature": opt(m.signature),
            })
        }
        "Cancel" => {
            let m = Cancel::decode(bytes)?;
            json!({"block": m.block, "digest": m.digest.unwrap_or(0)})
        }
        other => panic!("no message {other}"),
    })
}

/// Encodes what the vectors hand to upstream's encoder. `None` if our types cannot even say it, because a
/// required field is missing or has another length than it always has.
pub(crate) fn encode(message: &str, value: &Value) -> Option<Vec<u8>> {
    let fields = Fields::new(value);
    let mut out = Vec::new();
    let len = match message {
        "Feed" => {
            let m = FeedRecord {
                prefix: fields.bytes("prefix"),
                public_id: PublicId::new(fields.array("publicId")?),
                key: FeedKey::new(fields.array("key")?),
                secret_key: fields.bytes("secretKey"),
                live: value["live"].as_bool(),
            };
            m.encode(&mut out);
            m.encoded_len()
        }
        "Node" => {
            let m = node(value)?;
            m.encode(&mut out);
            m.encoded_len()
        }
        "ProtocolHandshake" => {
            let names = value["extensions"].as_array().into_iter().flatten();
            let names: Vec<&str> = names.filter_map(Value::as_str).collect();
            let m = ProtocolHandshake {
                version: value["version"].as_u64(),
                peer_id: PeerId::new(fields.array("peerId")?),
                extensions: Extensions::from(names.as_slice()),
            };
            m.encode(&mut out);
            m.encoded_len()
        }
        "Handshake" => {
            let m = Handshake {
                public_id: PublicId::new(fields.array("publicId")?),
                nonce: &fields.array("nonce")?,
                protocol: fields.bytes("protocol"),
            };
            m.encode(&mut out);
            m.encoded_len()
        }
        "Have" => {
            let m = Have {
                start: value["start"].as_u64()?,
                end: value["end"].as_u64(),
                bitfield: fields.bytes("bitfield"),
            };
            m.encode(&mut out);
            m.encoded_len()
        }
        "Want" => {
            let (start, end) = (value["start"].as_u64()?, value["end"].as_u64());
            Want { start, end }.encode(&mut out);
            Want { start, end }.encoded_len()
        }
        "Request" => {
            let (block, digest) = (value["block"].as_u64()?, value["digest"].as_u64());
            Request { block, digest }.encode(&mut out);
            Request { block, digest }.encoded_len()
        }
        "Response" => {
            let nodes = value["nodes"].as_array().into_iter().flatten();
            let nodes = nodes.map(node).collect::<Option<Vec<_>>>()?;
            let m = Response {
                block: value["block"].as_u64()?,
                data: fields.bytes("data")?,
                nodes: Nodes::new(&nodes),
                signature: fields.bytes("signature"),
            };
            m.encode(&mut out);
            m.encoded_len()
        }
        "Cancel" => {
            let (block, digest) = (value["block"].as_u64()?, value["digest"].as_u64());
            Cancel { block, digest }.encode(&mut out);
            Cancel { block, digest }.encoded_len()
        }
        other => panic!("no message {other}"),
    };
    assert_eq!(len, out.len(), "{message} {value}");
    Some(out)
}

/// The transcripts write byte strings as plain text; this is the other form.
pub(crate) fn with_hex_objects(value: &Value) -> Value {
    let binary = [
        "bitfield",
        "data",
        "hash",
        "signature",
        "publicId",
        "nonce",
        "peerId",
    ];
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let value = match value {
                    Value::String(text) if binary.contains(&name.as_str()) => json!({"hex": text}),
                    other => with_hex_objects(other),
                };
                (name.clone(), value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => {
            let items = items.iter().map(with_hex_objects);
            Value::Array(items.collect())
        }
        other => other.clone(),
    }
}

fn node(value: &Value) -> Option<NodeRecord> {
    Some(NodeRecord {
        index: value["index"].as_u64()?,
        size: value["size"].as_u64()?,
        hash: Hash::new(Fields::new(value).array("hash")?),
    })
}

/// The byte strings of one object.
struct Fields(BTreeMap<String, Vec<u8>>);

impl Fields {
    fn new(value: &Value) -> Self {
        let fields = value.as_object().unwrap().iter();
        Self(
            fields
                .filter_map(|(name, value)| {
                    let text = value["hex"].as_str()?;
                    Some((name.clone(), hex::decode(text).unwrap()))
                })
                .collect(),
        )
    }

    fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    fn array<const N: usize>(&self, name: &str) -> Option<[u8; N]> {
        self.bytes(name)?.try_into().ok()
    }
}
