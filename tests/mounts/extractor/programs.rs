//! Programs as they are written for axum.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Error, Router,
    extract::{FromRequestParts, Path, State},
    response::{IntoResponse, Response},
    routing::any,
};
use futures_util::{
    sink::SinkExt,
    stream::{SplitSink, SplitStream, StreamExt},
};
use http::{HeaderMap, HeaderValue};
use tokio::sync::{broadcast, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

// The line to change.
use tower_websock::Rejection;
use tower_websock::axum::{
    CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code,
};

use crate::support::raw::{BINARY, CLOSE, PING, PONG, TEXT, close_body, frame, soon};

use super::{client_of, connect, echo, handshake, offering, serve, unconnected, unused};

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
