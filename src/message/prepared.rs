//! A message that is encoded once and sent to many.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use super::{Message, Utf8Bytes};
use crate::wire::{FrameHeader, OpCode};

/// A text or binary message that is encoded once and sent to many connections.
///
/// A server's sockets share its bytes: sending it copies nothing but what is small. A client, which
/// must mask every message with a key of its own (RFC 6455, section 5.3), encodes it for itself.
///
/// ```
/// use tower_websock::PreparedMessage;
///
/// let hello = PreparedMessage::text("hello");
/// assert_eq!(hello.data(), b"hello");
/// ```
#[derive(Clone)]
pub struct PreparedMessage(Arc<Prepared>);

struct Prepared {
    opcode: OpCode,
    /// The payload begins behind the header.
    payload_at: usize,
    /// As a server sends it, uncompressed.
    frame: Bytes,
}

impl PreparedMessage {
    /// A text message.
    pub fn text<S: Into<Utf8Bytes>>(text: S) -> Self {
        Self::encode(OpCode::Text, text.into().as_bytes())
    }

    /// A binary message.
    pub fn binary<B: Into<Bytes>>(data: B) -> Self {
        Self::encode(OpCode::Binary, &data.into())
    }

    /// Whether this is a text message.
    pub fn is_text(&self) -> bool {
        self.0.opcode == OpCode::Text
    }

    /// The payload.
    pub fn data(&self) -> &[u8] {
        &self.0.frame[self.0.payload_at..]
    }

    /// The payload's length in bytes.
    pub fn len(&self) -> usize {
        self.data().len()
    }

    /// Whether the payload is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same as a [`Message`], which shares its payload.
    #[expect(clippy::missing_panics_doc, reason = "it cannot happen")]
    pub fn to_message(&self) -> Message {
        match self.0.opcode {
            OpCode::Text => {
                let text = self.payload().try_into();
                Message::Text(text.expect("it was made of text"))
            }
            _ => Message::Binary(self.payload()),
        }
    }

    pub(crate) fn opcode(&self) -> OpCode {
        self.0.opcode
    }

    /// The payload, shared.
    pub(crate) fn payload(&self) -> Bytes {
        self.0.frame.slice(self.0.payload_at..)
    }

    /// All of it as a server sends it, uncompressed.
    pub(crate) fn frame(&self) -> &Bytes {
        &self.0.frame
    }

    fn encode(opcode: OpCode, data: &[u8]) -> Self {
        let mut frame = Vec::with_capacity(FrameHeader::MAX_LEN + data.len());
        FrameHeader::plain(opcode, data.len()).encode_to(&mut frame);
        let payload_at = frame.len();
        frame.extend_from_slice(data);
        Self(Arc::new(Prepared {
            opcode,
            payload_at,
            frame: frame.into(),
        }))
    }
}

impl fmt::Debug for PreparedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedMessage")
            .field("is_text", &self.is_text())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl From<Utf8Bytes> for PreparedMessage {
    fn from(text: Utf8Bytes) -> Self {
        Self::text(text)
    }
}

impl From<String> for PreparedMessage {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for PreparedMessage {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Bytes> for PreparedMessage {
    fn from(data: Bytes) -> Self {
        Self::binary(data)
    }
}

impl From<Vec<u8>> for PreparedMessage {
    fn from(data: Vec<u8>) -> Self {
        Self::binary(data)
    }
}

/// A ping, a pong or a Close is no message for many: it is given back.
impl TryFrom<Message> for PreparedMessage {
    type Error = Message;

    fn try_from(message: Message) -> Result<Self, Message> {
        match message {
            Message::Text(text) => Ok(text.into()),
            Message::Binary(data) => Ok(data.into()),
            other => Err(other),
        }
    }
}
