#![doc = include_str!("../README.md")]
#![no_std]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate alloc;

mod api_misuse;
mod channel;
mod channel_id;
mod channels;
mod config;
mod event;
mod extensions;
mod handshake;
mod held;
mod input;
mod keep_alive;
mod limits;
mod misbehaviour;
mod nonce_source;
mod protocol;
mod protocol_error;
mod receive;
mod remote;
mod send;
mod stats;

pub use api_misuse::ApiMisuse;
pub use channel_id::ChannelId;
pub use config::Config;
pub use event::Event;
pub use limits::Limits;
pub use misbehaviour::Misbehaviour;
pub use nonce_source::NonceSource;
pub use protocol::Protocol;
pub use protocol_error::ProtocolError;
pub use stats::Stats;
