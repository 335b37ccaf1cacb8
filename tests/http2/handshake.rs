//! What is accepted, refused, and left to the inner service.

use h2::{RecvStream, ext::Protocol};
use http::{HeaderValue, Method, Response};
use tower_websock::{OriginPolicy, Rejection};

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
        ("host", "other.example", Rejection::Host),
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

/// RFC 8441, section 3: the server says that it may be asked. One that does not is not.
#[tokio::test]
async fn client_waits_for_the_setting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service_fn(inner));
        let http = auto::Builder::new(TokioExecutor::new());
        let _ = http.serve_connection(TokioIo::new(stream), service).await;
    });
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (mut http, mut connection) = handshake.await.unwrap();
    let enabled = client::extended_connect(&mut connection);
    assert!(timeout(Duration::from_millis(200), enabled).await.is_err());
    // The connection is still of use.
    tokio::spawn(connection);
    let request = Request::get("http://localhost/").body(Empty::<Bytes>::new());
    let response = soon(http.send_request(request.unwrap())).await.unwrap();
    assert_eq!(response.status(), 200);
}

/// A connection that ends before it allows anything is an error.
#[tokio::test]
async fn client_learns_that_the_connection_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { drop(listener.accept().await) });
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (_http, mut connection) = handshake.await.unwrap() as (SendRequest<Empty<Bytes>>, _);
    assert!(
        soon(client::extended_connect(&mut connection))
            .await
            .is_err()
    );
}

/// A refusal keeps its status and headers for the client.
#[tokio::test]
async fn client_learns_why_it_was_refused() {
    let addr = serve(echo, Config::new()).await;
    let mut http = connect(addr).await;
    let origin = HeaderValue::from_static("https://evil.example");
    let builder = Builder::new().origin(origin);
    let (request, pending) = builder.http2_request("ws://localhost/ws").unwrap();
    let response = soon(http.send_request(request)).await.unwrap();
    let error = pending.complete(response).await.unwrap_err();
    assert_eq!(error.status(), Some(http::StatusCode::FORBIDDEN));
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
