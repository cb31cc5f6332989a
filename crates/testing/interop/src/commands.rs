//! The commands, typed.

use serde_json::{Value, json};

use crate::digest::FeedDigest;
use crate::error::NpmError;
use crate::options::{Connect, FeedOptions, Listen};
use crate::pattern::Pattern;
use crate::peer::NpmPeer;

/// Blocks per append call when a pattern is appended.
const BATCH: u32 = 64;

/// What the process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpmNode {
    /// Node's version, as in `v20.1.0`.
    pub node: String,
    /// The version of hypercore.
    pub hypercore: String,
    /// The peer id in hex.
    pub peer_id: String,
}

/// Names of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedIdentity {
    /// Feed key in hex; empty for a static feed that is not finalized.
    pub key: String,
    /// Public id in hex; empty likewise.
    pub public_id: String,
    /// Whether upstream takes it for live now.
    pub live: bool,
}

/// How far a feed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// Upstream's `blocks`: the largest length seen.
    pub length: u64,
    /// Blocks held.
    pub held: u64,
}

/// Counters of a feed since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedStats {
    /// Peers now.
    pub peers: u64,
    /// Blocks held.
    pub held: u64,
    /// Blocks received and stored, repeated ones included.
    pub downloaded: u64,
    /// Blocks sent.
    pub uploaded: u64,
}

/// Bytes of a connection, as TCP counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// The other side's peer id in hex, once it is known.
    pub remote_peer_id: Option<String>,
}

/// A proof as upstream makes it: `(index, size, hash in hex)` of each node, and the signature in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpmProof {
    /// The nodes in upstream's order.
    pub nodes: Vec<(u64, u64, String)>,
    /// The signature, where one belongs to the proof.
    pub signature: Option<String>,
}

/// Commands fail when upstream refuses, when the process ends, and when the answer takes too long;
/// what upstream said is in [`NpmError::Refused`].
#[expect(clippy::missing_errors_doc, reason = "said once, above")]
impl NpmPeer {
    /// What runs here.
    pub fn node(&mut self) -> Result<NpmNode, NpmError> {
        let answer = self.request("hello", json!({}))?;
        Ok(NpmNode {
            node: text(&answer, "node")?,
            hypercore: text(&answer, "hypercore")?,
            peer_id: text(&answer, "peerId")?,
        })
    }

    /// A new live feed with a random key pair.
    pub fn create_live(&mut self, name: &str) -> Result<FeedIdentity, NpmError> {
        identity(&self.request("create", json!({ "name": name }))?)
    }

    /// A new live feed with the key pair of this seed.
    pub fn create_live_from(
        &mut self,
        name: &str,
        seed: &[u8; 32],
    ) -> Result<FeedIdentity, NpmError> {
        identity(&self.request("create", json!({ "name": name, "seed": hex(seed) }))?)
    }

    /// A new static feed; it has no key before [`finalize`](Self::finalize).
    pub fn create_static(&mut self, name: &str) -> Result<(), NpmError> {
        self.request("create", json!({ "name": name, "live": false }))
            .map(drop)
    }

    /// A copy of a feed, by its key in hex.
    pub fn open(
        &mut self,
        name: &str,
        key: &str,
        options: FeedOptions,
    ) -> Result<FeedIdentity, NpmError> {
        let fields =
            json!({ "name": name, "key": key, "live": options.live, "external": options.external });
        identity(&self.request("open", fields)?)
    }

    /// Appends blocks in one call.
    pub fn append<B: AsRef<[u8]>>(
        &mut self,
        name: &str,
        blocks: impl IntoIterator<Item = B>,
    ) -> Result<Blocks, NpmError> {
        let blocks: Vec<String> = blocks
            .into_iter()
            .map(|block| hex(block.as_ref()))
            .collect();
        progress(&self.request("append", json!({ "name": name, "blocks": blocks }))?)
    }

    /// Appends the blocks `from..from + count` of a pattern, 64 a call.
    pub fn append_pattern(
        &mut self,
        name: &str,
        pattern: Pattern,
        from: u32,
        count: u32,
    ) -> Result<Blocks, NpmError> {
        let fields = json!({
            "name": name, "seed": pattern.seed(), "max": pattern.max(),
            "from": from, "count": count, "batch": BATCH,
        });
        progress(&self.request("appendPattern", fields)?)
    }

    /// Seals a static feed.
    pub fn finalize(&mut self, name: &str) -> Result<FeedIdentity, NpmError> {
        identity(&self.request("finalize", json!({ "name": name }))?)
    }

    /// A block; waits for it if it is missing.
    pub fn get(&mut self, name: &str, block: u64) -> Result<Vec<u8>, NpmError> {
        let answer = self.request("read", json!({ "name": name, "block": block }))?;
        unhex(&text(&answer, "data")?)
    }

    /// Whether a block is held.
    pub fn has(&mut self, name: &str, block: u64) -> Result<bool, NpmError> {
        let answer = self.request("has", json!({ "name": name, "block": block }))?;
        answer["has"]
            .as_bool()
            .ok_or_else(|| garbled("has", &answer))
    }

    /// How far a feed is.
    pub fn blocks(&mut self, name: &str) -> Result<Blocks, NpmError> {
        progress(&self.request("blocks", json!({ "name": name }))?)
    }

    /// Waits until at least this many blocks are held.
    pub fn wait_blocks(&mut self, name: &str, held: u64) -> Result<Blocks, NpmError> {
        progress(&self.request("waitBlocks", json!({ "name": name, "held": held }))?)
    }

    /// The digest of all blocks up to the feed's length, which must all be held.
    pub fn digest_all(&mut self, name: &str) -> Result<FeedDigest, NpmError> {
        let answer = self.request("digestAll", json!({ "name": name }))?;
        let sha256 = unhex(&text(&answer, "sha256")?)?
            .try_into()
            .map_err(|_| garbled("sha256", &answer))?;
        Ok(FeedDigest {
            blocks: number(&answer, "blocks")?,
            bytes: number(&answer, "bytes")?,
            sha256,
        })
    }

    /// The digest a request for this block would carry.
    pub fn digest(&mut self, name: &str, block: u64) -> Result<u64, NpmError> {
        number(
            &self.request("digest", json!({ "name": name, "block": block }))?,
            "digest",
        )
    }

    /// The proof of a block for someone with this digest.
    pub fn proof(&mut self, name: &str, block: u64, digest: u64) -> Result<NpmProof, NpmError> {
        let answer = self.request(
            "proof",
            json!({ "name": name, "block": block, "digest": digest }),
        )?;
        let nodes = answer["nodes"]
            .as_array()
            .ok_or_else(|| garbled("nodes", &answer))?;
        let node = |node: &Value| {
            Ok((
                number(node, "index")?,
                number(node, "size")?,
                text(node, "hash")?,
            ))
        };
        Ok(NpmProof {
            nodes: nodes.iter().map(node).collect::<Result<_, NpmError>>()?,
            signature: answer["signature"].as_str().map(str::to_owned),
        })
    }

    /// Stores a block with its proof, as if a peer had sent it.
    pub fn put(
        &mut self,
        name: &str,
        block: u64,
        data: &[u8],
        proof: &NpmProof,
    ) -> Result<Blocks, NpmError> {
        let node = |(index, size, hash): &(u64, u64, String)| json!({ "index": index, "size": size, "hash": hash });
        let nodes: Vec<Value> = proof.nodes.iter().map(node).collect();
        let fields = json!({
            "name": name, "block": block, "data": hex(data), "nodes": nodes, "signature": proof.signature,
        });
        progress(&self.request("put", fields)?)
    }

    /// Accepts connections; gives the port.
    pub fn listen(&mut self, options: &Listen) -> Result<u16, NpmError> {
        let answer = self.request("listen", options.to_json())?;
        u16::try_from(number(&answer, "port")?).map_err(|_| garbled("port", &answer))
    }

    /// Stops accepting on a port; connections stay.
    pub fn stop_listening(&mut self, port: u16) -> Result<(), NpmError> {
        self.request("stopListening", json!({ "port": port }))
            .map(drop)
    }

    /// Connects; gives the connection's number.
    pub fn connect(&mut self, options: &Connect) -> Result<u64, NpmError> {
        number(&self.request("connect", options.to_json())?, "connection")
    }

    /// Adds a feed to a connection.
    pub fn join(&mut self, connection: u64, name: &str) -> Result<(), NpmError> {
        self.request("join", json!({ "connection": connection, "name": name }))
            .map(drop)
    }

    /// Takes a feed from a connection; upstream tells the other side nothing.
    pub fn leave(&mut self, connection: u64, name: &str) -> Result<(), NpmError> {
        self.request("leave", json!({ "connection": connection, "name": name }))
            .map(drop)
    }

    /// Ends a connection.
    pub fn close(&mut self, connection: u64) -> Result<(), NpmError> {
        self.request("close", json!({ "connection": connection }))
            .map(drop)
    }

    /// Bytes of a connection so far.
    pub fn traffic(&mut self, connection: u64) -> Result<Traffic, NpmError> {
        let answer = self.request("traffic", json!({ "connection": connection }))?;
        Ok(Traffic {
            received: number(&answer, "received")?,
            sent: number(&answer, "sent")?,
            remote_peer_id: answer["remotePeerId"].as_str().map(str::to_owned),
        })
    }

    /// Sends pause to every peer of a feed.
    pub fn pause(&mut self, name: &str) -> Result<(), NpmError> {
        self.request("pause", json!({ "name": name })).map(drop)
    }

    /// Sends resume to every peer of a feed.
    pub fn resume(&mut self, name: &str) -> Result<(), NpmError> {
        self.request("resume", json!({ "name": name })).map(drop)
    }

    /// Sends a Want to every peer of a feed; upstream itself never does.
    pub fn want(&mut self, name: &str, start: u64, end: u64) -> Result<(), NpmError> {
        self.request("want", json!({ "name": name, "start": start, "end": end }))
            .map(drop)
    }

    /// Sends a Cancel to every peer of a feed.
    pub fn cancel(&mut self, name: &str, block: u64) -> Result<(), NpmError> {
        self.request("cancel", json!({ "name": name, "block": block }))
            .map(drop)
    }

    /// Sends an extension message to every peer of a feed, by index in this peer's sorted list.
    pub fn send_extension(
        &mut self,
        name: &str,
        extension: u64,
        data: &[u8],
    ) -> Result<(), NpmError> {
        let fields = json!({ "name": name, "extension": extension, "data": hex(data) });
        self.request("extension", fields).map(drop)
    }

    /// Counters of a feed.
    pub fn stats(&mut self, name: &str) -> Result<FeedStats, NpmError> {
        let answer = self.request("stats", json!({ "name": name }))?;
        Ok(FeedStats {
            peers: number(&answer, "peers")?,
            held: number(&answer, "held")?,
            downloaded: number(&answer, "downloaded")?,
            uploaded: number(&answer, "uploaded")?,
        })
    }

    /// Closes a feed.
    pub fn close_feed(&mut self, name: &str) -> Result<(), NpmError> {
        self.request("closeFeed", json!({ "name": name })).map(drop)
    }
}

fn identity(answer: &Value) -> Result<FeedIdentity, NpmError> {
    let optional = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    Ok(FeedIdentity {
        key: optional("key"),
        public_id: optional("publicId"),
        live: answer["live"]
            .as_bool()
            .ok_or_else(|| garbled("live", answer))?,
    })
}

fn progress(answer: &Value) -> Result<Blocks, NpmError> {
    Ok(Blocks {
        length: number(answer, "length")?,
        held: number(answer, "held")?,
    })
}

fn number(answer: &Value, field: &str) -> Result<u64, NpmError> {
    answer[field].as_u64().ok_or_else(|| garbled(field, answer))
}

pub(crate) fn text(answer: &Value, field: &str) -> Result<String, NpmError> {
    answer[field]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| garbled(field, answer))
}

pub(crate) fn garbled(field: &str, answer: &Value) -> NpmError {
    NpmError::Garbled {
        what: format!("no usable {field:?} in {answer}"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Result<Vec<u8>, NpmError> {
    let digits = text.as_bytes().chunks(2).map(|pair| {
        std::str::from_utf8(pair)
            .ok()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    digits
        .collect::<Option<_>>()
        .ok_or_else(|| NpmError::Garbled {
            what: format!("hex {text:?}"),
        })
}
