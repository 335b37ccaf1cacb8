//! What users receive and send.

mod close;
mod text;

use std::{error::Error, fmt, str::Utf8Error};

use bytes::Bytes;

pub use self::{
    close::{CloseFrame, InvalidClose},
    text::Utf8Bytes,
};

/// A WebSocket message, or a control frame that the user may want to see (RFC 6455, section 5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A ping, at most 125 bytes. Received ones have been answered already.
    Ping(Bytes),
    /// A pong, at most 125 bytes: the answer to a ping, or unsolicited.
    Pong(Bytes),
    /// The peer closes (received, and answered already), or this side does (sent).
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

    /// The payload's bytes; of a Close, its reason.
    pub fn into_data(self) -> Bytes {
        match self {
            Message::Text(text) => text.into(),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data,
            Message::Close(frame) => frame.map(|frame| frame.reason.into()).unwrap_or_default(),
        }
    }

    /// The payload as text; of a Close, its reason.
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

    /// Borrows the payload as text; of a Close, its reason.
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

    /// Payload bytes that a queue of such messages holds.
    pub(crate) fn payload_len(&self) -> usize {
        match self {
            Message::Text(text) => text.len(),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data.len(),
            Message::Close(frame) => frame.as_ref().map_or(0, |frame| frame.reason.len()),
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

/// A payload was asked for as text and is not UTF-8.
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
