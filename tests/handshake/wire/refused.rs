//! Handshakes that are refused, or are none: the connection stays HTTP.

use std::convert::Infallible;

use http::{Request, Response, Version};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tower::Layer;
use tower_websock::{Rejection, WebSocketLayer, WebSocketUpgrade};

use crate::support::{
    echo,
    raw::{Client, KEY, PING, RawRequest, TEXT, frame},
};

use super::{FRONTS, Front, assert_rejected, expect_bad_request, expect_plain, get_plain};

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
async fn abuse_20_connection_of_a_refused_handshake_stays_http() {
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
async fn cve_2026_2833_frames_behind_a_refused_handshake_are_never_frames() {
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
async fn cve_2026_69243_handshake_with_a_body_is_refused() {
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
async fn cve_2025_11677_valid_handshake_may_be_refused_by_the_application() {
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
