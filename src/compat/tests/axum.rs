//! axum's messages.

use ::axum::extract::ws;

use super::{TEXT, assert_unchanged, messages};
use crate::message::{CloseFrame, Message, Utf8Bytes};

/// 5.6, 5.5: there and back, each kind with all that it says, in the memory where it is.
#[test]
fn message_goes_there_and_back_unchanged() {
    assert_unchanged::<ws::Message>();
}

/// Each kind is made the same kind.
#[test]
fn message_keeps_its_kind() {
    for message in messages() {
        let theirs = ws::Message::from(message.clone());
        let same = match (&message, &theirs) {
            (Message::Text(ours), ws::Message::Text(theirs)) => **ours == **theirs,
            (Message::Binary(ours), ws::Message::Binary(theirs))
            | (Message::Ping(ours), ws::Message::Ping(theirs))
            | (Message::Pong(ours), ws::Message::Pong(theirs)) => ours == theirs,
            (Message::Close(None), ws::Message::Close(None)) => true,
            (Message::Close(Some(ours)), ws::Message::Close(Some(theirs))) => {
                ours.code == theirs.code && *ours.reason == *theirs.reason
            }
            _ => false,
        };
        assert!(same, "{message:?} became {theirs:?}");
    }
}

/// The parts alone.
#[test]
fn text_and_close_frames_go_there_and_back_unchanged() {
    let text = Utf8Bytes::from(TEXT);
    assert_eq!(Utf8Bytes::from(ws::Utf8Bytes::from(text.clone())), text);
    for code in 0..=u16::MAX {
        let frame = CloseFrame::new(code, TEXT);
        assert_eq!(CloseFrame::from(ws::CloseFrame::from(frame.clone())), frame);
    }
}
