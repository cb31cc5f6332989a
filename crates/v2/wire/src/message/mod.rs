mod cancel;
mod extensions;
mod handshake;
mod have;
mod nodes;
mod protocol_handshake;
mod request;
mod response;
mod want;

use alloc::vec::Vec;

pub use cancel::Cancel;
pub use extensions::{Extensions, ExtensionsIter};
pub use handshake::Handshake;
pub use have::Have;
pub use nodes::{Nodes, NodesIter};
pub use protocol_handshake::ProtocolHandshake;
pub use request::Request;
pub use response::Response;
pub use want::Want;

use crate::{
    DecodeError,
    proto::{Length, Sink},
};

/// A message on an open channel: the payload of a frame once it is decrypted.
///
/// Borrows everything from the payload. Handshakes are not among them: they are told apart by the
/// channel being new, not by a type byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// Type 0: the sender holds these blocks.
    Have(Have<'a>),
    /// Type 1: tell me which of these blocks you hold.
    Want(Want),
    /// Type 2: send me this block.
    Request(Request),
    /// Type 3: a block with its proof.
    Response(Response<'a>),
    /// Type 4: this request is no longer wanted.
    Cancel(Cancel),
    /// Type 5: send me no requests for now.
    Pause,
    /// Type 6: requests are welcome again.
    Resume,
    /// Types 64 to 127: a message of an extension.
    Extension {
        /// Type less 64: where the extension's name stands in the *sender's* list, 0 to 63.
        /// Encoding takes the low six bits.
        id: u8,
        /// Bytes as the extension defines them.
        body: &'a [u8],
    },
    /// Types 7 to 63 and 128 to 255: to be ignored.
    ///
    /// The body is not kept: encoding writes the type alone.
    Unknown {
        /// The type.
        kind: u8,
    },
}

impl<'a> Message<'a> {
    /// Type of [`Message::Have`].
    pub const HAVE: u8 = 0;
    /// Type of [`Message::Want`].
    pub const WANT: u8 = 1;
    /// Type of [`Message::Request`].
    pub const REQUEST: u8 = 2;
    /// Type of [`Message::Response`].
    pub const RESPONSE: u8 = 3;
    /// Type of [`Message::Cancel`].
    pub const CANCEL: u8 = 4;
    /// Type of [`Message::Pause`].
    pub const PAUSE: u8 = 5;
    /// Type of [`Message::Resume`].
    pub const RESUME: u8 = 6;
    /// First type of [`Message::Extension`], the one of id 0.
    pub const EXTENSION: u8 = 64;
    /// Last type of [`Message::Extension`].
    pub const EXTENSION_LAST: u8 = 127;

    /// Reads a message of type `kind` from the whole of `body`.
    ///
    /// A body of pause, resume or an unknown type is not looked at.
    ///
    /// # Errors
    /// A body that is not the message its type says. Unknown fields in it are skipped.
    pub fn decode(kind: u8, body: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(match kind {
            Self::HAVE => Self::Have(Have::decode(body)?),
            Self::WANT => Self::Want(Want::decode(body)?),
            Self::REQUEST => Self::Request(Request::decode(body)?),
            Self::RESPONSE => Self::Response(Response::decode(body)?),
            Self::CANCEL => Self::Cancel(Cancel::decode(body)?),
            Self::PAUSE => Self::Pause,
            Self::RESUME => Self::Resume,
            Self::EXTENSION..=Self::EXTENSION_LAST => Self::Extension {
                id: kind & 0x3f,
                body,
            },
            _ => Self::Unknown { kind },
        })
    }

    /// Reads a whole decrypted payload, type byte first; an empty one holds no message and is to be
    /// ignored.
    ///
    /// # Errors
    /// Those of [`decode`](Self::decode).
    ///
    /// ```
    /// use hyperfeed_v2_wire::{Message, Request};
    ///
    /// let message = Message::decode_payload(&[2, 0x08, 7, 0x10, 0])?;
    /// let request = Request { block: 7, digest: Some(0) };
    /// assert_eq!(message, Some(Message::Request(request)));
    /// assert_eq!(Message::decode_payload(&[])?, None);
    /// # Ok::<(), hyperfeed_v2_wire::DecodeError>(())
    /// ```
    pub fn decode_payload(payload: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        match payload.split_first() {
            Some((&kind, body)) => Self::decode(kind, body).map(Some),
            None => Ok(None),
        }
    }

    /// The type byte.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Have(_) => Self::HAVE,
            Self::Want(_) => Self::WANT,
            Self::Request(_) => Self::REQUEST,
            Self::Response(_) => Self::RESPONSE,
            Self::Cancel(_) => Self::CANCEL,
            Self::Pause => Self::PAUSE,
            Self::Resume => Self::RESUME,
            Self::Extension { id, .. } => Self::EXTENSION | (*id & 0x3f),
            Self::Unknown { kind } => *kind,
        }
    }

    /// How many bytes [`encode`](Self::encode) writes, type byte included.
    pub fn encoded_len(&self) -> usize {
        let mut length = Length::default();
        self.write(&mut length);
        length.get()
    }

    /// Writes the type byte and the body at the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.encoded_len());
        self.write(out);
    }

    fn write(&self, sink: &mut impl Sink) {
        sink.raw(&[self.kind()]);
        match self {
            Self::Have(have) => have.write(sink),
            Self::Want(want) => want.write(sink),
            Self::Request(request) => request.write(sink),
            Self::Response(response) => response.write(sink),
            Self::Cancel(cancel) => cancel.write(sink),
            Self::Extension { body, .. } => sink.raw(body),
            Self::Pause | Self::Resume | Self::Unknown { .. } => {}
        }
    }
}
