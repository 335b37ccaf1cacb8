//! A handler starts if, and only if, the response that accepts was sent.
//!
//! `cargo test --all-features --test mounts acceptance -- --nocapture` prints the table of who answers in our place.

mod errors;
mod layers;
mod mounts;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    time::{sleep, timeout},
};
use tower::{ServiceExt, util::BoxCloneSyncService};
use tower_websock::{Message, WebSocket, client::Builder};

use self::{
    layers::{ANSWERS, HARMLESS, HTTP1_ANSWERS, HTTP2_ANSWERS, LIMITS, UNSENDABLE},
    mounts::MOUNTS,
};

use crate::support::raw::{Client, RawRequest, TEXT, frame, soon};

type App = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Handlers that were started.
#[derive(Clone, Default)]
struct Started(Arc<AtomicUsize>);

impl Started {
    /// The handler of all mounts: it says that it runs, and echoes.
    async fn handle(self, mut socket: WebSocket) {
        self.0.fetch_add(1, Relaxed);
        let _ = socket.send("ghost".into()).await;
        while let Some(Ok(message)) = socket.recv().await {
            if message.is_data() && socket.send(message).await.is_err() {
                break;
            }
        }
    }

    /// After all that may still come.
    async fn count(&self) -> usize {
        sleep(Duration::from_secs(60)).await;
        self.0.load(Relaxed)
    }
}

/// How a connection of HTTP/1.1 goes on after the request.
#[derive(Clone, Copy, Debug)]
enum Ends {
    ClientLeaves,
    NoKeepAlive,
    CloseWithFrame,
    LaterRequest,
}

const ENDS: [Ends; 4] = [
    Ends::ClientLeaves,
    Ends::NoKeepAlive,
    Ends::CloseWithFrame,
    Ends::LaterRequest,
];

/// The frame of a client that sends "hi" before it is answered.
const EARLY: [u8; 8] = [0x81, 0x82, 1, 2, 3, 4, 0x69, 0x6b];

fn on_hyper(
    app: App,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = Infallible,
    Future: Send,
> {
    TowerToHyperService::new(app.map_request(|request: Request<Incoming>| request.map(Body::new)))
}

fn serve_http1(app: App, keep_alive: bool) -> DuplexStream {
    let (client, server) = duplex(1 << 16);
    let connection = http1::Builder::new()
        .keep_alive(keep_alive)
        .serve_connection(TokioIo::new(server), on_hyper(app));
    tokio::spawn(connection.with_upgrades());
    client
}

/// Sends a handshake to `app`; what it sent back to the end of the connection.
async fn ask_http1(app: App, ends: Ends) -> Vec<u8> {
    let mut io = serve_http1(app, !matches!(ends, Ends::NoKeepAlive));
    let mut request = RawRequest::handshake();
    if let Ends::CloseWithFrame = ends {
        request = request.set("Connection", "close, Upgrade").with_body(EARLY);
    }
    let mut client = Client::new(&mut io);
    client.send(request.bytes()).await;
    if let Ends::LaterRequest = ends {
        let later = RawRequest::line("GET / HTTP/1.1")
            .with("Host", "localhost")
            .with("Connection", "close");
        client.send(later.bytes()).await;
    }
    let mut answer = Vec::new();
    if let Ends::ClientLeaves = ends {
        let _ = timeout(Duration::from_secs(1), io.read_buf(&mut answer)).await;
    } else {
        // A connection that stays open is left.
        let _ = timeout(Duration::from_secs(20), io.read_to_end(&mut answer)).await;
    }
    answer
}

/// No handler for a client that was answered something else, however the connection ends.
#[tokio::test(start_paused = true)]
async fn no_handler_starts_unless_the_acceptance_was_sent() {
    let mut rows = 0;
    for (answer, wrap) in ANSWERS.iter().chain(HTTP1_ANSWERS) {
        for (mount, make) in MOUNTS {
            let mut counts = Vec::new();
            for ends in ENDS {
                let started = Started::default();
                let app = wrap(make(started.clone()));
                let answered = ask_http1(app, ends).await;
                let row = format!("{answer}, {mount}, {ends:?}");
                let shown = answered.escape_ascii();
                assert!(answered.starts_with(b"HTTP/1.1 "), "{row}: {shown}");
                let ghost = answered.windows(5).any(|bytes| bytes == b"ghost");
                assert!(!ghost, "{row}: {shown}");
                counts.push(started.count().await);
                assert_eq!(counts.last(), Some(&0), "{row}: {shown}");
                rows += 1;
            }
            println!("HTTP/1.1 | {answer:42} | {mount:28} | handlers {counts:?}");
        }
    }
    assert_eq!(
        rows,
        (ANSWERS.len() + HTTP1_ANSWERS.len()) * MOUNTS.len() * ENDS.len()
    );
}

/// Nor for one that hyper did not answer at all.
#[tokio::test(start_paused = true)]
async fn no_handler_starts_if_hyper_refuses_to_send_the_response() {
    for (answer, wrap) in UNSENDABLE {
        for (mount, make) in MOUNTS {
            for ends in ENDS {
                let started = Started::default();
                let answered = ask_http1(wrap(make(started.clone())), ends).await;
                let shown = answered.escape_ascii();
                assert!(answered.is_empty(), "{answer}, {mount}, {ends:?}: {shown}");
                let count = started.count().await;
                assert_eq!(count, 0, "{answer}, {mount}, {ends:?}: {shown}");
            }
        }
    }
}

/// RFC 8441, section 5: a stream belongs to the handler whose 2xx was sent.
#[tokio::test(start_paused = true)]
async fn no_handler_starts_on_a_stream_that_another_response_accepts() {
    for (answer, wrap) in HTTP2_ANSWERS.iter().chain(ANSWERS) {
        for (mount, make) in MOUNTS {
            let started = Started::default();
            let answered = ask_http2(wrap(make(started.clone()))).await;
            let count = started.count().await;
            println!("HTTP/2   | {answer:42} | {mount:28} | handlers [{count}]");
            assert_eq!(count, 0, "{answer}, {mount}: {answered:?}");
        }
    }
}

/// A server of HTTP/2, a handshake, and a client that leaves.
async fn ask_http2(app: App) -> Option<StatusCode> {
    let mut http = serve_http2(app).await;
    let (request, _pending) = Builder::new().http2_request("ws://localhost/ws").unwrap();
    let response = soon(http.send_request(request)).await.ok()?;
    let status = response.status();
    sleep(Duration::from_secs(1)).await;
    Some(status)
}

async fn serve_http2(app: App) -> hyper::client::conn::http2::SendRequest<Empty<Bytes>> {
    let (client, server) = duplex(1 << 16);
    tokio::spawn(async move {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http2().enable_connect_protocol();
        let service = on_hyper(app);
        let io = TokioIo::new(server);
        let _ = http.serve_connection_with_upgrades(io, service).await;
    });
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(client));
    let (http, mut connection) = handshake.await.unwrap();
    soon(tower_websock::client::extended_connect(&mut connection))
        .await
        .unwrap();
    tokio::spawn(connection);
    http
}

/// What layers may do to an acceptance: exactly one handler, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn acceptance_passes_layers_that_keep_it() {
    for (layer, wrap) in HARMLESS {
        for (mount, make) in MOUNTS {
            for early in [false, true] {
                let started = Started::default();
                let mut client = Client::new(serve_http1(wrap(make(started.clone())), true));
                let mut request = RawRequest::handshake()
                    .with("Accept-Encoding", "gzip, br")
                    .bytes();
                let message = frame(TEXT, "hi");
                if early {
                    request.extend(&message);
                }
                client.send(request).await;
                let response = client.head().await;
                assert_eq!(response.status(), 101, "{layer}, {mount}");
                assert!(!response.headers().contains_key("content-length"));
                assert!(!response.headers().contains_key("transfer-encoding"));
                if !early {
                    client.send(&message).await;
                }
                client.expect(TEXT, "ghost").await;
                client.expect(TEXT, "hi").await;
                client.close().await;
                assert_eq!(started.count().await, 1, "{layer}, {mount}");
            }
            let started = Started::default();
            expect_http2(wrap(make(started.clone()))).await;
            assert_eq!(started.count().await, 1, "HTTP/2, {layer}, {mount}");
            println!("control  | {layer:42} | {mount:28} | handlers [1, 1, 1]");
        }
    }
}

/// A response that leaves in many writes, and frames that came before it.
#[tokio::test(start_paused = true)]
async fn acceptance_that_leaves_slowly_is_sent() {
    for (mount, make) in MOUNTS {
        let started = Started::default();
        let (client, server) = duplex(16);
        let service = on_hyper(make(started.clone()));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
        tokio::spawn(connection.with_upgrades());
        let mut client = Client::new(client);
        client.send(RawRequest::handshake().bytes()).await;
        sleep(Duration::from_secs(5)).await;
        assert_eq!(client.head().await.status(), 101, "{mount}");
        client.send(EARLY).await;
        client.expect(TEXT, "ghost").await;
        client.expect(TEXT, "hi").await;
        assert_eq!(started.count().await, 1, "{mount}");
    }
}

/// Verdict, transport and handler may come on any thread and in any order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_acceptance_on_many_threads_starts_its_handler() {
    const ROUNDS: usize = 200;
    let started = Started::default();
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..ROUNDS {
        let (_, make) = MOUNTS[round % MOUNTS.len()];
        let app = make(started.clone());
        tasks.spawn(async move {
            if round % 4 == 3 {
                return expect_http2(app).await;
            }
            let mut client = Client::new(serve_http1(app, true));
            client.upgrade(&RawRequest::handshake()).await;
            client.send(EARLY).await;
            client.expect(TEXT, "ghost").await;
            client.expect(TEXT, "hi").await;
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert_eq!(started.0.load(Relaxed), ROUNDS);
}

async fn expect_http2(app: App) {
    let mut http = serve_http2(app).await;
    let (request, pending) = Builder::new().http2_request("ws://localhost/ws").unwrap();
    let response = soon(http.send_request(request)).await.unwrap();
    let mut socket = soon(pending.complete(response)).await.unwrap();
    for text in ["ghost", "hi"] {
        let message = soon(socket.recv()).await.unwrap().unwrap();
        assert_eq!(message, Message::text(text));
        let _ = socket.send("hi".into()).await;
    }
    drop(socket);
}

/// See `ResponseBody`: these changes look like an acceptance that was sent. If this fails, hyper
/// can tell them apart now, and so can we.
#[tokio::test(start_paused = true)]
async fn limits_of_the_proof_are_those_documented() {
    for (answer, wrap) in LIMITS {
        let started = Started::default();
        let (_, make) = MOUNTS[0];
        let answered = ask_http1(wrap(make(started.clone())), Ends::NoKeepAlive).await;
        assert!(!answered.starts_with(b"HTTP/1.1 101 "), "{answer}");
        assert_eq!(started.count().await, 1, "{answer}");
    }
}
