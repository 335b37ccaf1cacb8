//! Conversions lose nothing, copy nothing, and a socket speaks what its library asks for.

#[cfg(feature = "axum-message")]
mod axum;
mod socket;
#[cfg(feature = "tungstenite")]
mod tungstenite;

use bytes::Bytes;

use crate::message::{CloseFrame, Message};

/// Longer than what is kept without an allocation anywhere.
const TEXT: &str = "some text that is so long that it has memory of its own: grüße";

/// One of each kind, and empty ones.
fn messages() -> Vec<Message> {
    let data = || Bytes::from(vec![7; 100]);
    vec![
        Message::text(TEXT.to_owned()),
        Message::text(""),
        Message::Binary(data()),
        Message::Binary(Bytes::new()),
        Message::Ping(data()),
        Message::Pong(data()),
        Message::Close(None),
        Message::Close(Some(CloseFrame::new(1000, ""))),
        Message::Close(Some(CloseFrame::new(4321, TEXT.to_owned()))),
        // None may be sent. What is converted is not changed.
        Message::Close(Some(CloseFrame::new(1005, TEXT.repeat(9)))),
        Message::Close(Some(CloseFrame {
            code: 0,
            reason: TEXT.repeat(9).into(),
        })),
    ]
}

/// Converts there and back: nothing may change, and no payload move.
fn assert_unchanged<M: From<Message> + Into<Message>>() {
    for message in messages() {
        let payload = payload(&message);
        let back: Message = M::from(message.clone()).into();
        assert_eq!(back, message);
        assert_eq!(
            self::payload(&back).as_ptr(),
            payload.as_ptr(),
            "{message:?}"
        );
    }
}

fn payload(message: &Message) -> Bytes {
    message.clone().into_data()
}
