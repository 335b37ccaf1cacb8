//! To tungstenite's messages and errors, and back.
//!
//! tungstenite's `Message::Frame` alone has no counterpart.

use std::io;

use ::tungstenite::{
    self as theirs,
    error::ProtocolError as TheirProtocolError,
    protocol::frame::{
        Frame,
        coding::{Control, Data, OpCode},
    },
};
use bytes::Bytes;

use super::CompatMessage;
use crate::{
    message::{CloseFrame, Message, Utf8Bytes},
    protocol::Loss,
    stream::Error,
};

impl CompatMessage for theirs::Message {
    type Error = theirs::Error;
}

/// Shares the memory. Checks the text once more.
impl From<theirs::Utf8Bytes> for Utf8Bytes {
    fn from(text: theirs::Utf8Bytes) -> Self {
        Self::try_from(Bytes::from(text)).expect("text is UTF-8")
    }
}

/// Shares the memory. Checks the text once more.
impl From<Utf8Bytes> for theirs::Utf8Bytes {
    fn from(text: Utf8Bytes) -> Self {
        Self::try_from(Bytes::from(text)).expect("text is UTF-8")
    }
}

impl From<theirs::protocol::CloseFrame> for CloseFrame {
    /// The reason stays as long as it is; see [`CloseFrame::new`] for one that may be sent.
    fn from(frame: theirs::protocol::CloseFrame) -> Self {
        Self {
            code: frame.code.into(),
            reason: frame.reason.into(),
        }
    }
}

impl From<CloseFrame> for theirs::protocol::CloseFrame {
    fn from(frame: CloseFrame) -> Self {
        Self {
            code: frame.code.into(),
            reason: frame.reason.into(),
        }
    }
}

/// Copies no payload. Checks text once more.
///
/// tungstenite never receives a `Message::Frame`; who makes one sends it as it is. The message is
/// the one that the frame carries. What is no whole message becomes `Binary` with the frame's
/// payload: a fragment, a frame with a reserved opcode, and text that is not UTF-8.
impl From<theirs::Message> for Message {
    fn from(message: theirs::Message) -> Self {
        match message {
            theirs::Message::Text(text) => Message::Text(text.into()),
            theirs::Message::Binary(data) => Message::Binary(data),
            theirs::Message::Ping(data) => Message::Ping(data),
            theirs::Message::Pong(data) => Message::Pong(data),
            theirs::Message::Close(frame) => Message::Close(frame.map(CloseFrame::from)),
            theirs::Message::Frame(frame) => carried_by(frame),
        }
    }
}

/// Copies no payload. Checks text once more.
impl From<Message> for theirs::Message {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => theirs::Message::Text(text.into()),
            Message::Binary(data) => theirs::Message::Binary(data),
            Message::Ping(data) => theirs::Message::Ping(data),
            Message::Pong(data) => theirs::Message::Pong(data),
            Message::Close(frame) => {
                theirs::Message::Close(frame.map(theirs::protocol::CloseFrame::from))
            }
        }
    }
}

/// tungstenite's error for the same event.
///
/// `Closed` becomes `ConnectionClosed`, `Io` stays what it is, the end of the transport without a
/// Close becomes `ResetWithoutClosingHandshake`, and a ping or pong that is too long
/// `ControlFrameTooBig`. Any other error becomes `Io`, and is inside it as a whole: see
/// [`io::Error::get_ref`].
impl From<Error> for theirs::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Closed => return theirs::Error::ConnectionClosed,
            Error::Io(error) => return theirs::Error::Io(error),
            Error::Lost(Loss::Ended) => {
                return TheirProtocolError::ResetWithoutClosingHandshake.into();
            }
            Error::ControlTooLong(_) => return TheirProtocolError::ControlFrameTooBig.into(),
            Error::Lost(Loss::Cut) | Error::Overrun => io::ErrorKind::ConnectionAborted,
            Error::Lost(_) => io::ErrorKind::TimedOut,
            Error::Protocol(_) => io::ErrorKind::InvalidData,
            Error::InvalidClose(_) => io::ErrorKind::InvalidInput,
        };
        theirs::Error::Io(io::Error::new(kind, error))
    }
}

/// The message that a frame carries, if it is one.
fn carried_by(frame: Frame) -> Message {
    let header = frame.header();
    let (opcode, is_final) = (header.opcode, header.is_final);
    let payload = frame.into_payload();
    if !is_final {
        return Message::Binary(payload);
    }
    match opcode {
        OpCode::Data(Data::Text) => match Utf8Bytes::try_from(payload.clone()) {
            Ok(text) => Message::Text(text),
            Err(_) => Message::Binary(payload),
        },
        OpCode::Control(Control::Ping) => Message::Ping(payload),
        OpCode::Control(Control::Pong) => Message::Pong(payload),
        OpCode::Control(Control::Close) => match CloseFrame::decode(&payload) {
            Ok(frame) => Message::Close(frame),
            Err(_) => Message::Binary(payload),
        },
        OpCode::Data(_) | OpCode::Control(_) => Message::Binary(payload),
    }
}
