//! axum's messages.

use ::axum::{Error, extract::ws};
use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use tokio::io::AsyncWriteExt;

use super::{
    TEXT, assert_unchanged, messages,
    socket::{INPUT, pair, speaks},
};
use crate::{
    compat::Compat,
    message::{CloseFrame, Message, Utf8Bytes},
    stream::WebSocket,
};

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

/// A socket as a library takes it.
#[tokio::test]
async fn socket_speaks_axum() {
    speaks::<ws::Message>().await;
}

/// The other kind of socket has axum's errors already. The type is inferred.
#[tokio::test]
async fn socket_with_axums_errors_and_halves_speak_axum() {
    fn takes<S>(socket: S) -> S
    where
        S: Stream<Item = Result<ws::Message, Error>> + Sink<ws::Message, Error = Error>,
    {
        socket
    }

    fn accepts(upgraded: crate::axum::WebSocket, plain: WebSocket) {
        drop((takes(upgraded.compat()), takes(plain.compat())));
    }
    let _ = accepts;

    let (socket, mut client) = pair();
    let (send, receive) = socket.split();
    let (mut send, mut receive) = (Compat::new(send), Compat::new(receive));
    client.write_all(INPUT).await.unwrap();
    let message: ws::Message = receive.next().await.unwrap().unwrap();
    assert_eq!(message, ws::Message::text("hello"));
    send.send(message).await.unwrap();
    assert!(send.get_mut().flush().now_or_never().is_some());
    assert!(!send.get_ref().is_closed());
}
