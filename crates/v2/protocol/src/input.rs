use core::fmt;

use bytes::{Buf, BytesMut};
use hyperfeed_v2_wire::{DecodeError, Frame, FrameHeader, FrameKind, decode_frame, limits};

/// A buffer that was larger than this is given back once it is empty. Bytes.
///
/// An idle connection should not keep what one large block needed.
const KEEP: usize = 128 << 10;

/// Received bytes, cut into frames.
#[derive(Default)]
pub(crate) struct Input {
    buffer: BytesMut,
    /// Most bytes that were in the buffer since it was new.
    peak: usize,
}

impl Input {
    /// Bytes from which on a frame is certainly complete.
    const ENOUGH: usize = limits::MAX_FRAME.saturating_add(limits::MAX_FRAME_VARINT);

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        self.peak = self.peak.max(self.buffer.len());
    }

    /// The next frame if it is complete; leaves it where it is. O(1).
    pub(crate) fn peek(&self) -> Result<Option<Frame>, DecodeError> {
        decode_frame(&self.buffer)
    }

    /// The payload of a frame, if it is one with a payload.
    pub(crate) fn payload(&self, frame: &Frame) -> &[u8] {
        match &frame.kind {
            FrameKind::KeepAlive => &[],
            FrameKind::Message { payload, .. } => {
                self.buffer.get(payload.clone()).unwrap_or_default()
            }
        }
    }

    /// Takes a frame that was peeked at out of the buffer; gives its payload, in place.
    pub(crate) fn take(&mut self, frame: &Frame) -> BytesMut {
        let mut bytes = self.buffer.split_to(frame.len().min(self.buffer.len()));
        if self.buffer.is_empty() && self.peak > KEEP {
            *self = Self::default();
        }
        let payload = match &frame.kind {
            FrameKind::KeepAlive => bytes.len(),
            FrameKind::Message { payload, .. } => payload.start.min(bytes.len()),
        };
        bytes.advance(payload);
        bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    pub(crate) fn has_enough(&self) -> bool {
        self.len() >= Self::ENOUGH
    }

    /// Whether a whole frame has arrived.
    pub(crate) fn has_frame(&self) -> bool {
        matches!(FrameHeader::decode(&self.buffer), Ok(Some(header)) if self.len() >= header.frame_len())
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({} bytes)", self.len())
    }
}
