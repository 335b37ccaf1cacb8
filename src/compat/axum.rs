//! To axum's messages and back.
//!
//! All of them have a counterpart, so that nothing is lost in either direction.

use ::axum::extract::ws;
use bytes::Bytes;

use super::CompatMessage;
use crate::message::{CloseFrame, Message, Utf8Bytes};

impl CompatMessage for ws::Message {
    type Error = axum_core::Error;
}

/// Shares the memory. Checks the text once more.
impl From<ws::Utf8Bytes> for Utf8Bytes {
    fn from(text: ws::Utf8Bytes) -> Self {
        Self::try_from(Bytes::from(text)).expect("text is UTF-8")
    }
}

/// Shares the memory. Checks the text once more.
impl From<Utf8Bytes> for ws::Utf8Bytes {
    fn from(text: Utf8Bytes) -> Self {
        Self::try_from(Bytes::from(text)).expect("text is UTF-8")
    }
}

impl From<ws::CloseFrame> for CloseFrame {
    /// The reason stays as long as it is; see [`CloseFrame::new`] for one that may be sent.
    fn from(frame: ws::CloseFrame) -> Self {
        Self {
            code: frame.code,
            reason: frame.reason.into(),
        }
    }
}

impl From<CloseFrame> for ws::CloseFrame {
    fn from(frame: CloseFrame) -> Self {
        Self {
            code: frame.code,
            reason: frame.reason.into(),
        }
    }
}

/// Copies no payload. Checks text once more.
impl From<ws::Message> for Message {
    fn from(message: ws::Message) -> Self {
        match message {
            ws::Message::Text(text) => Message::Text(text.into()),
            ws::Message::Binary(data) => Message::Binary(data),
            ws::Message::Ping(data) => Message::Ping(data),
            ws::Message::Pong(data) => Message::Pong(data),
            ws::Message::Close(frame) => Message::Close(frame.map(CloseFrame::from)),
        }
    }
}

/// Copies no payload. Checks text once more.
impl From<Message> for ws::Message {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => ws::Message::Text(text.into()),
            Message::Binary(data) => ws::Message::Binary(data),
            Message::Ping(data) => ws::Message::Ping(data),
            Message::Pong(data) => ws::Message::Pong(data),
            Message::Close(frame) => ws::Message::Close(frame.map(ws::CloseFrame::from)),
        }
    }
}
