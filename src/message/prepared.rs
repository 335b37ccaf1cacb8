//! A message that is encoded once and sent to many.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use super::{Message, Utf8Bytes};
use crate::{
    deflate::{DeflateConfig, Deflation, SharedForms},
    wire::{FrameHeader, OpCode},
};

/// A text or binary message that is encoded once and sent to many connections.
///
/// A server's sockets share its bytes: sending it copies nothing but frames of up to 4 KiB. A client,
/// which must mask every message with a key of its own (RFC 6455, section 5.3), encodes it for
/// itself. Clones share everything.
///
/// ```
/// use tower_websock::{PreparedMessage, Sender};
///
/// fn tell_all(members: &[Sender], text: &str) {
///     let message = PreparedMessage::text(text);
///     for member in members {
///         // One that is full or gone is left out.
///         let _ = member.try_send_prepared(&message);
///     }
/// }
/// ```
///
/// # Compression
///
/// If compression was agreed on (RFC 7692), a compressed form is made when the message is first sent
/// so, and shared: one for each window size that makes a difference and each
/// [`level`](crate::DeflateConfig::level) and [`memory_level`](crate::DeflateConfig::memory_level).
/// It lives as long as the message. A message below [`min_size`](crate::DeflateConfig::min_size), or
/// that gets no smaller, is sent as it is.
///
/// A shared form cannot refer to earlier messages of a connection. With context takeover, the next
/// message that is not prepared cannot do so either, so it is some 100 bytes larger than it
/// would be. Where a connection would lose more than it gains, it sends the prepared message
/// uncompressed.
#[derive(Clone)]
pub struct PreparedMessage(Arc<Prepared>);

struct Prepared {
    opcode: OpCode,
    /// The payload begins behind the header.
    payload_at: usize,
    /// As a server sends it, uncompressed.
    frame: Bytes,
    /// Its frames as servers that compress send them.
    compressed: SharedForms,
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

    /// All of it as a server sends it that compresses with `deflation`; `None` if it goes
    /// uncompressed. It is sent then.
    pub(crate) fn compressed_frame(
        &self,
        deflation: &mut Deflation,
        config: Option<&DeflateConfig>,
    ) -> Option<&Bytes> {
        let finish = |payload: &[u8]| {
            let header = FrameHeader {
                // RFC 7692 6.
                compressed: true,
                ..FrameHeader::plain(self.0.opcode, payload.len())
            };
            frame(header, payload)
        };
        deflation.share(self.data(), &self.0.compressed, config, finish)
    }

    fn encode(opcode: OpCode, data: &[u8]) -> Self {
        let frame = frame(FrameHeader::plain(opcode, data.len()), data);
        Self(Arc::new(Prepared {
            opcode,
            payload_at: frame.len() - data.len(),
            frame,
            compressed: SharedForms::default(),
        }))
    }
}

/// Header and payload in one place.
fn frame(header: FrameHeader, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(FrameHeader::MAX_LEN + payload.len());
    header.encode_to(&mut frame);
    frame.extend_from_slice(payload);
    frame.into()
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
