//! Messages, texts and close codes.

use std::borrow::Cow;

use axum::{Error, body::Bytes};
use tokio::sync::mpsc;

// The line to change.
use tower_websock::axum::{
    CloseCode, CloseFrame, Message, Utf8Bytes, WebSocketUpgrade, close_code,
};

use crate::support::raw::{CLOSE, TEXT, close_body, frame, soon};

use super::{client_of, handshake};

/// 7.4: whatever a program closes with is on the wire, with numbers for codes.
#[tokio::test]
async fn close_frames_are_sent_as_in_axum() {
    let rows: [(Option<CloseFrame>, Vec<u8>); 5] = [
        (None, Vec::new()),
        (
            Some(CloseFrame {
                code: 1000,
                reason: "bye".into(),
            }),
            close_body(1000, "bye"),
        ),
        (
            Some(CloseFrame {
                code: close_code::AWAY,
                reason: Utf8Bytes::from_static(""),
            }),
            close_body(1001, ""),
        ),
        (
            Some(CloseFrame {
                code: close_code::ERROR + 1,
                reason: String::from("näh").into(),
            }),
            close_body(1012, "näh"),
        ),
        (
            Some(CloseFrame {
                code: 4999,
                reason: Utf8Bytes::default(),
            }),
            close_body(4999, ""),
        ),
    ];
    for (close, body) in rows {
        let (sender, mut seen) = mpsc::unbounded_channel();
        let mut client = client_of(async move |ws: WebSocketUpgrade| {
            ws.on_upgrade(async move |mut socket| {
                socket.send(Message::Close(close)).await.unwrap();
                // What comes until the peer's Close is still received, and nothing is sent.
                assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("late"));
                socket.send("too late".into()).await.unwrap_err();
                sender.send(socket.recv().await.unwrap().unwrap()).unwrap();
                assert!(socket.recv().await.is_none());
                sender.send(Message::text("all asserted")).unwrap();
            })
        })
        .await;
        client.upgrade(&handshake()).await;
        client.expect(CLOSE, body).await;
        client.send(frame(TEXT, "late")).await;
        client.answer_close(3999).await;
        let close = CloseFrame {
            code: 3999,
            reason: "".into(),
        };
        assert_eq!(
            soon(seen.recv()).await.unwrap(),
            Message::Close(Some(close))
        );
        let done = soon(seen.recv()).await.unwrap();
        assert_eq!(done, Message::text("all asserted"));
    }
}

/// 7.4.1: the constants have axum's names and the RFC's numbers.
#[test]
fn close_codes_are_numbers() {
    let codes: [(CloseCode, u16); 13] = [
        (close_code::NORMAL, 1000),
        (close_code::AWAY, 1001),
        (close_code::PROTOCOL, 1002),
        (close_code::UNSUPPORTED, 1003),
        (close_code::STATUS, 1005),
        (close_code::ABNORMAL, 1006),
        (close_code::INVALID, 1007),
        (close_code::POLICY, 1008),
        (close_code::SIZE, 1009),
        (close_code::EXTENSION, 1010),
        (close_code::ERROR, 1011),
        (close_code::RESTART, 1012),
        (close_code::AGAIN, 1013),
    ];
    for (name, number) in codes {
        assert_eq!(name, number);
    }
}

/// `?` on everything that can fail, in a function with axum's error.
fn fallible(message: Message) -> Result<(Utf8Bytes, String), Error> {
    let borrowed = message.to_text()?.to_owned();
    Ok((message.into_text()?, borrowed))
}

/// Messages are made of, and turned into, what axum's are.
#[test]
fn messages_convert_as_in_axum() {
    let text = Message::Text(Utf8Bytes::from_static("text"));
    for same in [
        Message::from("text"),
        Message::from(String::from("text")),
        Message::text("text"),
        Message::text(String::from("text")),
        Message::text(Utf8Bytes::from_static("text")),
    ] {
        assert_eq!(same, text);
    }
    let binary = Message::Binary(Bytes::from_static(b"data"));
    for same in [
        Message::from(b"data".as_slice()),
        Message::from(b"data".to_vec()),
        Message::from(Bytes::from_static(b"data")),
        Message::binary(b"data".to_vec()),
        Message::binary(Bytes::from_static(b"data")),
        Message::binary("data"),
    ] {
        assert_eq!(same, binary);
    }
    let close = CloseFrame {
        code: 1000,
        reason: "why".into(),
    };
    for (message, payload) in [
        (text.clone(), "text"),
        (binary, "data"),
        (Message::Ping("ping".into()), "ping"),
        (Message::Pong("pong".into()), "pong"),
        (Message::Close(None), ""),
        (Message::Close(Some(close)), "why"),
    ] {
        assert_eq!(message.to_text().unwrap(), payload);
        assert_eq!(message.clone().into_text().unwrap(), payload);
        assert_eq!(message.clone().into_data(), payload);
        assert_eq!(Vec::<u8>::from(message.clone()), payload.as_bytes());
        let (owned, borrowed) = fallible(message).unwrap();
        assert_eq!(owned, payload);
        assert_eq!(borrowed, payload);
    }
    for message in [
        Message::Binary(Bytes::from_static(b"\xff")),
        Message::Ping(Bytes::from_static(b"\xff")),
        Message::Pong(Bytes::from_static(b"\xff")),
    ] {
        assert!(message.to_text().is_err());
        assert!(message.clone().into_text().is_err());
        let error = fallible(message).unwrap_err();
        assert_eq!(error.to_string(), "payload is not UTF-8");
    }
}

/// Text is made of, compared with, and turned into, what axum's is.
#[test]
fn text_converts_as_in_axum() {
    const TEXT: Utf8Bytes = Utf8Bytes::from_static("foo123");
    let owned = String::from("foo123");
    for same in [
        Utf8Bytes::from("foo123"),
        Utf8Bytes::from(owned.clone()),
        Utf8Bytes::from(&owned),
        Utf8Bytes::try_from(Bytes::from_static(b"foo123")).unwrap(),
        Utf8Bytes::try_from(b"foo123".to_vec()).unwrap(),
    ] {
        assert_eq!(same, TEXT);
        assert_eq!(same.as_str(), "foo123");
        assert_eq!(Bytes::from(same), "foo123");
    }
    // The assertions of axum's documentation.
    let payload = TEXT;
    assert_eq!(payload, "foo123");
    assert_eq!(payload, "foo123".to_string());
    assert_eq!(payload, &"foo123".to_string());
    assert_eq!(payload, Cow::from("foo123"));
    assert_ne!(payload, "foo");
    let length = |text: &str| text.len();
    assert_eq!(length(&payload), 6);
    assert_eq!(payload.len(), 6);
    assert_eq!(payload.to_string(), "foo123");
    assert_eq!(Utf8Bytes::default(), "");
    let error: std::str::Utf8Error = Utf8Bytes::try_from(vec![b'a', 0xff]).unwrap_err();
    assert_eq!(error.valid_up_to(), 1);
    let error: std::str::Utf8Error = Utf8Bytes::try_from(Bytes::from_static(&[0xff])).unwrap_err();
    assert_eq!(error.valid_up_to(), 0);
}
