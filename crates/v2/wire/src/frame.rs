use alloc::vec::Vec;
use core::ops::Range;

use crate::{
    DecodeError, DecodeErrorKind,
    limits::{MAX_FRAME, MAX_FRAME_VARINT},
    varint,
};

const NAME: &str = "frame";

/// The one byte of a keep-alive, a frame of length 0. It may come before any handshake.
pub const KEEP_ALIVE: &[u8] = &[0];

/// The length in front of a frame, once enough bytes of it are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes the length itself takes, 1 to 4.
    pub header_len: usize,
    /// Bytes that follow: channel number and payload. 0 is a keep-alive.
    pub body_len: usize,
}

impl FrameHeader {
    /// Reads the length `input` starts with; `None` means that more bytes are needed.
    ///
    /// # Errors
    /// `FrameLengthTooLong` if the length takes more than 4 bytes, `FrameTooLarge` if it is above
    /// [`MAX_FRAME`]: known before any of the frame's body has arrived. After an error the stream
    /// cannot be read further.
    pub fn decode(input: &[u8]) -> Result<Option<Self>, DecodeError> {
        let head = input.get(..MAX_FRAME_VARINT).unwrap_or(input);
        let error = |kind| DecodeError::new(kind, NAME, "length");
        let Ok((len, rest)) = varint::read(head) else {
            return match head.len() {
                MAX_FRAME_VARINT => Err(error(DecodeErrorKind::FrameLengthTooLong)),
                _ => Ok(None),
            };
        };
        let body_len = usize::try_from(len).unwrap_or(usize::MAX);
        if body_len > MAX_FRAME {
            return Err(error(DecodeErrorKind::FrameTooLarge));
        }
        Ok(Some(Self {
            header_len: head.len().saturating_sub(rest.len()),
            body_len,
        }))
    }

    /// Bytes of the whole frame.
    pub const fn frame_len(&self) -> usize {
        self.header_len.saturating_add(self.body_len)
    }
}

/// A complete frame at the start of a buffer, described by positions in that buffer.
///
/// Positions, not slices: the receiver may decrypt the payload where it lies, or hand out a shared
/// part of the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Bytes of the length in front, 1 to 4.
    pub header_len: usize,
    /// Channel number and payload. It ends where the next frame starts.
    pub body: Range<usize>,
    /// What it is.
    pub kind: FrameKind,
}

impl Frame {
    /// Bytes of the whole frame: how much of the buffer to consume.
    #[expect(clippy::len_without_is_empty, reason = "a frame has at least one byte")]
    pub const fn len(&self) -> usize {
        self.body.end
    }
}

/// What a frame is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameKind {
    /// Length 0: the sender is still there.
    KeepAlive,
    /// A frame of one channel. An empty payload closes the channel.
    Message {
        /// The sender's number for the channel.
        channel: u64,
        /// Where the payload lies, in the buffer the frame was read from.
        payload: Range<usize>,
    },
}

/// Reads the frame `input` starts with; `None` means that more bytes are needed.
///
/// Looks at no byte of the payload and copies nothing. To learn how many bytes are needed see
/// [`FrameHeader::decode`].
///
/// # Errors
/// Those of [`FrameHeader::decode`]; and, in the field `channel`, a number that is cut off by the end
/// of the frame or is no `u64`. After an error the stream cannot be read further.
pub fn decode_frame(input: &[u8]) -> Result<Option<Frame>, DecodeError> {
    let Some(header) = FrameHeader::decode(input)? else {
        return Ok(None);
    };
    let FrameHeader { header_len, .. } = header;
    let body = header_len..header.frame_len();
    let Some(bytes) = input.get(body.clone()) else {
        return Ok(None);
    };
    let kind = if bytes.is_empty() {
        FrameKind::KeepAlive
    } else {
        let (channel, payload) =
            varint::read(bytes).map_err(|kind| DecodeError::new(kind, NAME, "channel"))?;
        FrameKind::Message {
            channel,
            payload: body.end.saturating_sub(payload.len())..body.end,
        }
    };
    Ok(Some(Frame {
        header_len,
        body,
        kind,
    }))
}

/// Writes what comes before a payload of `payload_len` bytes: the frame's length and the channel.
///
/// Does not look at [`MAX_FRAME`]: receivers refuse a frame whose channel number and payload are
/// longer than that. A close frame is this and nothing more, with a `payload_len` of 0.
pub fn encode_frame_header(channel: u64, payload_len: usize, out: &mut Vec<u8>) {
    let len = varint::encoded_len(channel).saturating_add(payload_len);
    varint::encode(u64::try_from(len).unwrap_or(u64::MAX), out);
    varint::encode(channel, out);
}
