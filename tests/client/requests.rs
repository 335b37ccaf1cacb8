//! What a client's requests are on the wire: URIs, and headers of the user's.

use std::io;

use http::{HeaderName, HeaderValue, Request, Response};
use hyper::{client::conn::http1, server::conn::http1 as server};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    net::TcpListener,
};
use tower::service_fn;
use tower_websock::{Message, WebSocketService, client::Builder};

use crate::support::echo;

/// The head of the request that a server reads.
async fn head(io: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    assert!(head.is_ascii());
    String::from_utf8(head).unwrap()
}

fn hosts(head: &str) -> Vec<&str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let hosts = lines.filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    hosts.map(|(_, value)| value).collect()
}

fn with_host(host: &'static str) -> Builder {
    let host = HeaderValue::from_static(host);
    Builder::new().header(http::header::HOST, host)
}

/// What a client sends over a pipe.
async fn sent(builder: Builder, uri: &'static str) -> String {
    let (ours, mut theirs) = duplex(4096);
    let task = tokio::spawn(async move { builder.handshake(uri, ours).await });
    let head = head(&mut theirs).await;
    drop(theirs);
    assert!(task.await.unwrap().is_err());
    head
}

/// RFC 9112, section 3.2: one `Host`, which is the user's where there is one.
#[tokio::test]
async fn host_of_the_user_is_sent_in_place_of_the_uris() {
    for (builder, expected) in [
        (Builder::new(), "example.com:81"),
        (with_host("virtual.example"), "virtual.example"),
        (with_host("virtual.example:8080"), "virtual.example:8080"),
        (with_host("example.com:81"), "example.com:81"),
    ] {
        let head = sent(builder, "ws://example.com:81/ws").await;
        assert_eq!(hosts(&head), [expected], "{head}");
        assert!(head.starts_with("GET /ws HTTP/1.1\r\n"), "{head}");
    }
    // Over TCP it goes to the URI's host all the same.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { with_host("virtual.example").connect(&uri).await });
    let (mut io, _) = listener.accept().await.unwrap();
    assert_eq!(hosts(&head(&mut io).await), ["virtual.example"]);
    drop(io);
    assert!(task.await.unwrap().is_err());
}

/// So is it for a service in memory.
#[tokio::test]
async fn service_sees_the_host_of_the_user() {
    let service = service_fn(async |request: Request<String>| {
        let hosts: Vec<_> = request.headers().get_all("host").iter().collect();
        Ok::<_, io::Error>(Response::new(format!("{hosts:?}")))
    });
    let error = with_host("virtual.example")
        .connect_service("ws://localhost/ws", service)
        .await
        .unwrap_err();
    let sentence = r#"the server refused with 200 OK: ["virtual.example"]"#;
    assert_eq!(error.to_string(), sentence);
}

/// RFC 9113, section 8.3.1: over HTTP/2 it is `:authority`, by which our own server goes, too.
#[cfg(feature = "http2")]
#[tokio::test]
async fn host_of_the_user_is_the_authority_over_http2() {
    use tower_websock::{WebSocket, WebSocketService};

    let service = tower::ServiceBuilder::new()
        .map_request(|request: Request<hyper::body::Incoming>| {
            let authority = request.uri().authority().unwrap().to_string();
            assert_eq!(authority, "virtual.example:8443");
            assert_eq!(request.uri().path_and_query().unwrap(), "/a%20b?%C3%9F");
            assert!(!request.headers().contains_key("host"));
            request
        })
        .service(WebSocketService::new(async |mut socket: WebSocket| {
            socket.send("hi".into()).await
        }));
    let mut sender = crate::site::http2(service).await;
    let (request, pending) = with_host("virtual.example:8443")
        .http2_request("ws://localhost/a b?ß")
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let mut socket = pending.complete(response).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
}

/// 3; RFC 9112, section 3.2: the request line is of visible ASCII, be it of the origin form or of
/// the absolute one.
#[tokio::test]
async fn request_line_is_percent_encoded() {
    const URI: &str = "ws://h/w s/ß?ß=水&q=\"<>'%20%C3%9F";
    const SENT: &str = "/w%20s/%C3%9F?%C3%9F=%E6%B0%B4&q=%22%3C%3E%27%20%C3%9F";
    let head = sent(Builder::new(), URI).await;
    assert!(
        head.starts_with(&format!("GET {SENT} HTTP/1.1\r\n")),
        "{head}"
    );

    let (request, _pending) = Builder::new().request::<String>(URI).unwrap();
    let (ours, mut theirs) = duplex(4096);
    let (mut sender, connection) = http1::handshake(TokioIo::new(ours)).await.unwrap();
    tokio::spawn(connection);
    tokio::spawn(async move { sender.send_request(request).await });
    let head = self::head(&mut theirs).await;
    let line = format!("GET http://h{SENT} HTTP/1.1\r\n");
    assert!(head.starts_with(&line), "{head}");
}

/// Our own server takes them.
#[tokio::test]
async fn encoded_uri_opens_a_connection() {
    let (ours, theirs) = duplex(64 * 1024);
    let service = TowerToHyperService::new(WebSocketService::new(echo));
    let served = server::Builder::new().serve_connection(TokioIo::new(theirs), service);
    tokio::spawn(served.with_upgrades());
    let mut socket = with_host("virtual.example")
        .handshake("ws://h/ws?ß=水", ours)
        .await
        .unwrap();
    socket.send("hi".into()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
}

/// 4.1: what is refused is refused before anything is sent or connected to.
#[tokio::test]
async fn nothing_is_sent_for_a_request_that_cannot_be_made() {
    let upgrade = HeaderValue::from_static("h2c");
    for (builder, uri, expected) in [
        (
            Builder::new().header(http::header::UPGRADE, upgrade),
            "ws://127.0.0.1:1/",
            "the header upgrade must not be set: it belongs to the handshake",
        ),
        (
            with_host("a b"),
            "ws://127.0.0.1:1/",
            "the header host cannot be sent: it is not a host with an optional port",
        ),
        (
            Builder::new().header(
                HeaderName::from_static("sec-websocket-protocol"),
                HeaderValue::from_static("chat"),
            ),
            "ws://127.0.0.1:1/",
            "the header sec-websocket-protocol must not be set: use Builder::subprotocols",
        ),
        (
            Builder::new(),
            "ws://bücher.example/",
            "invalid WebSocket URI: the host is not ASCII: \
             an internationalised name is written in Punycode (xn--...)",
        ),
    ] {
        let error = builder.connect(uri).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        let (ours, mut theirs): (DuplexStream, _) = duplex(64);
        let error = builder.handshake(uri, ours).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(theirs.read(&mut [0]).await.unwrap(), 0);
    }
}
