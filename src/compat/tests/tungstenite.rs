//! tungstenite's messages, frames and errors.

use std::{error, io};

use ::tungstenite::{
    self as theirs,
    error::ProtocolError as TheirProtocolError,
    protocol::frame::{
        Frame, FrameHeader,
        coding::{Control, Data, OpCode},
    },
};
use bytes::Bytes;

use super::{TEXT, assert_unchanged, socket::speaks};
use crate::{
    message::{CloseFrame, InvalidClose, Message, Utf8Bytes},
    protocol::Loss,
    stream::Error,
    wire::ProtocolError,
};

/// 5.6, 5.5: there and back, each kind with all that it says, in the memory where it is.
#[test]
fn message_goes_there_and_back_unchanged() {
    assert_unchanged::<theirs::Message>();
}

/// 7.4: their codes are variants, with one for all that has no name.
#[test]
fn text_and_close_frames_go_there_and_back_unchanged() {
    let text = Utf8Bytes::from(TEXT);
    assert_eq!(Utf8Bytes::from(theirs::Utf8Bytes::from(text.clone())), text);
    for code in 0..=u16::MAX {
        let frame = CloseFrame::new(code, TEXT);
        let there = theirs::protocol::CloseFrame::from(frame.clone());
        assert_eq!(u16::from(there.code), code);
        assert_eq!(CloseFrame::from(there), frame);
    }
}

/// A raw frame is the message that it carries, or else its payload.
#[test]
fn raw_frame_becomes_the_message_that_it_carries() {
    let raw = |payload: &'static [u8], opcode, is_final| {
        let header = FrameHeader {
            is_final,
            opcode,
            ..FrameHeader::default()
        };
        let frame = Frame::from_payload(header, payload.into());
        Message::from(theirs::Message::Frame(frame))
    };
    let data = |payload, kind, is_final| raw(payload, OpCode::Data(kind), is_final);
    let control = |payload, kind| raw(payload, OpCode::Control(kind), true);
    let binary = |payload: &'static [u8]| Message::Binary(Bytes::from_static(payload));
    let rows = [
        (data(b"a", Data::Text, true), Message::text("a")),
        (data(b"\xff", Data::Text, true), binary(b"\xff")),
        (data(b"a", Data::Text, false), binary(b"a")),
        (data(b"a", Data::Binary, true), binary(b"a")),
        (data(b"a", Data::Continue, true), binary(b"a")),
        (data(b"a", Data::Reserved(3), true), binary(b"a")),
        (control(b"a", Control::Ping), Message::Ping("a".into())),
        (control(b"a", Control::Pong), Message::Pong("a".into())),
        (control(b"", Control::Close), Message::Close(None)),
        (
            control(b"\x03\xe8bye", Control::Close),
            Message::Close(Some(CloseFrame::new(1000, "bye"))),
        ),
        (control(b"\x03", Control::Close), binary(b"\x03")),
        (control(b"a", Control::Reserved(11)), binary(b"a")),
    ];
    for (found, expected) in rows {
        assert_eq!(found, expected);
    }
}

/// What has a counterpart becomes that. Of the rest nothing is lost.
#[test]
fn error_becomes_theirs_for_the_same_event() {
    type Is = fn(&theirs::Error) -> bool;
    let named: [(Error, Is); 4] = [
        (Error::Closed, |error| {
            matches!(error, theirs::Error::ConnectionClosed)
        }),
        (Error::Lost(Loss::Ended), |error| {
            let protocol = TheirProtocolError::ResetWithoutClosingHandshake;
            matches!(error, theirs::Error::Protocol(found) if *found == protocol)
        }),
        (Error::ControlTooLong(126), |error| {
            let protocol = TheirProtocolError::ControlFrameTooBig;
            matches!(error, theirs::Error::Protocol(found) if *found == protocol)
        }),
        (
            Error::Io(io::ErrorKind::BrokenPipe.into()),
            |error| matches!(error, theirs::Error::Io(io) if io.kind() == io::ErrorKind::BrokenPipe),
        ),
    ];
    for (ours, is_expected) in named {
        let error = theirs::Error::from(ours);
        assert!(is_expected(&error), "{error:?}");
    }
    let wrapped = [
        (Error::Lost(Loss::NoPong), io::ErrorKind::TimedOut),
        (Error::Lost(Loss::Cut), io::ErrorKind::ConnectionAborted),
        (Error::Overrun, io::ErrorKind::ConnectionAborted),
        (
            Error::Protocol(ProtocolError::MaskedFrame),
            io::ErrorKind::InvalidData,
        ),
        (
            Error::InvalidClose(InvalidClose::Code(1005)),
            io::ErrorKind::InvalidInput,
        ),
    ];
    for (ours, kind) in wrapped {
        let said = ours.to_string();
        let theirs::Error::Io(io) = theirs::Error::from(ours) else {
            panic!("{said}");
        };
        assert_eq!(io.kind(), kind);
        let inner = io
            .get_ref()
            .map(|inner| inner as &(dyn error::Error + 'static));
        let ours = inner.and_then(|inner| inner.downcast_ref::<Error>());
        assert_eq!(ours.map(ToString::to_string), Some(said));
    }
}

/// A socket as a library takes it.
#[tokio::test]
async fn socket_speaks_tungstenite() {
    speaks::<theirs::Message>().await;
}
