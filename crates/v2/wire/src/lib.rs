#![doc = include_str!("../README.md")]
#![no_std]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate alloc;

mod error;
mod feed_record;
mod frame;
pub mod limits;
mod message;
mod node_record;
mod proto;
mod short_hex;
pub mod varint;

pub use error::{DecodeError, DecodeErrorKind};
pub use feed_record::FeedRecord;
pub use frame::{Frame, FrameHeader, FrameKind, KEEP_ALIVE, decode_frame, encode_frame_header};
pub use message::{
    Cancel, Extensions, ExtensionsIter, Handshake, Have, Message, Nodes, NodesIter,
    ProtocolHandshake, Request, Response, Want,
};
pub use node_record::NodeRecord;
