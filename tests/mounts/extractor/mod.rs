//! Programs written for `axum::extract::ws` 0.8, with one `use` line changed.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt::Debug,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Error, Router,
    body::{Body, Bytes},
    extract::{FromRequestParts, Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures_util::{
    sink::{Sink, SinkExt},
    stream::{self, FusedStream, SplitSink, SplitStream, Stream, StreamExt},
};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{broadcast, mpsc},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

// The line to change.
use tower_websock::axum::{
    CloseCode, CloseFrame, DefaultOnFailedUpgrade, Message, OnFailedUpgrade, Utf8Bytes, WebSocket,
    WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection,
};
use tower_websock::{Config, OriginPolicy, ProvidedIo, Rejection, UpgradeError};

use crate::support::raw::{
    BINARY, CLOSE, Client, KEY, PING, PONG, RawRequest, TEXT, close_body, frame, soon,
};

/// Serves `router` until the test ends.
async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    address
}

async fn connect(address: SocketAddr) -> Client<TcpStream> {
    Client::new(TcpStream::connect(address).await.unwrap())
}

/// A client of the endpoint `/ws` of a router of its own.
async fn client_of<H, T>(handler: H) -> Client<TcpStream>
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    let address = serve(Router::new().route("/ws", any(handler))).await;
    connect(address).await
}

fn handshake() -> RawRequest {
    RawRequest::handshake()
}

fn offering(protocols: &str) -> RawRequest {
    handshake().with("Sec-WebSocket-Protocol", protocols)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        match message {
            Message::Text(_) | Message::Binary(_) => {
                if socket.send(message).await.is_err() {
                    break;
                }
            }
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
        }
    }
}

/// The integration test of axum 0.8 for its own extractor.
#[tokio::test]
async fn echo_app_of_axum_works() {
    async fn handle_socket(socket: WebSocket) {
        assert_eq!(socket.protocol().unwrap(), "echo");
        echo(socket).await;
    }
    let mut client = client_of(|ws: WebSocketUpgrade| {
        let ws = ws.protocols(["echo2", "echo"]);
        assert_eq!(ws.selected_protocol().unwrap(), "echo");
        std::future::ready(ws.on_upgrade(handle_socket))
    })
    .await;
    let response = client.upgrade(&offering("echo3, echo")).await;
    assert_eq!(response.headers()["sec-websocket-protocol"], "echo");
    client.send(frame(TEXT, "foobar")).await;
    client.expect(TEXT, "foobar").await;
    client.send(frame(BINARY, [0, 255])).await;
    client.expect(BINARY, [0, 255]).await;
    client.send(frame(PING, "ping")).await;
    client.expect(PONG, "ping").await;
    client.close().await;
}

/// A chat, with state, other extractors, and a task for each direction.
#[tokio::test]
async fn chat_app_works() {
    #[derive(Clone)]
    struct Chat {
        room: broadcast::Sender<Utf8Bytes>,
        topics: Arc<Mutex<HashMap<String, usize>>>,
    }

    async fn upgrade(
        ws: WebSocketUpgrade,
        Path(name): Path<String>,
        State(chat): State<Chat>,
        headers: HeaderMap,
    ) -> impl IntoResponse {
        assert_eq!(headers["cookie"], "a=b");
        *chat.topics.lock().unwrap().entry(name.clone()).or_default() += 1;
        ws.on_upgrade(move |socket| handle_socket(socket, name, chat))
    }

    async fn handle_socket(socket: WebSocket, name: String, chat: Chat) {
        let (sender, receiver) = socket.split();
        let room = chat.room.subscribe();
        let mut write_task = tokio::spawn(write(sender, room));
        let mut read_task = tokio::spawn(read(receiver, name, chat.room));
        tokio::select! {
            _ = &mut write_task => read_task.abort(),
            _ = &mut read_task => write_task.abort(),
        }
    }

    async fn write(
        mut sender: SplitSink<WebSocket, Message>,
        mut room: broadcast::Receiver<Utf8Bytes>,
    ) {
        sender.send(Message::Text("welcome".into())).await.unwrap();
        while let Ok(text) = room.recv().await {
            if sender.send(Message::Text(text)).await.is_err() {
                break;
            }
        }
    }

    async fn read(
        mut receiver: SplitStream<WebSocket>,
        name: String,
        room: broadcast::Sender<Utf8Bytes>,
    ) {
        while let Some(Ok(Message::Text(text))) = receiver.next().await {
            room.send(format!("{name}: {text}").into()).unwrap();
        }
    }

    let chat = Chat {
        room: broadcast::channel(16).0,
        topics: Arc::default(),
    };
    let router = Router::new()
        .nest("/chat", Router::new().route("/{name}", any(upgrade)))
        .with_state(chat.clone());
    let address = serve(router).await;
    let mut clients = Vec::new();
    for name in ["ann", "bob"] {
        let mut client = connect(address).await;
        let line = format!("GET /chat/{name}?a=b HTTP/1.1");
        let request = handshake().with_line(&line).with("Cookie", "a=b");
        client.upgrade(&request).await;
        client.expect(TEXT, "welcome").await;
        clients.push(client);
    }
    for (writer, line) in [(0, "ann: hi"), (1, "bob: hi")] {
        clients[writer].send(frame(TEXT, "hi")).await;
        for client in &mut clients {
            client.expect(TEXT, line).await;
        }
    }
    for client in clients {
        client.close().await;
    }
    assert_eq!(chat.topics.lock().unwrap().len(), 2);
}

/// 4.2.2 item 5.5: every way to select a subprotocol, and what is selected.
#[tokio::test]
async fn subprotocol_is_selected_as_in_axum() {
    type Select = fn(WebSocketUpgrade) -> WebSocketUpgrade;
    let rows: [(Select, Option<&str>); 9] = [
        (|ws| ws, None),
        (|ws| ws.protocols(["x", "y"]), None),
        (|ws| ws.protocols(["x", "b", "a"]), Some("b")),
        (|ws| ws.protocols(vec![String::from("c")]), Some("c")),
        (
            |ws| ws.protocols([Cow::Borrowed("a"), Cow::Owned("b".into())]),
            Some("a"),
        ),
        (|ws| ws.protocols([""; 0]), None),
        // The last call counts.
        (|ws| ws.protocols(["a"]).protocols(["x"]), None),
        (
            |mut ws| {
                ws.set_selected_protocol(HeaderValue::from_static("c"));
                ws
            },
            Some("c"),
        ),
        (
            |mut ws| {
                let last = ws.requested_protocols().last().unwrap().clone();
                ws.set_selected_protocol(last);
                ws
            },
            Some("b"),
        ),
    ];
    for (select, expected) in rows {
        let (sender, mut seen) = mpsc::unbounded_channel();
        let mut client = client_of(async move |ws: WebSocketUpgrade| {
            assert_eq!(ws.selected_protocol(), None);
            let requested: Vec<&HeaderValue> = ws.requested_protocols().collect();
            assert_eq!(requested, ["a", "c", "b"]);
            let ws = select(ws);
            let selected = ws.selected_protocol().cloned();
            ws.on_upgrade(async move |socket| {
                assert_eq!(socket.protocol(), selected.as_ref());
                sender.send(selected).unwrap();
            })
        })
        .await;
        let response = client
            .upgrade(&offering("a, c").with("Sec-WebSocket-Protocol", "b"))
            .await;
        let expected = expected.map(HeaderValue::from_static);
        let answered = response.headers().get("sec-websocket-protocol");
        assert_eq!(answered, expected.as_ref());
        assert_eq!(soon(seen.recv()).await.unwrap(), expected);
        client.expect(CLOSE, close_body(1000, "")).await;
        client.answer_close(1000).await;
    }
}

/// 4.2.2 item 5.5: what was not offered is not answered, whatever the program selects.
#[tokio::test]
async fn selected_protocol_that_was_not_offered_is_answered_with_500() {
    for selected in ["x", "A", "", "a b", "a, b", "\"a\""] {
        let mut client = client_of(async move |mut ws: WebSocketUpgrade| {
            let selected = HeaderValue::from_static(selected);
            ws.set_selected_protocol(selected.clone());
            assert_eq!(ws.selected_protocol(), Some(&selected));
            ws.on_upgrade(unused)
        })
        .await;
        client.send(offering("a, b").bytes()).await;
        let response = client.response().await;
        assert_eq!(response.status(), 500);
        let sentence = format!("{}\n", Rejection::SubprotocolNotOffered);
        assert_eq!(response.body(), sentence.as_bytes());
        assert!(!response.headers().contains_key("sec-websocket-protocol"));
    }
}

async fn unused(_socket: WebSocket) {
    panic!("the handler was called");
}

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

// Streams and sinks.

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

/// A handler fits whichever way the handshake is accepted, also one that loops for ever.
#[tokio::test]
async fn one_handler_fits_every_way_to_accept() {
    async fn handler(mut socket: WebSocket) {
        loop {
            match socket.recv().await {
                Some(Ok(message)) => drop(socket.send(message).await),
                _ => std::future::pending().await,
            }
        }
    }
    async fn for_ever(mut socket: WebSocket) -> Result<(), Error> {
        loop {
            let message = socket
                .recv()
                .await
                .unwrap_or_else(|| Ok(Message::text("")))?;
            socket.send(message).await?;
        }
    }

    let routes = Router::new()
        .route(
            "/a",
            any(async |ws: WebSocketUpgrade| ws.on_upgrade(handler)),
        )
        .route(
            "/b",
            any(async |ws: WebSocketUpgrade| {
                let (response, accepting) = ws.accept()?;
                tokio::spawn(accepting.supervise(handler));
                Ok::<_, Rejection>(response)
            }),
        )
        .route(
            "/c",
            any(async |ws: WebSocketUpgrade| {
                let (response, accepting) = ws.accept()?;
                tokio::spawn(async { for_ever(accepting.socket().await.unwrap()).await });
                Ok::<_, Rejection>(response)
            }),
        )
        .route(
            "/d",
            any(async |ws: WebSocketUpgrade| {
                ws.on_upgrade(|mut socket| async move {
                    loop {
                        if let Some(Ok(message)) = socket.recv().await {
                            let _ = socket.send(message).await;
                        }
                    }
                })
            }),
        );
    let address = serve(routes).await;
    for path in ["/a", "/b", "/c", "/d"] {
        let mut client = connect(address).await;
        let request = handshake().with_line(&format!("GET {path} HTTP/1.1"));
        client.upgrade(&request).await;
        client.send(frame(TEXT, path)).await;
        client.expect(TEXT, path).await;
    }
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

/// With the prelude, a glob hides no crate.
#[test]
fn prelude_does_not_hide_axum() {
    mod program {
        use axum::Router;
        use tower_websock::prelude::*;

        pub(super) fn app() -> Router {
            let service = WebSocketService::new(async |_socket: WebSocket| {});
            Router::new().route_service("/ws", service)
        }
    }
    assert!(program::app().has_routes());
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

// Values.

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

// Requests that are refused, and upgrades that do not happen.

/// 4.2.1: the extractor's rejection is a response, and a value that a program can handle.
#[tokio::test]
async fn rejection_is_handled_as_in_axum() {
    async fn upgrade(ws: Result<WebSocketUpgrade, WebSocketUpgradeRejection>) -> Response {
        match ws {
            Ok(ws) => ws.on_upgrade(echo),
            Err(rejection) if rejection.status() == StatusCode::METHOD_NOT_ALLOWED => {
                (StatusCode::IM_A_TEAPOT, rejection.to_string()).into_response()
            }
            Err(rejection) => rejection.into_response(),
        }
    }
    async fn log(
        State(log): State<mpsc::UnboundedSender<(StatusCode, Option<Rejection>)>>,
        request: Request,
        next: Next,
    ) -> Response {
        let response = next.run(request).await;
        let rejection = response.extensions().get().copied();
        log.send((response.status(), rejection)).unwrap();
        response
    }
    let (sender, mut seen) = mpsc::unbounded_channel();
    let router = Router::new()
        .route("/ws", any(upgrade))
        .layer(middleware::from_fn_with_state(sender, log))
        .route(
            "/get",
            get(async |ws: WebSocketUpgrade| ws.on_upgrade(echo)),
        );
    let address = serve(router).await;
    let mut client = connect(address).await;

    let wrong = handshake().set("Sec-WebSocket-Version", "12");
    client.send(wrong.bytes()).await;
    let response = client.response().await;
    assert_eq!(response.status(), 426);
    assert_eq!(response.headers()["sec-websocket-version"], "13");
    assert_eq!(
        response.body(),
        format!("{}\n", Rejection::Version).as_bytes()
    );
    let logged = soon(seen.recv()).await.unwrap();
    assert_eq!(
        logged,
        (StatusCode::UPGRADE_REQUIRED, Some(Rejection::Version))
    );

    client
        .send(handshake().with_line("POST /ws HTTP/1.1").bytes())
        .await;
    let response = client.response().await;
    assert_eq!(response.status(), 418);
    assert_eq!(response.body(), Rejection::Method.to_string().as_bytes());
    assert_eq!(
        soon(seen.recv()).await.unwrap(),
        (StatusCode::IM_A_TEAPOT, None)
    );

    client
        .send(
            RawRequest::line("GET /get HTTP/1.1")
                .with("Host", "x")
                .bytes(),
        )
        .await;
    let response = client.response().await;
    assert_eq!(response.status(), 426);
    assert_eq!(response.headers()["upgrade"], "websocket");

    client
        .upgrade(&handshake().with_line("GET /get HTTP/1.1"))
        .await;
    client.close().await;
}

/// 4.2.2 item 2: pages of other hosts connect only where the program says so.
#[tokio::test]
async fn origin_is_checked_unless_the_program_allows_it() {
    let open = async |ws: WebSocketUpgrade| ws.origin(OriginPolicy::any()).on_upgrade(echo);
    let closed = async |ws: WebSocketUpgrade| ws.on_upgrade(echo);
    let address = serve(
        Router::new()
            .route("/open", any(open))
            .route("/ws", any(closed)),
    )
    .await;
    let foreign = handshake().with("Origin", "https://other.example");
    let mut client = connect(address).await;
    client.send(foreign.bytes()).await;
    assert_eq!(client.response().await.status(), 403);
    client
        .upgrade(&foreign.with_line("GET /open HTTP/1.1"))
        .await;
    client.close().await;
}

/// A handshake whose connection another request has used already.
async fn unconnected() -> Request {
    let (_client, server) = tokio::io::duplex(64);
    let io = ProvidedIo::new(server);
    let request = || {
        Request::get("/")
            .header("host", "localhost")
            .header("upgrade", "websocket")
            .header("connection", "upgrade")
            .header("sec-websocket-key", KEY)
            .header("sec-websocket-version", "13")
            .extension(io.clone())
            .body(Body::empty())
            .unwrap()
    };
    let mut parts = request().into_parts().0;
    let upgrade = tower_websock::WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let (_response, accepting) = upgrade.accept::<Body>().unwrap();
    drop(accepting.socket().await.unwrap());
    request()
}

/// A callback that is a value of its own type.
struct Report(mpsc::UnboundedSender<Error>);

impl OnFailedUpgrade for Report {
    fn call(self, error: Error) {
        self.0.send(error).unwrap();
    }
}

/// See `on_failed_upgrade`: a closure, or any other callback, learns of it; by default nobody.
#[tokio::test]
async fn failed_upgrade_is_told_to_the_callback() {
    fn with_default(ws: WebSocketUpgrade<DefaultOnFailedUpgrade>) -> Response {
        ws.on_upgrade(unused)
    }
    fn with<C: OnFailedUpgrade>(ws: WebSocketUpgrade<C>) -> Response {
        assert!(format!("{ws:?}").starts_with("WebSocketUpgrade"));
        ws.on_upgrade(unused)
    }
    let (sender, mut seen) = mpsc::unbounded_channel();
    let closure = sender.clone();
    let router = Router::new()
        .route("/default", any(async |ws| with_default(ws)))
        .route(
            "/closure",
            any(async |ws: WebSocketUpgrade| {
                with(ws.on_failed_upgrade(move |error: Error| closure.send(error).unwrap()))
            }),
        )
        .route(
            "/value",
            any(async |ws: WebSocketUpgrade| {
                // What was set before is kept, and the last callback counts.
                let ws = ws
                    .protocols(["a"])
                    .on_failed_upgrade(|_| panic!("replaced"));
                with(ws.on_failed_upgrade(Report(sender)))
            }),
        );
    for (path, is_told) in [("/default", false), ("/closure", true), ("/value", true)] {
        let mut request = unconnected().await;
        *request.uri_mut() = path.parse().unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        if is_told {
            let error = soon(seen.recv()).await.unwrap().into_inner();
            let error = error.downcast_ref::<UpgradeError>().unwrap();
            assert!(matches!(error, UpgradeError::IoTaken), "{error:?}");
        }
    }
    // All senders are gone: no other call was made, or will be.
    drop(router);
    assert!(soon(seen.recv()).await.is_none());
}

/// See `on_failed_upgrade`: what was set before is kept, and more can be set behind it.
#[tokio::test]
async fn callback_leaves_the_other_settings_alone() {
    let mut client = client_of(async |ws: WebSocketUpgrade| {
        ws.protocols(["a"])
            .max_frame_size(4)
            .origin(OriginPolicy::any())
            .on_failed_upgrade(|_error| {})
            .max_message_size(6)
            .on_upgrade(echo)
    })
    .await;
    let request = offering("a").with("Origin", "https://other.example");
    let response = client.upgrade(&request).await;
    assert_eq!(response.headers()["sec-websocket-protocol"], "a");
    client
        .send([frame(0x01, "four"), frame(0x80, "??")].concat())
        .await;
    client.expect(TEXT, "four??").await;
    client.send(frame(TEXT, "fiver")).await;
    client.expect_close(1009).await;
    client.answer_close(1009).await;
}

/// The extractor is generic over the state, as programs of axum rely on.
#[tokio::test]
async fn extractor_needs_no_state() {
    #[derive(Clone)]
    struct Any;
    let (mut parts, _body) = unconnected().await.into_parts();
    let extracted = WebSocketUpgrade::from_request_parts(&mut parts, &Any).await;
    assert!(extracted.is_ok());
    let again = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    assert_eq!(again.unwrap_err(), Rejection::NotUpgradable);
}

/// Whoever waits for the tasks of accepted connections waits until all that was sent has
/// arrived, and the closing handshake is done.
#[tokio::test]
async fn tasks_of_accepted_connections_are_waited_for() {
    const REPLIES: usize = 600;
    const REPLY: &[u8] = &[7; 16_000];
    async fn upgrade(
        upgrade: WebSocketUpgrade,
        State((tasks, stop)): State<(TaskTracker, CancellationToken)>,
    ) -> Response {
        let (response, accepting) = match upgrade.accept() {
            Ok(accepted) => accepted,
            Err(rejection) => return rejection.into_response(),
        };
        tasks.spawn(accepting.supervise(|mut socket| async move {
            stop.cancelled().await;
            for _ in 0..REPLIES {
                socket.send(Message::binary(REPLY)).await?;
            }
            let away = CloseFrame::new(close_code::AWAY, "");
            socket.send(Message::Close(Some(away))).await
        }));
        response
    }

    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let router = Router::new()
        .route("/ws", any(upgrade))
        .with_state((tasks.clone(), stop.clone()));
    let mut client = connect(serve(router).await).await;
    client.upgrade(&handshake()).await;
    stop.cancel();
    tasks.close();
    let waiting = tokio::time::timeout(Duration::from_millis(100), tasks.wait()).await;
    assert!(waiting.is_err(), "the client has not read anything");
    for _ in 0..REPLIES {
        client.expect(BINARY, REPLY).await;
    }
    client.expect_close(close_code::AWAY).await;
    client.answer_close(close_code::AWAY).await;
    soon(tasks.wait()).await;
}

/// A subprotocol that was not offered is refused by either way to accept.
#[tokio::test]
async fn accept_refuses_what_was_not_offered() {
    async fn upgrade(mut upgrade: WebSocketUpgrade) -> Response {
        upgrade.set_selected_protocol(HeaderValue::from_static("chat"));
        match upgrade.accept() {
            Ok((response, _accepting)) => response,
            Err(rejection) => rejection.into_response(),
        }
    }
    let mut client = client_of(upgrade).await;
    client.send(offering("other").bytes()).await;
    let response = client.response().await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
