//! What users receive and send.

mod close;
mod prepared;
mod text;

use std::{error::Error, fmt, str::Utf8Error};

use bytes::Bytes;

pub use self::{close::CloseFrame, prepared::PreparedMessage, text::Utf8Bytes};
pub use crate::wire::InvalidClose;

/// A WebSocket message, or a control frame that the user may want to see (RFC 6455, section 5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A ping, at most 125 bytes. Received pings have already been answered.
    Ping(Bytes),
    /// A pong, at most 125 bytes: the answer to a ping, or unsolicited.
    Pong(Bytes),
    /// When received: the peer closes, and has already been answered. When sent: this side closes.
    Close(Option<CloseFrame>),
}

impl Message {
    /// A text message.
    pub fn text<S: Into<Utf8Bytes>>(text: S) -> Self {
        Message::Text(text.into())
    }

    /// A binary message.
    pub fn binary<B: Into<Bytes>>(data: B) -> Self {
        Message::Binary(data.into())
    }

    /// Whether this is `Text` or `Binary`, as opposed to a control frame.
    pub const fn is_data(&self) -> bool {
        matches!(self, Message::Text(_) | Message::Binary(_))
    }

    /// Whether this is `Text`.
    pub const fn is_text(&self) -> bool {
        matches!(self, Message::Text(_))
    }

    /// Whether this is `Binary`.
    pub const fn is_binary(&self) -> bool {
        matches!(self, Message::Binary(_))
    }

    /// Whether this is a `Ping`.
    pub const fn is_ping(&self) -> bool {
        matches!(self, Message::Ping(_))
    }

    /// Whether this is a `Pong`.
    pub const fn is_pong(&self) -> bool {
        matches!(self, Message::Pong(_))
    }

    /// Whether this is a `Close`.
    pub const fn is_close(&self) -> bool {
        matches!(self, Message::Close(_))
    }

    /// The payload's length in bytes; for a Close, that of its reason.
    pub fn len(&self) -> usize {
        match self {
            Message::Text(text) => text.len(),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data.len(),
            Message::Close(frame) => frame.as_ref().map_or(0, |frame| frame.reason.len()),
        }
    }

    /// Whether the payload is empty; for a Close, its reason.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The payload's bytes; for a Close, its reason.
    pub fn into_data(self) -> Bytes {
        match self {
            Message::Text(text) => text.into(),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data,
            Message::Close(frame) => frame.map(|frame| frame.reason.into()).unwrap_or_default(),
        }
    }

    /// The payload as text; for a Close, its reason.
    ///
    /// # Errors
    ///
    /// If the payload is not UTF-8.
    pub fn into_text(self) -> Result<Utf8Bytes, NotUtf8> {
        match self {
            Message::Text(text) => Ok(text),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => {
                data.try_into().map_err(NotUtf8)
            }
            Message::Close(frame) => Ok(frame.map(|frame| frame.reason).unwrap_or_default()),
        }
    }

    /// Borrows the payload as text; for a Close, its reason.
    ///
    /// # Errors
    ///
    /// If the payload is not UTF-8.
    pub fn to_text(&self) -> Result<&str, NotUtf8> {
        match self {
            Message::Text(text) => Ok(text),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => {
                std::str::from_utf8(data).map_err(NotUtf8)
            }
            Message::Close(frame) => Ok(frame.as_ref().map_or("", |frame| &frame.reason)),
        }
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Message::Text(text.into())
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Message::Text(text.into())
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Self {
        Message::Text(text)
    }
}

impl From<&[u8]> for Message {
    fn from(data: &[u8]) -> Self {
        Message::Binary(Bytes::copy_from_slice(data))
    }
}

impl From<Bytes> for Message {
    fn from(data: Bytes) -> Self {
        Message::Binary(data)
    }
}

impl From<Vec<u8>> for Message {
    fn from(data: Vec<u8>) -> Self {
        Message::Binary(data.into())
    }
}

impl From<Message> for Vec<u8> {
    fn from(message: Message) -> Self {
        message.into_data().into()
    }
}

/// A payload that is not UTF-8 was requested as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUtf8(Utf8Error);

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("payload is not UTF-8")
    }
}

impl Error for NotUtf8 {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5.6, 5.5: a message is of one kind, and knows the length of its payload.
    #[test]
    fn message_is_of_one_kind() {
        let close = CloseFrame::new(1000, "four");
        let kinds: [fn(&Message) -> bool; 5] = [
            Message::is_text,
            Message::is_binary,
            Message::is_ping,
            Message::is_pong,
            Message::is_close,
        ];
        let messages = [
            Message::text("four"),
            Message::binary("four"),
            Message::Ping("four".into()),
            Message::Pong("four".into()),
            Message::Close(Some(close)),
        ];
        for (number, message) in messages.iter().enumerate() {
            for (other, is_of) in kinds.iter().enumerate() {
                assert_eq!(is_of(message), number == other);
            }
            assert_eq!(message.is_data(), number < 2);
            assert_eq!(message.len(), 4);
            assert!(!message.is_empty());
        }
        assert!(Message::Close(None).is_empty());
    }
}
