//! The opening handshake on the wire: hyper and axum before our service (RFC 6455, section 4.2).

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use http::{Request, Response, Version};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::{JoinHandle, yield_now},
    time::Instant,
};
use tower::{Layer, ServiceBuilder};
use tower_websock::{
    Config, Error, Handler, Rejection, ResponseBody, UpgradeError, WebSocket, WebSocketLayer,
    WebSocketUpgrade,
};

use crate::support::raw::{
    ACCEPT, BINARY, CLOSE, Client, KEY, PING, PONG, RawRequest, TEXT, close_body, frame, soon,
};

/// Where a handshake arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Front {
    /// hyper, and the layer around a service.
    Layer,
    /// `axum::serve`, and the service alone as a route.
    Route,
    /// `axum::serve`, and the extractor.
    #[cfg(feature = "axum")]
    Extractor,
}

const FRONTS: &[Front] = &[
    Front::Layer,
    Front::Route,
    #[cfg(feature = "axum")]
    Front::Extractor,
];

/// Echoes at `/ws`, and answers "plain" everywhere else.
struct Server {
    address: SocketAddr,
    /// How many handlers were called.
    calls: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Front {
    async fn start(self) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        let echo = move |socket| {
            counter.fetch_add(1, Ordering::Relaxed);
            echo(socket)
        };
        let task = match self {
            Front::Layer => tokio::spawn(serve_layer(listener, echo)),
            Front::Route => {
                let route = WebSocketLayer::new(echo).layer(tower_websock::NoInner);
                tokio::spawn(serve_router(
                    listener,
                    Router::new().route_service("/ws", route),
                ))
            }
            #[cfg(feature = "axum")]
            Front::Extractor => tokio::spawn(serve_router(listener, extractor::router(echo))),
        };
        Server {
            address,
            calls,
            task,
        }
    }
}

impl Server {
    async fn connect(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client::new(stream)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn echo(mut socket: WebSocket) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if message.is_data() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn plain<B>(_request: Request<B>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(String::from("plain")))
}

async fn serve_layer<Args: 'static>(listener: TcpListener, handler: impl Handler<Args> + Sync) {
    let service = ServiceBuilder::new()
        .layer(WebSocketLayer::new(handler).path("/ws"))
        .service(tower::service_fn(plain::<Incoming>));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service.clone());
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection.with_upgrades());
    }
}

async fn serve_router(listener: TcpListener, router: Router) {
    let router = router.fallback(async || "plain");
    axum::serve(listener, router).await.unwrap();
}

#[cfg(feature = "axum")]
mod extractor {
    use axum::{Router, routing::any};
    use tower_websock::{WebSocket, axum::WebSocketUpgrade};

    pub(super) fn router<F>(
        handler: impl Fn(WebSocket) -> F + Clone + Send + Sync + 'static,
    ) -> Router
    where
        F: Future<Output = Result<(), tower_websock::Error>> + Send + 'static,
    {
        let upgrade = async |upgrade: WebSocketUpgrade| {
            upgrade.on_upgrade(move |socket| handler(socket.into_inner()))
        };
        Router::new().route("/ws", any(upgrade))
    }
}

/// A request for "plain".
fn get_plain() -> RawRequest {
    RawRequest::line("GET /plain HTTP/1.1").with("Host", "localhost")
}

async fn expect_plain<T>(client: &mut Client<T>)
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let response = client.response().await;
    assert_eq!(response.status(), 200, "{response:?}");
    assert_eq!(response.body(), b"plain");
}

fn assert_rejected(response: &Response<Vec<u8>>, rejection: Rejection) {
    let body = String::from_utf8_lossy(response.body());
    assert_eq!(response.status(), rejection.status(), "{body}");
    assert_eq!(body, format!("{rejection}\n"));
    let headers = response.headers();
    assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
    let value = |name| headers.get(name).map(|value| value.to_str().unwrap());
    let needs_upgrade = response.status() == 426;
    assert_eq!(value("upgrade"), needs_upgrade.then_some("websocket"));
    if needs_upgrade {
        // hyper adds "keep-alive" in HTTP/1.0.
        let connection = value("connection").unwrap_or_default();
        assert!(connection.starts_with("Upgrade"), "{connection}");
    }
    let allow = (rejection == Rejection::Method).then_some("GET");
    assert_eq!(value("allow"), allow);
    let version = (rejection == Rejection::Version).then_some("13");
    assert_eq!(value("sec-websocket-version"), version);
}

/// 4.2.2 item 5: the bytes of the response; RFC 9110, section 8.6: without a length.
#[tokio::test]
async fn valid_handshake_is_answered_with_these_headers() {
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        let response = client.upgrade(&RawRequest::handshake()).await;
        let mut headers: Vec<_> = response
            .headers()
            .iter()
            .filter(|(name, _)| *name != "date")
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        headers.sort_unstable();
        let expected = [
            ("connection", "Upgrade"),
            ("sec-websocket-accept", ACCEPT),
            ("upgrade", "websocket"),
        ];
        assert_eq!(headers, expected, "{front:?}");
        client.send(frame(TEXT, "a")).await;
        client.expect(TEXT, "a").await;
        client.close().await;
        assert_eq!(server.calls(), 1);
    }
}

/// 4.2.1: a client may write its handshake like this, and the accept is of the key as sent.
#[tokio::test]
async fn handshake_in_another_spelling_is_accepted() {
    let spelled = RawRequest::line("GET /ws?a=b HTTP/1.1")
        .with("sec-websocket-VERSION", " \t13 ")
        .with("UPGRADE", "h2c")
        .with("upgrade", "WebSocket, foo/1")
        .with("connection", "keep-alive")
        .with("Connection", "UPGRADE, x")
        .with("sec-websocket-key", format!("  {}\t", KEY))
        .with("HOST", "localhost:80")
        .with("Origin", "http://LOCALHOST")
        .with("Sec-WebSocket-Protocol", "b")
        .with("Sec-WebSocket-Protocol", "a, c")
        .with("Sec-WebSocket-Extensions", "permessage-deflate; x=\"y\"")
        .with("Sec-WebSocket-Extensions", "z")
        .with("Cookie", b"\xe9=\xff")
        .with("X-Unknown", b"\xe9\xff");
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        let response = client.upgrade(&spelled).await;
        for absent in ["sec-websocket-extensions", "sec-websocket-protocol"] {
            assert!(!response.headers().contains_key(absent));
        }
        client.close().await;
    }
}

/// What is wrong with a handshake, and how it is refused.
fn refused() -> Vec<(RawRequest, Rejection)> {
    let valid = RawRequest::handshake();
    let set = |name, value: &[u8]| valid.clone().set(name, value);
    let twice = |name, value| valid.clone().with(name, value);
    let without = |name| valid.clone().without(name);
    let [host, upgrade, connection] = ["Host", "Upgrade", "Connection"];
    let [key, version] = ["Sec-WebSocket-Key", "Sec-WebSocket-Version"];
    let [protocol, extensions] = ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"];
    vec![
        (
            valid.clone().with_line("POST /ws HTTP/1.1"),
            Rejection::Method,
        ),
        (
            valid.clone().with_line("OPTIONS /ws HTTP/1.1"),
            Rejection::Method,
        ),
        (without(host), Rejection::HostMissing),
        (set(host, b""), Rejection::Host),
        (set(host, b"%2Ftmp%2Fx"), Rejection::Host),
        (twice(host, "localhost"), Rejection::HostRepeated),
        (twice(host, "other"), Rejection::HostRepeated),
        (without(upgrade), Rejection::Upgrade),
        (set(upgrade, b"websocketx"), Rejection::Upgrade),
        (set(upgrade, b"\xffwebsocket"), Rejection::Upgrade),
        (without(connection), Rejection::Connection),
        (set(connection, b"keep-alive"), Rejection::Connection),
        (set(connection, b"not-upgraded"), Rejection::Connection),
        (set(connection, b"upgrade\xff"), Rejection::Connection),
        (set(upgrade, b"websocket, a b"), Rejection::UpgradeMalformed),
        (
            set(connection, b"\xff, upgrade"),
            Rejection::ConnectionMalformed,
        ),
        (without(version), Rejection::Version),
        (set(version, b"0"), Rejection::Version),
        (set(version, b"7"), Rejection::Version),
        (set(version, b"8"), Rejection::Version),
        (set(version, b"013"), Rejection::Version),
        (set(version, b"13, 8"), Rejection::Version),
        (set(version, b"13\xff"), Rejection::Version),
        (twice(version, "13"), Rejection::Version),
        (without(key), Rejection::Key),
        (set(key, b""), Rejection::Key),
        (set(key, b"AAECAwQFBgcICQoLDA0O"), Rejection::Key),
        (set(key, b"AAECAwQFBgcICQoLDA0ODxA="), Rejection::Key),
        (set(key, b"dGhlIHNhbXBsZSBub25jZ\xff=="), Rejection::Key),
        (twice(key, KEY), Rejection::Key),
        (set(protocol, b""), Rejection::Subprotocols),
        (set(protocol, b"a, a"), Rejection::Subprotocols),
        (set(protocol, b"\xc3\xa9"), Rejection::Subprotocols),
        (set(protocol, b"a, \xff"), Rejection::Subprotocols),
        (set(extensions, b""), Rejection::Extensions),
        (set(extensions, b"a; b=\"c"), Rejection::Extensions),
        (set(extensions, b"a; b=\"\xff\""), Rejection::Extensions),
        (set("Origin", b"https://evil.com"), Rejection::Origin),
        (set("Origin", b"https://localhost.evil"), Rejection::Origin),
        (set("Origin", b"null"), Rejection::Origin),
        (set("Origin", b"https://localhost\xff"), Rejection::Origin),
        (
            set("Origin", b"http://localhost").with("Origin", "http://localhost"),
            Rejection::OriginRepeated,
        ),
    ]
}

/// 4.2.1, 4.2.2: the refusal is on the wire, and the next request of the connection is
/// answered as HTTP: nothing was parsed as a frame.
#[tokio::test]
async fn connection_of_a_refused_handshake_stays_http() {
    for front in FRONTS {
        let server = front.start().await;
        for (request, rejection) in refused() {
            let mut client = server.connect().await;
            let pipelined = [request.bytes(), get_plain().bytes()].concat();
            client.send(pipelined).await;
            assert_rejected(&client.response().await, rejection);
            expect_plain(&mut client).await;
            // And so is one that comes later, and a handshake that is better made.
            client.send(get_plain().bytes()).await;
            expect_plain(&mut client).await;
            client.upgrade(&RawRequest::handshake()).await;
            client.close().await;
        }
        assert_eq!(server.calls(), refused().len());
    }
}

/// RFC 9112, section 3.2: hyper leaves `Host` to the application, so it is we who refuse.
#[tokio::test]
async fn host_is_judged_by_us_and_not_by_hyper() {
    let spoiled = |request: RawRequest| {
        [
            (request.clone().without("Host"), Rejection::HostMissing),
            (request.clone().set("Host", ""), Rejection::Host),
            (request.with("Host", "other"), Rejection::HostRepeated),
        ]
    };
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        for (request, _) in spoiled(get_plain()) {
            client.send(request.bytes()).await;
            expect_plain(&mut client).await;
        }
        for (request, rejection) in spoiled(RawRequest::handshake()) {
            client.send(request.bytes()).await;
            assert_rejected(&client.response().await, rejection);
        }
        assert_eq!(server.calls(), 0);
    }
}

/// RFC 9110, section 9.3.2: the refusal of a HEAD has no body.
#[tokio::test]
async fn refusal_of_a_head_request_has_no_body() {
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        let head = RawRequest::handshake().with_line("HEAD /ws HTTP/1.1");
        client
            .send([head.bytes(), get_plain().bytes()].concat())
            .await;
        let response = client.head().await;
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "GET");
        expect_plain(&mut client).await;
        assert_eq!(server.calls(), 0);
    }
}

/// H14: frames behind a refused handshake are garbage to HTTP, and nothing else.
#[tokio::test]
async fn frames_behind_a_refused_handshake_are_never_frames() {
    for front in FRONTS {
        let server = front.start().await;
        for (request, rejection) in refused() {
            let mut client = server.connect().await;
            let frames = [frame(TEXT, "smuggled"), frame(PING, "ping")].concat();
            client.send([request.bytes(), frames].concat()).await;
            assert_rejected(&client.response().await, rejection);
            expect_bad_request(&mut client).await;
        }
        assert_eq!(server.calls(), 0);
    }
}

/// H14: what is read together with the head, wherever it is cut, is the first frames.
#[tokio::test]
async fn frames_behind_the_head_are_the_first_frames() {
    let head = RawRequest::handshake().bytes();
    let frames = [
        frame(TEXT, "first"),
        frame(0x01, "frag"),
        frame(0x80, "ment"),
        frame(BINARY, [0, 255]),
    ]
    .concat();
    for front in FRONTS {
        let server = front.start().await;
        for cut in 0..=frames.len() {
            let mut client = server.connect().await;
            client.send([&head, &frames[..cut]].concat()).await;
            assert_eq!(client.response().await.status(), 101);
            client.send(&frames[cut..]).await;
            client.expect(TEXT, "first").await;
            client.expect(TEXT, "fragment").await;
            client.expect(BINARY, [0, 255]).await;
            client.close().await;
        }
        assert_eq!(server.calls(), frames.len() + 1);
    }
}

/// H14: even a whole session may be there before the response is.
#[tokio::test]
async fn whole_session_may_come_with_the_head() {
    let session = [
        RawRequest::handshake().bytes(),
        frame(PING, "p"),
        frame(CLOSE, close_body(3000, "bye")),
        frame(TEXT, "after the end"),
    ]
    .concat();
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        client.send(&session).await;
        assert_eq!(client.response().await.status(), 101);
        client.expect(PONG, "p").await;
        client.expect(CLOSE, close_body(3000, "")).await;
        client.expect_end().await;
    }
}

/// 5.2: behind an accepted handshake an HTTP request is no request, but a bad frame.
#[tokio::test]
async fn request_behind_an_accepted_handshake_is_a_bad_frame() {
    for front in FRONTS {
        let server = front.start().await;
        for request in [get_plain(), RawRequest::handshake()] {
            let mut client = server.connect().await;
            let pipelined = [RawRequest::handshake().bytes(), request.bytes()].concat();
            client.send(pipelined).await;
            assert_eq!(client.response().await.status(), 101);
            client.expect_close(1002).await;
            client.expect_end().await;
        }
        assert_eq!(server.calls(), 2);
    }
}

/// RFC 9110, section 7.8: `Upgrade` is ignored in HTTP/1.0; an endpoint without anything
/// else to say asks for HTTP/1.1.
#[tokio::test]
async fn upgrade_in_http_1_0_is_ignored() {
    for front in FRONTS {
        let server = front.start().await;
        let once = RawRequest::handshake().with_line("GET /ws HTTP/1.0");
        let kept = once.clone().set("Connection", "Upgrade, keep-alive");
        for (request, is_kept) in [(once, false), (kept, true)] {
            let mut client = server.connect().await;
            client
                .send([request.bytes(), get_plain().bytes()].concat())
                .await;
            let response = client.response().await;
            assert_eq!(response.version(), Version::HTTP_10);
            if matches!(front, Front::Layer) {
                assert_eq!(response.body(), b"plain");
            } else {
                assert_rejected(&response, Rejection::HttpVersion);
            }
            if is_kept {
                expect_plain(&mut client).await;
            } else {
                client.expect_end().await;
            }
        }
        assert_eq!(server.calls(), 0);
    }
}

/// H13, CVE-2026-69243: who has a body is refused, and the body is never taken for frames.
#[tokio::test]
async fn handshake_with_a_body_is_refused() {
    /// What becomes of the connection.
    enum After {
        Frames,
        Http,
        End,
    }

    let smuggled = frame(TEXT, "smuggled");
    let length = smuggled.len().to_string();
    let chunk = [
        format!("{:x}\r\n", smuggled.len()).as_bytes(),
        &smuggled,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    let valid = RawRequest::handshake();
    let sized = valid
        .clone()
        .with("Content-Length", &length)
        .with_body(&smuggled);
    let chunked = valid
        .clone()
        .with("Transfer-Encoding", "chunked")
        .with_body(&chunk);
    let empty = valid
        .clone()
        .with("Transfer-Encoding", "chunked")
        .with_body("0\r\n\r\n");
    let zero = valid.clone().with("Content-Length", "0");
    let both = |length: &str| chunked.clone().with("Content-Length", length);
    let rows = [
        (valid.clone(), After::Frames),
        (zero.clone(), After::Frames),
        (zero.with("Content-Length", "0"), After::Frames),
        (valid.clone().with("Content-Length", "00"), After::Frames),
        (sized.clone(), After::Http),
        (sized.with("Content-Length", length), After::Http),
        (chunked.clone(), After::Http),
        (empty, After::Http),
        // RFC 9112, section 6.1: after both, hyper trusts the connection no more.
        (both("0"), After::End),
        (both("5"), After::End),
    ];
    for front in FRONTS {
        let server = front.start().await;
        for (request, after) in &rows {
            let mut client = server.connect().await;
            if let After::Frames = after {
                // hyper reads no body, so what follows are the first frames.
                client
                    .send([request.bytes(), frame(TEXT, "first")].concat())
                    .await;
                assert_eq!(client.response().await.status(), 101);
                client.expect(TEXT, "first").await;
                client.close().await;
                continue;
            }
            client
                .send([request.bytes(), get_plain().bytes()].concat())
                .await;
            assert_rejected(&client.response().await, Rejection::Body);
            if let After::Http = after {
                expect_plain(&mut client).await;
            } else {
                client.expect_end().await;
            }
        }
        assert_eq!(server.calls(), 4);
    }
}

/// RFC 9112, section 6.3: what could be a body or none is refused by hyper, before us.
#[tokio::test]
async fn handshake_with_a_doubtful_body_never_reaches_us() {
    let valid = RawRequest::handshake();
    let length = |length: &str| valid.clone().with("Content-Length", length);
    let coding = |coding: &str| valid.clone().with("Transfer-Encoding", coding);
    let rows = [
        length("x"),
        length("-0"),
        length("0, 0"),
        length("0").with("Content-Length", "5"),
        coding("gzip"),
        coding("chunked, gzip"),
        coding("identity"),
    ];
    for front in FRONTS {
        let server = front.start().await;
        for request in &rows {
            let mut client = server.connect().await;
            client
                .send([request.bytes(), frame(TEXT, "smuggled")].concat())
                .await;
            expect_bad_request(&mut client).await;
        }
        assert_eq!(server.calls(), 0);
    }
}

/// RFC 9112, sections 2.2, 5.1: what is no HTTP is refused by hyper, before us.
#[tokio::test]
async fn malformed_head_never_reaches_us() {
    let valid = RawRequest::handshake();
    let rows = [
        valid.clone().with("X", "a\0b"),
        valid.clone().with("X", "a\rb"),
        valid.clone().with("X", "a\x7fb"),
        valid.clone().with("Bad Name", "x"),
        valid.clone().with("", "x"),
        valid.clone().with("X", "a\r\n folded"),
        valid.clone().with_line("GET /ws HTTP/1.2"),
        valid.clone().with_line("GET /ws HTTP/2.0"),
        valid.clone().with_line("GET /ws HTTP/0.9"),
        valid.clone().with_line("GET /ws"),
        valid.clone().with_line("GET /w s HTTP/1.1"),
    ];
    for front in FRONTS {
        let server = front.start().await;
        for request in &rows {
            let mut client = server.connect().await;
            client
                .send([request.bytes(), frame(TEXT, "smuggled")].concat())
                .await;
            expect_bad_request(&mut client).await;
        }
        assert_eq!(server.calls(), 0);
    }
}

/// What hyper says to a head that it does not understand.
async fn expect_bad_request(client: &mut Client<TcpStream>) {
    let response = client.response().await;
    assert_eq!(response.status(), 400, "{response:?}");
    assert_eq!(response.headers()["connection"], "close");
    assert!(response.body().is_empty());
    client.expect_end().await;
}

/// RFC 9110, section 10.1.1: without a body there is nothing to continue with; with one the
/// final status may come at once, and the body must not follow.
#[tokio::test]
async fn expectation_does_not_delay_the_answer() {
    let expecting = RawRequest::handshake().with("Expect", "100-continue");
    for front in FRONTS {
        let server = front.start().await;
        for request in [
            expecting.clone(),
            expecting.clone().with("Content-Length", "0"),
        ] {
            let mut client = server.connect().await;
            client.upgrade(&request).await;
            client.close().await;
        }
        for request in [
            expecting.clone().with("Content-Length", "5"),
            expecting.clone().with("Transfer-Encoding", "chunked"),
        ] {
            let mut client = server.connect().await;
            client.send(request.bytes()).await;
            assert_rejected(&client.response().await, Rejection::Body);
            client.expect_end().await;
        }
        assert_eq!(server.calls(), 2);
    }
}

/// RUSTSEC-2023-0065: a head of 64 KiB may come in pieces of any size.
#[tokio::test]
async fn large_head_in_small_pieces_is_accepted() {
    let mut request = RawRequest::handshake();
    for _ in 0..16 {
        request = request.with("X-Padding", "x".repeat(4083));
    }
    let head = request.bytes();
    assert!(head.len() > 64 << 10);
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        for piece in head.chunks(16) {
            client.send(piece).await;
            yield_now().await;
        }
        assert_eq!(client.response().await.status(), 101);
        client.close().await;
        assert_eq!(server.calls(), 1);
    }
}

/// CVE-2024-37890, CVE-2026-54465: a head with too many headers is refused as a whole, so
/// none that we need can be missing.
#[tokio::test]
async fn head_with_too_many_headers_is_refused() {
    // hyper's limit is 100; a handshake has five.
    for (more, status) in [(95, 101), (96, 431), (1000, 431)] {
        let mut request = RawRequest::line("GET /ws HTTP/1.1");
        for _ in 0..more {
            request = request.with("X", "");
        }
        let mut head = request.bytes();
        head.truncate(head.len() - 2);
        let valid = RawRequest::handshake().bytes();
        let line = valid.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        head.extend_from_slice(&valid[line..]);
        for front in FRONTS {
            let server = front.start().await;
            let mut client = server.connect().await;
            client.send(&head).await;
            assert_eq!(client.response().await.status(), status);
            assert_eq!(server.calls(), usize::from(status == 101));
        }
    }
}

/// CVE-2026-54465: a head without an end is cut off by hyper.
#[tokio::test(start_paused = true)]
async fn endless_head_is_refused() {
    let (client, server) = duplex(4096);
    let service = WebSocketLayer::new(echo).layer(tower::service_fn(plain::<Incoming>));
    let service = TowerToHyperService::new(service);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    let (mut from, mut to) = tokio::io::split(client);
    let head = RawRequest::handshake().bytes();
    let header = format!("X: {}\r\n", "x".repeat(8000));
    let write = async {
        let mut written = 0;
        let mut next = &head[..head.len() - 2];
        while to.write_all(next).await.is_ok() {
            written += next.len();
            next = header.as_bytes();
        }
        written
    };
    let read = async {
        let mut response = String::new();
        from.read_to_string(&mut response).await.unwrap();
        response
    };
    let (written, response, closed) = tokio::join!(write, read, connection.with_upgrades());
    assert!(response.starts_with("HTTP/1.1 431 "), "{response}");
    assert!(written < 1 << 20, "{written}");
    closed.unwrap_err();
}

/// CVE-2026-100658: requests that are no handshakes leave no trace.
#[tokio::test]
async fn handshake_may_follow_many_pipelined_requests() {
    const REQUESTS: usize = 2000;
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        let mut rest = REQUESTS;
        while rest > 0 {
            let batch = rest.min(100);
            client.send(get_plain().bytes().repeat(batch)).await;
            for _ in 0..batch {
                expect_plain(&mut client).await;
            }
            rest -= batch;
        }
        client.upgrade(&RawRequest::handshake()).await;
        client.close().await;
        assert_eq!(server.calls(), 1);
    }
}

/// 4.2.2: the server may send right after its response, and nothing before.
#[tokio::test]
async fn first_frame_follows_the_response() {
    let handler = async |mut socket: WebSocket| socket.send("hello".into()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let server = tokio::spawn(serve_layer(listener, handler));
    let mut client = Client::new(stream);
    client.upgrade(&RawRequest::handshake()).await;
    client.expect(TEXT, "hello").await;
    client.expect(CLOSE, close_body(1000, "")).await;
    client.answer_close(1000).await;
    server.abort();
}

/// Tower's contract: another protocol's upgrade is the inner service's, with all that hyper
/// gave for it.
#[tokio::test]
async fn upgrade_to_another_protocol_passes_through() {
    let inner = tower::service_fn(async |mut request: Request<Incoming>| {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut io = TokioIo::new(upgrade.await.unwrap());
            let mut shout = [0; 5];
            io.read_exact(&mut shout).await.unwrap();
            shout.make_ascii_uppercase();
            io.write_all(&shout).await.unwrap();
            io.shutdown().await.unwrap();
        });
        let response = Response::builder()
            .status(101)
            .header("upgrade", "shout")
            .header("connection", "upgrade");
        Ok::<_, Infallible>(response.body(String::new()).unwrap())
    });
    let service = WebSocketLayer::new(echo).layer(inner);
    let (client, server) = duplex(4096);
    let service = TowerToHyperService::new(service);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    let connection = tokio::spawn(connection.with_upgrades());
    let mut client = Client::new(client);
    let request = RawRequest::handshake()
        .set("Upgrade", "shout")
        .without("Sec-WebSocket-Key");
    client.send([&*request.bytes(), b"hello"].concat()).await;
    let response = client.response().await;
    assert_eq!(response.status(), 101);
    assert_eq!(response.headers()["upgrade"], "shout");
    assert_eq!(client.exactly(5).await, b"HELLO");
    client.expect_end().await;
    connection.await.unwrap().unwrap();
}

/// CVE-2025-11677: an application may refuse a valid handshake after all; there is one
/// response, and the connection stays HTTP.
#[tokio::test(start_paused = true)]
async fn valid_handshake_may_be_refused_by_the_application() {
    let (client, server) = duplex(4096);
    let service = service_fn(async |request: Request<Incoming>| {
        let mut parts = request.into_parts().0;
        let response = match WebSocketUpgrade::from_parts(&mut parts) {
            Ok(_upgrade) => Response::builder().status(403).body(String::from("no")),
            Err(rejection) => {
                assert_eq!(rejection, Rejection::Upgrade);
                Response::builder().body(String::from("plain"))
            }
        };
        Ok::<_, Infallible>(response.unwrap())
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    let connection = tokio::spawn(connection.with_upgrades());
    let mut client = Client::new(client);
    for request in [
        RawRequest::handshake(),
        get_plain(),
        RawRequest::handshake(),
    ] {
        client
            .send([request.bytes(), get_plain().bytes()].concat())
            .await;
        let is_plain = request.bytes().starts_with(b"GET /plain");
        let response = client.response().await;
        assert_eq!(response.status(), if is_plain { 200 } else { 403 });
        expect_plain(&mut client).await;
    }
    client.shut_down().await;
    client.expect_end().await;
    connection.await.unwrap().unwrap();
}

// Upgrades that do not happen.

/// A hyper service that accepts every handshake and tells what became of it.
fn accept_and_report(
    config: Config,
    reports: mpsc::UnboundedSender<Result<(), UpgradeError>>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<ResponseBody>,
    Error = Infallible,
    Future: Send,
> {
    service_fn(move |request: Request<Incoming>| {
        let mut parts = request.into_parts().0;
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let (response, accepting) = upgrade.config(config.clone()).accept().unwrap();
        let reports = reports.clone();
        tokio::spawn(async move {
            let result = accepting.supervise(echo).await;
            reports.send(result.map(drop)).unwrap();
        });
        std::future::ready(Ok(response))
    })
}

/// See `UpgradeError::Http`: without `with_upgrades` hyper has no connection to give.
#[tokio::test(start_paused = true)]
async fn connection_served_without_upgrades_is_reported() {
    let (client, server) = duplex(4096);
    let (sender, mut reports) = mpsc::unbounded_channel();
    let service = accept_and_report(Config::new(), sender);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    let connection = tokio::spawn(connection);
    let mut client = Client::new(client);
    client.send(RawRequest::handshake().bytes()).await;
    assert_eq!(client.response().await.status(), 101);
    let report = soon(reports.recv()).await.unwrap();
    assert!(matches!(report, Err(UpgradeError::Http(_))), "{report:?}");
    client.expect_end().await;
    connection.await.unwrap().unwrap();
}

/// See `UpgradeError::Http`: a peer that leaves before it has the response is reported.
#[tokio::test(start_paused = true)]
async fn peer_that_leaves_before_the_response_is_reported() {
    let (client, server) = duplex(4096);
    let (sender, mut reports) = mpsc::unbounded_channel();
    let service = accept_and_report(Config::new(), sender);
    let mut client = Client::new(client);
    client.send(RawRequest::handshake().bytes()).await;
    drop(client);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    connection.with_upgrades().await.unwrap_err();
    let report = soon(reports.recv()).await.unwrap();
    assert!(matches!(report, Err(UpgradeError::Http(_))), "{report:?}");
}

/// See `Config::upgrade_timeout`: a peer that does not take the response is not waited for.
#[tokio::test(start_paused = true)]
async fn peer_that_does_not_take_the_response_is_given_up() {
    for (config, seconds) in [
        (Config::new(), 10),
        (Config::new().upgrade_timeout(Duration::from_secs(3)), 3),
    ] {
        // The response does not fit.
        let (client, server) = duplex(16);
        let (sender, mut reports) = mpsc::unbounded_channel();
        let service = accept_and_report(config, sender);
        let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
        let connection = tokio::spawn(connection.with_upgrades());
        let start = Instant::now();
        let mut client = Client::new(client);
        client.send(RawRequest::handshake().bytes()).await;
        let report = soon(reports.recv()).await.unwrap();
        assert!(matches!(report, Err(UpgradeError::TimedOut)), "{report:?}");
        assert_eq!(start.elapsed().as_secs(), seconds);
        // Who takes it later finds nobody behind it.
        assert_eq!(client.response().await.status(), 101);
        client.expect_end().await;
        connection.await.unwrap().unwrap();
    }
}
