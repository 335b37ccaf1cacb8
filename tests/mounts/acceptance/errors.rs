//! What those who accept learn, on hyper and in memory.

use axum::body::Body;
use http::{Request, Response, StatusCode};
use tokio::io::duplex;
use tokio::time::{Duration, Instant, sleep};
use tower::ServiceBuilder;
use tower_websock::{
    Message, ProvidedIo, ResponseBody, UpgradeError, WebSocket, WebSocketService, WebSocketUpgrade,
    client::Builder,
};

use crate::support::raw::{Client, KEY, RawRequest, soon};

use super::{App, Started, serve_http1};

/// See `UpgradeError`: at once, and not after the timeout; and `assume_sent`.
#[tokio::test(start_paused = true)]
async fn who_accepts_learns_that_it_was_not_sent() {
    type Answer = fn(Response<ResponseBody>) -> Response<Body>;
    let rows: [(&str, Answer, bool, bool); 4] = [
        ("as it is", |response| response.map(Body::new), false, true),
        ("dropped", |_| Response::new(Body::empty()), false, false),
        ("another body", |r| r.map(|_| Body::empty()), false, false),
        ("another body", |r| r.map(|_| Body::empty()), true, true),
    ];
    for (name, answer, is_assumed, is_upgraded) in rows {
        let (sender, mut reports) = tokio::sync::mpsc::unbounded_channel();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (mut parts, _body) = request.into_parts();
            let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
            let (response, mut accepting) = upgrade.accept().unwrap();
            if is_assumed {
                accepting = accepting.assume_sent();
            }
            let sender = sender.clone();
            tokio::spawn(async move {
                sender.send(accepting.socket().await.map(drop)).unwrap();
            });
            std::future::ready(Ok(answer(response)))
        });
        let start = Instant::now();
        let app = App::new(service);
        let mut client = Client::new(serve_http1(app, true));
        client.send(RawRequest::handshake().bytes()).await;
        let report = soon(reports.recv()).await.unwrap();
        match report {
            Ok(()) => assert!(is_upgraded, "{name}"),
            Err(UpgradeError::NotSent) => assert!(!is_upgraded, "{name}"),
            Err(error) => panic!("{name}: {error:?}"),
        }
        assert!(start.elapsed() < Duration::from_secs(1), "{name}");
    }
}

/// See `ProvidedIo::held`: the handler waits for the release, and is told if there is none.
#[tokio::test(start_paused = true)]
async fn held_io_is_given_when_it_is_released() {
    for is_released in [true, false] {
        let (_client, server) = duplex(64);
        let (io, release) = ProvidedIo::held(server);
        let (mut parts, ()) = handshake().into_parts();
        parts.extensions.insert(io);
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let (_response, accepting) = upgrade.accept::<()>().unwrap();
        let task = tokio::spawn(accepting.socket());
        sleep(Duration::from_secs(9)).await;
        assert!(!task.is_finished());
        if is_released {
            release.release();
        } else {
            drop(release);
        }
        match task.await.unwrap() {
            Ok(_socket) => assert!(is_released),
            Err(UpgradeError::NotSent) => assert!(!is_released),
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn handshake() -> Request<()> {
    let request = Request::get("/ws")
        .header("host", "localhost")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", KEY);
    request.body(()).unwrap()
}

/// See `Builder::connect_service`: in memory as behind a server.
#[tokio::test(start_paused = true)]
async fn service_in_memory_starts_no_handler_behind_another_answer() {
    let started = Started::default();
    let ours = started.clone();
    let handler = move |socket: WebSocket| ours.clone().handle(socket);
    let mut accepting = WebSocketService::new(handler);
    let refusing = ServiceBuilder::new()
        .map_response(|mut response: Response<_>| {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            response
        })
        .service(accepting.clone());
    let builder = Builder::new();
    let refused = builder.connect_service("ws://localhost/ws", refusing).await;
    assert_eq!(
        refused.unwrap_err().status(),
        Some(StatusCode::UNAUTHORIZED)
    );
    assert_eq!(started.count().await, 0);
    let mut socket = builder
        .connect_service("ws://localhost/ws", &mut accepting)
        .await
        .unwrap();
    assert_eq!(
        socket.recv().await.unwrap().unwrap(),
        Message::text("ghost")
    );
    assert_eq!(started.count().await, 1);
}
