//! Limits, streams and sinks, and the ends of sockets.

use std::{fmt::Debug, future::poll_fn, pin::pin, time::Duration};

use axum::Error;
use futures_util::{
    sink::{Sink, SinkExt},
    stream::{self, FusedStream, SplitSink, SplitStream, Stream, StreamExt},
};
use tokio::sync::mpsc;

// The line to change.
use tower_websock::axum::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use tower_websock::{Config, Connections, PreparedMessage, Subscribe, Topic, TrySendError};

use crate::support::raw::{BINARY, CLOSE, TEXT, close_body, frame, soon};

use super::{client_of, echo, handshake, offering};

/// 10.4: the names of axum set our limits; a peer that exceeds them is told so.
#[tokio::test]
async fn limits_have_the_names_of_axum() {
    type Configure = fn(WebSocketUpgrade) -> WebSocketUpgrade;
    let all: Configure = |ws| {
        ws.read_buffer_size(1 << 17)
            .write_buffer_size(0)
            .max_write_buffer_size(1 << 20)
            .max_message_size(8)
            .max_frame_size(4)
    };
    let rows: [(Configure, &[u8], u16); 6] = [
        (all, &frame(TEXT, "fiver"), 1009),
        (
            all,
            &[frame(0x01, "four"), frame(0, "four"), frame(0x80, "!")].concat(),
            1009,
        ),
        (|ws| ws.max_message_size(4), &frame(BINARY, "fiver"), 1009),
        (|ws| ws.max_frame_size(4), &frame(BINARY, "fiver"), 1009),
        // What is set last counts.
        (
            |ws| {
                ws.max_message_size(9)
                    .config(Config::new().max_message_size(4))
            },
            &frame(BINARY, "fiver"),
            1009,
        ),
        // 1 MiB and a byte: the header is enough.
        (|ws| ws, &[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1], 1009),
    ];
    for (configure, excess, code) in rows {
        let mut client =
            client_of(async move |ws: WebSocketUpgrade| configure(ws).on_upgrade(echo)).await;
        client.upgrade(&handshake()).await;
        client.send(frame(TEXT, "four")).await;
        client.expect(TEXT, "four").await;
        client.send(excess).await;
        client.expect_close(code).await;
        client.answer_close(code).await;
    }
}

/// 5.1: a server closes the connection on an unmasked frame; the option is there to compile.
#[tokio::test]
async fn unmasked_frame_is_refused_whatever_the_program_says() {
    for accept in [true, false] {
        let mut client = client_of(async move |ws: WebSocketUpgrade| {
            #[expect(deprecated, reason = "programs for axum may call it")]
            ws.accept_unmasked_frames(accept).on_upgrade(echo)
        })
        .await;
        client.upgrade(&handshake()).await;
        client.send([TEXT, 1, b'a']).await;
        client.expect_close(1002).await;
        client.answer_close(1002).await;
    }
}

async fn send_prepared(mut socket: WebSocket) {
    let message = PreparedMessage::text("prepared");
    socket.send_prepared(&message).await.unwrap();
    socket.try_send_prepared(&message).unwrap();
    let mut sink = pin!(&mut socket);
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
    sink.start_send_prepared(&message).unwrap();
    socket.flush().await.unwrap();
    socket.sender().send_prepared(&message).await.unwrap();
}

/// Each face of a socket sends what was prepared, also one that is used as a sink.
#[tokio::test]
async fn prepared_message_is_sent_by_every_face() {
    let mut client =
        client_of(async move |ws: WebSocketUpgrade| ws.on_upgrade(send_prepared)).await;
    client.upgrade(&handshake()).await;
    for _ in 0..4 {
        client.expect(TEXT, "prepared").await;
    }
    client.expect_close(1000).await;
    client.answer_close(1000).await;
}

/// What is not in axum is there as with the crate's own socket.
#[tokio::test]
async fn socket_tells_what_ours_tells() {
    let (connections, topic) = (Connections::new(), Topic::new());
    let (at, published) = (connections.clone(), topic.clone());
    let mut client = client_of(async move |ws: WebSocketUpgrade| {
        let (response, accepting) = ws.connections(&at).accept().unwrap();
        let id = accepting.id();
        assert!(id.is_some());
        tokio::spawn(accepting.supervise(async move |mut socket: WebSocket| {
            assert_eq!(socket.id(), id);
            let all = socket.subscribe(&published);
            let none = socket.subscribe_with(&published, Subscribe::new().filter(|_| false));
            published.publish("once");
            socket.recv().await.unwrap().unwrap();
            drop((all, none));
            assert_eq!(socket.stats().received.messages, 1);
            assert!(!socket.is_closed());
            socket.send(Message::Close(None)).await.unwrap();
            assert!(socket.is_closed());
            let ours = tower_websock::WebSocket::from(socket);
            assert_eq!(ours.stats().sent.messages, 1);
        }));
        response
    })
    .await;
    client.upgrade(&handshake()).await;
    client.expect(TEXT, "once").await;
    client.send(frame(TEXT, "seen")).await;
    client.expect(CLOSE, []).await;
    assert_eq!(topic.stats().published, 1);
}

/// The item of the stream and the error of the sink are axum's.
fn is_socket<S>(_socket: &S)
where
    S: Stream<Item = Result<Message, Error>>
        + FusedStream
        + Sink<Message, Error = Error>
        + Debug
        + Send
        + Unpin
        + 'static,
{
}

/// `StreamExt` and `SinkExt`, whole and split, as programs use them.
#[tokio::test]
async fn socket_is_a_stream_and_a_sink() {
    async fn handle_socket(mut socket: WebSocket) {
        is_socket(&socket);
        // Whole.
        let first = StreamExt::next(&mut socket).await.unwrap().unwrap();
        SinkExt::send(&mut socket, first).await.unwrap();
        assert!(!socket.is_terminated());
        // Split, and each half driven.
        let (mut sink, mut received): (SplitSink<WebSocket, Message>, SplitStream<WebSocket>) =
            socket.split();
        let second = received.next().await.unwrap().unwrap();
        sink.feed(second.clone()).await.unwrap();
        sink.feed(second).await.unwrap();
        sink.flush().await.unwrap();
        // Put together again.
        let mut socket = received.reunite(sink).unwrap();
        let mut two = stream::iter([Ok(Message::text("x")), Ok(Message::text("y"))]);
        socket.send_all(&mut two).await.unwrap();
        // Forwarded to itself until the peer closes; then the sink is closed.
        let (sink, received) = socket.split();
        let data = received.filter(|item| {
            let is_data = item.as_ref().is_ok_and(Message::is_data);
            std::future::ready(is_data)
        });
        data.forward(sink).await.unwrap();
    }
    let mut client = client_of(async |ws: WebSocketUpgrade| ws.on_upgrade(handle_socket)).await;
    client.upgrade(&handshake()).await;
    client.send(frame(TEXT, "first")).await;
    client.expect(TEXT, "first").await;
    client.send(frame(BINARY, "second")).await;
    client.expect(BINARY, "second").await;
    client.expect(BINARY, "second").await;
    client.expect(TEXT, "x").await;
    client.expect(TEXT, "y").await;
    client.send(frame(TEXT, "third")).await;
    client.expect(TEXT, "third").await;
    client.close().await;
}

/// 7.1.2: `SinkExt::close` sends a Close; the stream goes on until the peer's.
#[tokio::test]
async fn closed_sink_leaves_the_stream_open() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let mut client = client_of(async move |ws: WebSocketUpgrade| {
        ws.on_upgrade(async move |mut socket| {
            SinkExt::close(&mut socket).await.unwrap();
            while let Some(item) = socket.next().await {
                sender.send(item.unwrap()).unwrap();
            }
            assert!(socket.is_terminated());
            assert!(socket.next().await.is_none());
            sender.send(Message::text("all asserted")).unwrap();
        })
    })
    .await;
    client.upgrade(&handshake()).await;
    client.expect(CLOSE, close_body(1000, "")).await;
    client.send(frame(TEXT, "on its way")).await;
    client.answer_close(1000).await;
    assert_eq!(
        soon(seen.recv()).await.unwrap(),
        Message::text("on its way")
    );
    let Message::Close(Some(frame)) = soon(seen.recv()).await.unwrap() else {
        panic!("no close");
    };
    assert_eq!(frame.code, close_code::NORMAL);
    assert_eq!(
        soon(seen.recv()).await.unwrap(),
        Message::text("all asserted")
    );
}

/// What axum's socket has not: senders for other tasks, and sending without waiting. The errors hold
/// the message.
#[tokio::test]
async fn others_send_while_the_handler_receives() {
    let mut client = client_of(async |ws: WebSocketUpgrade| {
        ws.on_upgrade(async |mut socket| {
            let sender = socket.sender();
            let other = tokio::spawn(async move {
                sender.send("from elsewhere".into()).await.unwrap();
                sender.closed().await;
                sender.try_send("late".into()).unwrap_err()
            });
            socket.try_send("at once".into()).unwrap();
            let sent = socket.send_timeout("in time".into(), Duration::from_secs(1));
            sent.await.unwrap();
            assert!(WebSocket::buffered(&socket) > 0);
            socket.flush().await.unwrap();
            assert_eq!(WebSocket::buffered(&socket), 0);
            while socket.recv().await.is_some() {}
            let TrySendError::Closed(message) = other.await.unwrap() else {
                panic!("it is closed");
            };
            assert_eq!(message, Message::text("late"));
        })
    })
    .await;
    client.upgrade(&handshake()).await;
    client.expect(TEXT, "at once").await;
    client.expect(TEXT, "in time").await;
    client.expect(TEXT, "from elsewhere").await;
    client.close().await;
}

/// Errors are axum's, and hold ours.
#[tokio::test]
async fn errors_hold_ours() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let mut client = client_of(async move |ws: WebSocketUpgrade| {
        ws.on_upgrade(async move |mut socket| {
            let long = Message::Ping(vec![0; 126].into());
            sender.send(socket.send(long).await.unwrap_err()).unwrap();
            let close = CloseFrame {
                code: close_code::ABNORMAL,
                reason: "".into(),
            };
            let invalid = socket.send(Message::Close(Some(close))).await;
            sender.send(invalid.unwrap_err()).unwrap();
            sender
                .send(socket.recv().await.unwrap().unwrap_err())
                .unwrap();
            assert!(socket.recv().await.is_none());
            sender
                .send(socket.send("late".into()).await.unwrap_err())
                .unwrap();
        })
    })
    .await;
    client.upgrade(&handshake()).await;
    client.send(frame(TEXT, [0xff])).await;
    client.expect_close(1007).await;
    client.answer_close(1007).await;
    for expected in ["ControlTooLong", "InvalidClose", "Protocol", "Closed"] {
        let error: Error = soon(seen.recv()).await.unwrap();
        let error = error.into_inner();
        let inner = error.downcast_ref::<tower_websock::Error>().unwrap();
        assert!(format!("{inner:?}").starts_with(expected), "{inner:?}");
    }
}

/// 5.5: axum's frames are written out, and nobody cuts their reasons. The code arrives, whichever
/// way the frame is sent, and a reason that fits as it is.
#[tokio::test]
async fn close_with_a_reason_that_is_too_long_tells_its_code() {
    for way in 0..4 {
        for (reason, kept) in [("ß".repeat(100), 122), ("r".repeat(123), 123)] {
            let expected = close_body(4400, &reason[..kept]);
            let mut client = client_of(async move |ws: WebSocketUpgrade| {
                let close = CloseFrame {
                    code: 4400,
                    reason: reason.into(),
                };
                ws.on_upgrade(async move |mut socket| match way {
                    0 => socket.send(Message::Close(Some(close))).await,
                    1 => SinkExt::send(&mut socket, Message::Close(Some(close))).await,
                    2 => socket.close_with(close).await.map(drop),
                    _ => {
                        let mut inner = socket.into_inner();
                        inner.close(close).await.map(drop).map_err(Error::from)
                    }
                })
            })
            .await;
            client.upgrade(&handshake()).await;
            client.expect(CLOSE, expected).await;
            client.answer_close(4400).await;
        }
    }
}

/// See `into_inner`: a program can change to the socket of this crate, and back.
#[tokio::test]
async fn inner_socket_is_ours() {
    let mut client = client_of(async |ws: WebSocketUpgrade| {
        ws.protocols(["a"]).on_upgrade(async |socket| {
            let mut inner: tower_websock::WebSocket = socket.into_inner();
            assert_eq!(inner.subprotocol().unwrap().as_str(), "a");
            inner.send("inner".into()).await?;
            let mut socket = WebSocket::from(inner);
            assert_eq!(socket.protocol().unwrap(), "a");
            socket.send("outer".into()).await?;
            let closure = socket.into_inner().close(None).await?;
            assert!(closure.is_clean());
            Ok::<_, Error>(())
        })
    })
    .await;
    client.upgrade(&offering("a")).await;
    client.expect(TEXT, "inner").await;
    client.expect(TEXT, "outer").await;
    client.expect(CLOSE, "").await;
    client.send(frame(CLOSE, "")).await;
    client.expect_end().await;
}

/// What the socket of this crate has, that of axum's kind has, too.
#[tokio::test]
async fn socket_has_what_the_inner_socket_has() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let mut client = client_of(async move |ws: WebSocketUpgrade| {
        ws.protocols(["a"]).on_upgrade(async move |mut socket| {
            assert_eq!(socket.subprotocol(), socket.get_ref().subprotocol());
            assert_eq!(socket.subprotocol().unwrap().as_str(), "a");
            socket.send_uncompressed("as it is".into()).await?;
            WebSocket::feed(&mut socket, "fed".into()).await?;
            WebSocket::flush(&mut socket).await?;
            socket.get_mut().send("inner".into()).await?;
            assert!(socket.closure().is_none());
            let refused = socket.close_with(Some(CloseFrame::new(1005, ""))).await;
            assert!(refused.is_err());
            let frame = CloseFrame::new(4000, "done");
            let closure = socket.close_with(Some(frame)).await?;
            assert_eq!(socket.closure(), Some(closure.clone()));
            sender.send(closure).unwrap();
            Ok::<_, Error>(())
        })
    })
    .await;
    client.upgrade(&offering("a")).await;
    client.expect(TEXT, "as it is").await;
    client.expect(TEXT, "fed").await;
    client.expect(TEXT, "inner").await;
    client.expect(CLOSE, close_body(4000, "done")).await;
    client.answer_close(4000).await;
    assert!(soon(seen.recv()).await.unwrap().is_clean());
}

/// 7.4.1: the end of the handler is told, as it is by the layer.
#[tokio::test]
async fn end_of_the_handler_is_told_by_the_close_code() {
    for (ending, code) in [("returns", 1000), ("fails", 1011), ("panics", 1011)] {
        let mut client = client_of(async move |ws: WebSocketUpgrade| {
            ws.on_upgrade(async move |_socket| match ending {
                "returns" => Ok(()),
                "fails" => Err("no"),
                _ => panic!("for the test"),
            })
        })
        .await;
        client.upgrade(&handshake()).await;
        client.expect(CLOSE, close_body(code, "")).await;
        client.answer_close(code).await;
    }
}
