use alloc::{boxed::Box, collections::VecDeque};

use bytes::BytesMut;
use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_crypto::Nonce;

use crate::ChannelId;

/// A channel opened by the remote, under the remote's number.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) public_id: PublicId,
    /// Of the next frame to be processed. Held frames are not processed yet.
    pub(crate) nonce: Nonce,
    /// Frames processed so far: delivered, ignored or skipped.
    pub(crate) frames: u64,
    pub(crate) introduction: Introduction,
    pub(crate) state: RemoteState,
}

/// What becomes of the frames of a channel.
#[derive(Debug)]
pub(crate) enum RemoteState {
    /// The feed is open here: they are decrypted and reported.
    Bound { channel: ChannelId, key: FeedKey },
    /// The feed was left, or its frames did not fit: they are counted and dropped.
    Skipping,
    /// The feed is not open here: they are held.
    Waiting { held: VecDeque<BytesMut> },
}

/// The part of a handshake that says who the remote is, until it can be read.
#[derive(Debug)]
pub(crate) enum Introduction {
    /// Not on this channel; or read already.
    Elsewhere,
    /// The remote's first channel came without.
    Missing,
    /// Boxed with the feed's key and this nonce; in plain mode the bytes themselves.
    Sealed { nonce: Nonce, bytes: Box<[u8]> },
}

impl Introduction {
    /// Takes it out to be read.
    pub(crate) fn take(&mut self) -> Self {
        core::mem::replace(self, Self::Elsewhere)
    }
}

impl Remote {
    /// Counts frames that are not delivered, so that later ones can be opened.
    pub(crate) fn skip(&mut self, frames: usize) {
        for _ in 0..frames {
            self.nonce.increment();
            self.frames = self.frames.saturating_add(1);
        }
    }
}
