//! What is accepted, refused, and left to the inner service.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use h2::{RecvStream, ext::Protocol};
use http::{HeaderValue, Method, Response};
use tower_websock::{OriginPolicy, Rejection, WebSocketService};

use super::{raw::Raw, *};

async fn text(response: Response<RecvStream>) -> String {
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(data) = soon(body.data()).await {
        text.extend_from_slice(&data.unwrap());
    }
    String::from_utf8(text).unwrap()
}

/// RFC 8441, section 5: 200, and nothing but what was agreed on (hyper adds the date).
#[tokio::test]
async fn response_has_what_was_agreed_on_only() {
    let addr = serve(echo, deflate()).await;
    let mut raw = Raw::connect(addr).await;
    let mut request = Raw::handshake();
    for (name, value) in [
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "superchat, chat"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("origin", "http://localhost"),
    ] {
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert(name, value);
    }
    let response = raw.response(request).await;
    assert_eq!(response.status(), 200);
    let mut names: Vec<_> = response
        .headers()
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["date", "sec-websocket-extensions", "sec-websocket-protocol"]
    );
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    assert!(!response.body().is_end_stream());
}

/// Each is answered with a status and a sentence, and the connection lives on.
#[tokio::test]
async fn refusals_tell_why() {
    let addr = serve(echo, Config::new()).await;
    let mut raw = Raw::connect(addr).await;
    for (name, value, rejection) in [
        ("sec-websocket-version", "12", Rejection::Http2Version),
        ("origin", "http://evil.example", Rejection::Origin),
        ("sec-websocket-protocol", "a b", Rejection::Subprotocols),
        ("sec-websocket-extensions", ";", Rejection::Extensions),
        ("host", "other.example", Rejection::HostMismatch),
    ] {
        let mut request = Raw::handshake();
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert(name, value);
        let response = raw.response(request).await;
        assert_eq!(response.status(), rejection.status(), "{name}");
        if rejection == Rejection::Http2Version {
            assert_eq!(response.headers()["sec-websocket-version"], "13");
        }
        assert_eq!(text(response).await, format!("{rejection}\n"));
    }
    raw.open().await;
}

/// What becomes of a request: the status, and the reason of a reset.
#[derive(Debug, PartialEq)]
enum Fate {
    Refused(u16, String),
    Reset(Option<h2::Reason>),
}

/// RFC 9110, section 9.3.6; RFC 9113, section 8.1.1: a CONNECT that announces a length is not taken
/// as open, since h2 would end its stream at the first DATA.
#[tokio::test]
async fn request_that_announces_a_length_is_refused() {
    use h2::Reason;

    let body = || Fate::Refused(400, format!("{}\n", Rejection::Body));
    let rows: &[(&[&str], Fate)] = &[
        (&["0"], body()),
        (&["00"], body()),
        (&["0", "0"], body()),
        (&["0", "00"], body()),
        // h2 takes nothing for 0.
        (&[""], body()),
        // h2 refuses what is no number, and numbers that differ.
        (&[" 0"], Fate::Reset(Some(Reason::PROTOCOL_ERROR))),
        (&["0, 0"], Fate::Reset(Some(Reason::PROTOCOL_ERROR))),
        (&["0", "5"], Fate::Reset(Some(Reason::PROTOCOL_ERROR))),
        (&["x"], Fate::Reset(Some(Reason::PROTOCOL_ERROR))),
    ];
    let (calls, addr) = serve_counted().await;
    let mut raw = Raw::connect(addr).await;
    for (lengths, fate) in rows {
        for is_end in [false, true] {
            assert_eq!(
                &raw.fate_of_length(lengths, is_end).await,
                fate,
                "{lengths:?}"
            );
        }
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    raw.open().await;

    // At other lengths hyper ends the connection before it asks us.
    for lengths in [&["5"] as &[_], &["5", "5"]] {
        let mut raw = Raw::connect(addr).await;
        let fate = raw.fate_of_length(lengths, false).await;
        assert!(matches!(fate, Fate::Reset(_)), "{lengths:?}: {fate:?}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

impl Raw {
    async fn fate_of_length(&mut self, lengths: &[&str], is_end: bool) -> Fate {
        let mut request = Raw::handshake();
        for length in lengths {
            let value = HeaderValue::from_str(length).unwrap();
            request.headers_mut().append("content-length", value);
        }
        let (response, _send) = self.request(request, is_end);
        match soon(response).await {
            Ok(response) => Fate::Refused(response.status().as_u16(), text(response).await),
            Err(error) => Fate::Reset(error.reason()),
        }
    }
}

/// An echo that counts its connections.
async fn serve_counted() -> (Arc<AtomicUsize>, SocketAddr) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let handler = move |socket| {
        counter.fetch_add(1, Ordering::Relaxed);
        echo(socket)
    };
    (calls, serve(handler, Config::new()).await)
}

/// RFC 8441, section 5: `END_STREAM` is the end of a TCP connection in order. hyper does not tell
/// of it before the answer, so a stream that its client has ended already is accepted, is lost to
/// its handler at once, as TCP would be, and is ended; the connection lives on.
#[tokio::test]
async fn stream_that_the_request_ended_is_lost_at_once() {
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |mut socket: WebSocket| {
        let sender = sender.clone();
        async move { sender.send(socket.recv().await).unwrap() }
    };
    let addr = serve(handler, Config::new()).await;
    let mut raw = Raw::connect(addr).await;
    for _ in 0..2 {
        let (response, _send) = raw.request(Raw::handshake(), true);
        let response = soon(response).await.unwrap();
        assert_eq!(response.status(), 200);
        let lost = soon(received.recv()).await.unwrap();
        assert!(matches!(lost, Some(Err(Error::Lost(_)))), "{lost:?}");
        let mut body = response.into_body();
        while let Some(data) = soon(body.data()).await {
            assert_eq!(data.unwrap().len(), 0);
        }
    }
    raw.open().await;
}

/// RFC 9110, section 8.6: no length in answer to CONNECT. We send none, and hyper takes away a 0 that
/// a layer around ours adds; with another length it resets the stream. axum replaces the body of such
/// a response, so that nothing tells whether ours was sent: no handler starts, and the stream ends.
#[tokio::test]
async fn length_that_a_layer_adds_does_not_reach_the_client() {
    for length in ["0", "00", "5"] {
        let add = move |mut response: Response<_>| {
            let length = HeaderValue::from_static(length);
            response.headers_mut().insert("content-length", length);
            response
        };
        let layered = tower::ServiceBuilder::new()
            .map_response(add)
            .layer(WebSocketLayer::new(echo).path("/ws"))
            .service_fn(inner);
        let bare = serve_service(layered).await;
        let route = axum::Router::new().route_service("/ws", WebSocketService::new(echo));
        let router = route.layer(tower::util::MapResponseLayer::new(
            move |mut response: Response<axum::body::Body>| {
                let length = HeaderValue::from_static(length);
                response.headers_mut().insert("content-length", length);
                response
            },
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let in_axum = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, router).await });
        for (addr, starts) in [(bare, true), (in_axum, false)] {
            let mut raw = Raw::connect(addr).await;
            let (response, send) = raw.request(Raw::handshake(), false);
            let response = soon(response).await;
            if length == "5" {
                let reason = response.unwrap_err().reason();
                assert_eq!(reason, Some(h2::Reason::INTERNAL_ERROR));
                continue;
            }
            let response = response.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers().get("content-length"), None, "{length}");
            let mut socket = super::raw::RawSocket::of(response, send);
            if starts {
                socket.send(super::support::frame(0x81, b"hi")).await;
            }
            let answer = if starts {
                super::raw::Event::Frame(0x81, b"hi".to_vec())
            } else {
                super::raw::Event::End
            };
            assert_eq!(socket.next().await, answer, "{length}");
        }
    }
}

/// RFC 8441, section 4: what is no WebSocket is for somebody else.
#[tokio::test]
async fn other_requests_go_to_the_inner_service() {
    let addr = serve(echo, Config::new()).await;
    let mut raw = Raw::connect(addr).await;

    let mut other = Raw::handshake();
    other
        .extensions_mut()
        .insert(Protocol::from_static("webtransport"));
    let mut elsewhere = Raw::handshake();
    *elsewhere.uri_mut() = "http://localhost/elsewhere".parse().unwrap();
    let mut get = Raw::handshake();
    *get.method_mut() = Method::GET;
    get.extensions_mut().clear();
    let mut tunnel = Raw::handshake();
    tunnel.extensions_mut().clear();
    *tunnel.uri_mut() = "localhost:80".parse().unwrap();
    for request in [other, elsewhere, get, tunnel] {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let (response, _send) = raw.request(request, method == Method::GET);
        let response = soon(response).await.unwrap();
        assert_eq!(response.status(), 200);
        if method == Method::GET {
            assert_eq!(text(response).await, format!("{method} {uri}"));
        }
    }
}

/// The origin is judged beside `:authority`.
#[tokio::test]
async fn policy_of_origins_holds() {
    let parts = |origin: &'static str| {
        Request::connect("https://good.example/ws")
            .version(http::Version::HTTP_2)
            .extension(hyper::ext::Protocol::from_static("websocket"))
            .extension(tower_websock::ProvidedIo::new(tokio::io::duplex(1).0))
            .header("sec-websocket-version", "13")
            .header("origin", origin)
            .body(())
            .unwrap()
            .into_parts()
            .0
    };
    let verdict = |origin, policy| {
        let upgrade = tower_websock::WebSocketUpgrade::from_parts(&mut parts(origin)).unwrap();
        upgrade.origin(policy).accept::<String>().err()
    };
    let listed = OriginPolicy::list(["https://page.example"]);
    assert_eq!(
        verdict("https://good.example", OriginPolicy::same_host()),
        None
    );
    assert_eq!(verdict("https://page.example", listed.clone()), None);
    for policy in [OriginPolicy::same_host(), listed] {
        let verdict = verdict("https://evil.example", policy);
        assert_eq!(verdict, Some(Rejection::Origin));
    }
}

/// 10.2, DNS rebinding, through `:authority`: no stream is opened, and the connection lives on; the
/// same after a predicate has panicked.
#[tokio::test]
async fn abuse_19_rebound_authority_is_refused() {
    let refusing = OriginPolicy::predicate(|page| panic!("asked about {}", page.origin));
    for (policy, foreign) in [
        (OriginPolicy::loopback(), Rejection::ForeignHost),
        (OriginPolicy::hosts(["localhost"]), Rejection::ForeignHost),
        (refusing, Rejection::Origin),
    ] {
        let layer = WebSocketLayer::new(echo).path("/ws").origin(policy);
        let addr = serve_service(layer.layer(service_fn(inner))).await;
        let mut raw = Raw::connect(addr).await;
        for _ in 0..2 {
            let mut request = Raw::handshake();
            *request.uri_mut() = "http://evil.test:3000/ws".parse().unwrap();
            let origin = HeaderValue::from_static("http://evil.test:3000");
            request.headers_mut().insert("origin", origin);
            let response = raw.response(request).await;
            assert_eq!(response.status(), 403);
            assert_eq!(text(response).await, format!("{foreign}\n"));
        }
        raw.open().await;
    }
}
