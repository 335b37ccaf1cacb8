//! The tower service and the upgrade behind it, without a server (RFC 6455, section 4.2.2).

use std::{
    cell::RefCell,
    convert::Infallible,
    error::Error as _,
    future::{Future, Ready, ready},
    mem,
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version, request::Parts};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    sync::{mpsc, oneshot},
};
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt,
    buffer::Buffer,
    limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer},
    service_fn,
};
use tower_websock::{
    Closure, Config, Error, Handler, Initiator, NoInner, OriginPolicy, ProvidedIo, Rejection,
    ResponseBody, Subprotocol, UpgradeError, WebSocket, WebSocketLayer, WebSocketService,
    WebSocketUpgrade,
};

use crate::support::raw::{
    ACCEPT, BINARY, CLOSE, Client, KEY, PING, PONG, TEXT, close_body, frame, soon,
};

/// A valid handshake, with the body `body`.
fn handshake<B>(body: B) -> Request<B> {
    Request::get("/ws")
        .header("host", "localhost")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", KEY)
        .header("sec-websocket-version", "13")
        .body(body)
        .unwrap()
}

/// A valid handshake that can be upgraded, and the client's end.
fn connected() -> (Client<DuplexStream>, Request<()>) {
    let (client, server) = duplex(4096);
    let mut request = handshake(());
    request.extensions_mut().insert(ProvidedIo::new(server));
    (Client::new(client), request)
}

const VERSION: &str = "sec-websocket-version";
const PROTOCOL: &str = "sec-websocket-protocol";
const EXTENSIONS: &str = "sec-websocket-extensions";

fn set<B>(request: &mut Request<B>, name: &'static str, value: &'static str) {
    let value = HeaderValue::from_static(value);
    request.headers_mut().insert(name, value);
}

fn append<B>(request: &mut Request<B>, name: &'static str, value: &'static str) {
    let value = HeaderValue::from_static(value);
    request.headers_mut().append(name, value);
}

fn remove<B>(request: &mut Request<B>, name: &'static str) {
    request.headers_mut().remove(name);
}

fn sorted(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let mut headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    headers
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

async fn unused(_socket: WebSocket) {
    panic!("the handler was called");
}

/// An inner service that must not be called.
async fn unreachable<B>(_request: Request<B>) -> Result<Response<String>, Infallible> {
    panic!("the inner service was called");
}

// Refusals.

/// What is wrong with a request, and how it is refused.
type Fault = (fn(&mut Request<()>), Rejection, u16);

/// Faults that a service answers itself, whatever its inner one is.
const FAULTS: [Fault; 24] = [
    (|r| *r.method_mut() = Method::POST, Rejection::Method, 405),
    (|r| *r.method_mut() = Method::HEAD, Rejection::Method, 405),
    (
        |r| *r.method_mut() = Method::CONNECT,
        Rejection::Method,
        405,
    ),
    (|r| remove(r, "host"), Rejection::HostMissing, 400),
    (|r| set(r, "host", ""), Rejection::Host, 400),
    (
        |r| append(r, "host", "localhost"),
        Rejection::HostRepeated,
        400,
    ),
    (|r| remove(r, "upgrade"), Rejection::Upgrade, 426),
    (|r| set(r, "upgrade", "websocketx"), Rejection::Upgrade, 426),
    (|r| remove(r, "connection"), Rejection::Connection, 400),
    (
        |r| set(r, "connection", "not-upgraded"),
        Rejection::Connection,
        400,
    ),
    (|r| remove(r, VERSION), Rejection::Version, 426),
    (|r| set(r, VERSION, "8"), Rejection::Version, 426),
    (|r| set(r, VERSION, "13, 8"), Rejection::Version, 426),
    (|r| append(r, VERSION, "13"), Rejection::Version, 426),
    (|r| remove(r, "sec-websocket-key"), Rejection::Key, 400),
    (
        |r| set(r, "sec-websocket-key", "short"),
        Rejection::Key,
        400,
    ),
    (|r| set(r, "content-length", "5"), Rejection::Body, 400),
    (
        |r| set(r, "transfer-encoding", "chunked"),
        Rejection::Body,
        400,
    ),
    (|r| set(r, PROTOCOL, "a, a"), Rejection::Subprotocols, 400),
    (|r| set(r, PROTOCOL, ",,"), Rejection::Subprotocols, 400),
    (|r| set(r, EXTENSIONS, "a;"), Rejection::Extensions, 400),
    (
        |r| set(r, "origin", "https://evil.com"),
        Rejection::Origin,
        403,
    ),
    (|r| set(r, "origin", "null"), Rejection::Origin, 403),
    (
        |r| drop(r.extensions_mut().remove::<ProvidedIo>()),
        Rejection::NotUpgradable,
        500,
    ),
];

/// 4.2.1, 4.2.2: a refusal is a response, never an error; the connection is not touched.
#[tokio::test(start_paused = true)]
async fn broken_handshake_is_answered_with_its_rejection() {
    let layer = WebSocketLayer::new(unused);
    for (spoil, rejection, status) in FAULTS {
        let (mut client, mut request) = connected();
        client.send(frame(TEXT, "too early")).await;
        spoil(&mut request);
        let service = layer.layer(service_fn(unreachable));
        let response = service.oneshot(request).await.unwrap();
        assert_rejected(response, rejection, status).await;
        client.expect_end().await;

        let (mut client, mut request) = connected();
        spoil(&mut request);
        let response = layer.layer(NoInner).oneshot(request).await.unwrap();
        assert_rejected(response, rejection, status).await;
        client.expect_end().await;
    }
}

/// RFC 9110, section 15.5.22: what is no handshake at all is told to become one.
#[tokio::test]
async fn service_without_an_inner_one_refuses_what_is_no_handshake() {
    fn only_host(request: &mut Request<()>) {
        request.headers_mut().clear();
        set(request, "host", "localhost");
    }

    let rows: [Fault; 8] = [
        (|r| r.headers_mut().clear(), Rejection::HostMissing, 400),
        (|r| remove(r, "host"), Rejection::HostMissing, 400),
        (|r| only_host(r), Rejection::Upgrade, 426),
        (
            |r| {
                only_host(r);
                *r.method_mut() = Method::POST;
            },
            Rejection::Method,
            405,
        ),
        (
            |r| {
                only_host(r);
                set(r, "upgrade", "h2c");
                set(r, "connection", "upgrade");
            },
            Rejection::Upgrade,
            426,
        ),
        (
            |r| *r.version_mut() = Version::HTTP_10,
            Rejection::HttpVersion,
            426,
        ),
        (
            |r| *r.version_mut() = Version::HTTP_09,
            Rejection::HttpVersion,
            426,
        ),
        (
            |r| *r.uri_mut() = "/elsewhere".parse().unwrap(),
            Rejection::Path,
            404,
        ),
    ];
    for (spoil, rejection, status) in rows {
        let (mut client, mut request) = connected();
        spoil(&mut request);
        let service = WebSocketLayer::new(unused).path("/ws").layer(NoInner);
        let response = service.oneshot(request).await.unwrap();
        assert_rejected(response, rejection, status).await;
        client.expect_end().await;
    }
}

async fn assert_rejected<B>(response: Response<ResponseBody<B>>, rejection: Rejection, status: u16)
where
    B: Body<Data = Bytes, Error = Infallible>,
{
    assert_eq!(response.status(), status, "{rejection:?}");
    assert_eq!(response.extensions().get(), Some(&rejection));
    let sentence = format!("{rejection}\n");
    let length = sentence.len().to_string();
    let mut expected = vec![
        ("content-length", length.as_str()),
        ("content-type", "text/plain; charset=utf-8"),
    ];
    match rejection {
        Rejection::Method => expected.insert(0, ("allow", "GET")),
        Rejection::HttpVersion | Rejection::Upgrade | Rejection::Version => {
            expected.insert(0, ("connection", "Upgrade"));
            if rejection == Rejection::Version {
                expected.push(("sec-websocket-version", "13"));
            }
            expected.push(("upgrade", "websocket"));
        }
        _ => {}
    }
    assert_eq!(sorted(response.headers()), expected, "{rejection:?}");
    let body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(sentence.len() as u64));
    assert!(!body.is_end_stream());
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(body, sentence);
}

/// 4.2.2 item 5.5: to select what was not offered is the application's mistake.
#[tokio::test(start_paused = true)]
async fn subprotocol_that_was_not_offered_is_answered_with_500() {
    let rows: [(Option<&'static str>, &'static str); 3] =
        [(None, "chat"), (Some("a, b"), "c"), (Some("chat"), "Chat")];
    for (offered, selected) in rows {
        let (mut client, mut request) = connected();
        if let Some(offered) = offered {
            set(&mut request, PROTOCOL, offered);
        }
        let upgrade = WebSocketUpgrade::from_parts(&mut request.into_parts().0).unwrap();
        let selected = selected.parse().unwrap();
        let response: Response<ResponseBody> = upgrade
            .select_subprotocol(Some(selected))
            .on_upgrade(unused);
        assert_rejected(response, Rejection::SubprotocolNotOffered, 500).await;
        client.expect_end().await;
    }
}

/// 4.2.2 item 2: the policy is applied when the request is accepted.
#[tokio::test(start_paused = true)]
async fn origin_is_checked_on_accepting() {
    for (policy, accepted) in [
        (None, false),
        (Some(OriginPolicy::same_host()), false),
        (Some(OriginPolicy::list(["https://good.com"])), false),
        (Some(OriginPolicy::list(["https://evil.com"])), true),
        (Some(OriginPolicy::any()), true),
    ] {
        let (mut client, mut request) = connected();
        set(&mut request, "origin", "https://evil.com");
        let mut layer = WebSocketLayer::new(echo);
        let mut upgrade =
            WebSocketUpgrade::from_parts(&mut request.clone().into_parts().0).unwrap();
        if let Some(policy) = policy {
            layer = layer.origin(policy.clone());
            upgrade = upgrade.origin(policy);
        }
        let rejection = (!accepted).then_some(Rejection::Origin);
        assert_eq!(upgrade.accept::<()>().err(), rejection);
        let response = layer.layer(NoInner).oneshot(request).await.unwrap();
        if accepted {
            assert_eq!(response.status(), 101);
            client.close().await;
        } else {
            assert_rejected(response, Rejection::Origin, 403).await;
            client.expect_end().await;
        }
    }
}

/// A request that cannot be upgraded keeps its extensions for who answers it otherwise.
#[tokio::test]
async fn from_parts_takes_the_upgrade_of_a_valid_handshake_only() {
    let (_client, request) = connected();
    let mut parts = request.into_parts().0;
    parts.headers.remove("upgrade");
    let rejection = WebSocketUpgrade::from_parts(&mut parts).err();
    assert_eq!(rejection, Some(Rejection::Upgrade));
    assert!(parts.extensions.get::<ProvidedIo>().is_some());

    let value = const { HeaderValue::from_static("websocket") };
    parts.headers.insert("upgrade", value);
    assert!(WebSocketUpgrade::from_parts(&mut parts).is_ok());
    assert!(parts.extensions.get::<ProvidedIo>().is_none());
    let rejection = WebSocketUpgrade::from_parts(&mut parts).err();
    assert_eq!(rejection, Some(Rejection::NotUpgradable));
}

// The response that switches protocols.

/// 4.2.2 item 5: these headers and no others; RFC 9110, section 8.6: no length, no body.
#[tokio::test(start_paused = true)]
async fn valid_handshake_is_answered_with_101() {
    let rows: [(Option<&'static str>, Option<&'static str>); 6] = [
        (None, None),
        (Some("other"), None),
        (Some("b"), Some("b")),
        (Some("other, b"), Some("b")),
        // The server's order counts.
        (Some("b, a"), Some("a")),
        (Some("A, B, b"), Some("b")),
    ];
    for (offered, selected) in rows {
        let (client, mut request) = connected();
        if let Some(offered) = offered {
            set(&mut request, PROTOCOL, offered);
        }
        set(&mut request, EXTENSIONS, "permessage-deflate; x=\"y\"");
        let (sender, mut seen) = mpsc::unbounded_channel();
        let handler = move |socket: WebSocket| {
            sender.send(socket.subprotocol().cloned()).unwrap();
            echo(socket)
        };
        let service = WebSocketLayer::new(handler)
            .subprotocols(["a", "b"].map(Subprotocol::from_static))
            .layer(service_fn(unreachable));
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        let mut expected = vec![("connection", "Upgrade"), ("sec-websocket-accept", ACCEPT)];
        expected.extend(selected.map(|name| ("sec-websocket-protocol", name)));
        expected.push(("upgrade", "websocket"));
        assert_eq!(sorted(response.headers()), expected);
        assert!(response.extensions().get::<Rejection>().is_none());
        let body = response.into_body();
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.collect().await.unwrap().to_bytes().is_empty());

        let seen = soon(seen.recv()).await.unwrap();
        assert_eq!(seen.as_ref().map(Subprotocol::as_str), selected);
        client.close().await;
    }
}

/// 4.2.2 item 5.5: of what the client offers the application may look at all, and select one.
#[tokio::test(start_paused = true)]
async fn application_selects_among_the_offered_subprotocols() {
    let upgrade = || {
        let (client, mut request) = connected();
        set(&mut request, PROTOCOL, "b, a,, c");
        let upgrade = WebSocketUpgrade::from_parts(&mut request.into_parts().0).unwrap();
        (client, upgrade)
    };
    let [a, b, c, x] = ["a", "b", "c", "x"].map(Subprotocol::from_static);

    let (_client, fresh) = upgrade();
    assert_eq!(
        fresh.offered_subprotocols(),
        [b.clone(), a.clone(), c.clone()]
    );
    assert_eq!(fresh.selected_subprotocol(), None);
    let chosen = fresh.subprotocols([&x, &c, &b]);
    assert_eq!(chosen.selected_subprotocol(), Some(&c));
    // The last selection counts, also one of nothing.
    let none = chosen.subprotocols([&x]);
    assert_eq!(none.selected_subprotocol(), None);
    let chosen = none.select_subprotocol(Some(a.clone()));
    assert_eq!(chosen.selected_subprotocol(), Some(&a));

    for selected in [Some(b), None] {
        let (client, upgrade) = upgrade();
        let upgrade = upgrade
            .subprotocols([&a])
            .select_subprotocol(selected.clone());
        let (response, accepting) = upgrade.accept::<()>().unwrap();
        let name = selected.as_ref().map(Subprotocol::as_header_value);
        assert_eq!(response.headers().get("sec-websocket-protocol"), name);
        let mut socket = accepting.socket().await.unwrap();
        assert_eq!(socket.subprotocol(), selected.as_ref());
        tokio::join!(client.close(), async {
            while socket.recv().await.is_some() {}
        });
    }
}

/// 10.4: the layer's configuration is the connection's.
#[tokio::test(start_paused = true)]
async fn limits_of_the_layer_hold_for_its_connections() {
    let layer = WebSocketLayer::new(echo).config(Config::new().max_message_size(4));
    let (mut client, request) = connected();
    let response = layer.layer(NoInner).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 101);
    client.send(frame(TEXT, "four")).await;
    client.expect(TEXT, "four").await;
    client.send(frame(TEXT, "fiver")).await;
    client.expect_close(1009).await;
    client.answer_close(1009).await;
}

// What goes to the inner service.

fn set_handshake<B>(request: &mut Request<B>) {
    let valid = handshake(());
    request.headers_mut().extend(valid.into_parts().0.headers);
}

/// A body that cannot be sent to another thread.
#[derive(Default)]
struct Local(Rc<()>);

#[derive(Clone)]
struct Marker(Arc<()>);

/// Tower's contract: what is not for us goes through untouched. RFC 9110, section 7.8: `Upgrade`
/// is ignored in HTTP/1.0.
#[tokio::test(start_paused = true)]
async fn request_that_is_no_handshake_reaches_the_inner_service_untouched() {
    type Change = fn(&mut Request<Local>);
    let rows: [Change; 11] = [
        |_| {},
        |r| *r.method_mut() = Method::POST,
        |r| set(r, "upgrade", "h2c"),
        |r| set(r, "upgrade", "websocketx"),
        |r| set(r, "upgrade", "\"websocket\""),
        |r| set(r, "connection", "upgrade"),
        |r| set(r, VERSION, "8"),
        |r| set(r, PROTOCOL, "chat"),
        |r| {
            *r.version_mut() = Version::HTTP_10;
            set_handshake(r);
        },
        |r| {
            *r.version_mut() = Version::HTTP_09;
            set_handshake(r);
        },
        |r| {
            *r.version_mut() = Version::HTTP_2;
            set_handshake(r);
        },
    ];
    for (number, change) in rows.into_iter().enumerate() {
        let body = Rc::new(());
        let marker = Marker(Arc::default());
        let mut request = Request::builder()
            .method("PUT")
            .uri("http://localhost/ws?a=b")
            .header("x-one", "1")
            .header("x-two", "2")
            .header("x-one", HeaderValue::from_bytes(b"\xff").unwrap())
            .extension(marker.clone())
            .body(Local(body.clone()))
            .unwrap();
        change(&mut request);
        let (io, _client) = duplex(64);
        request.extensions_mut().insert(ProvidedIo::new(io));
        let method = request.method().clone();
        let version = request.version();
        let headers = request.headers().clone();

        let inner = service_fn(async |request: Request<Local>| {
            assert_eq!(request.method(), method);
            assert_eq!(request.uri(), "http://localhost/ws?a=b");
            assert_eq!(request.version(), version);
            assert_eq!(*request.headers(), headers);
            assert_eq!(request.extensions().len(), 2);
            let seen = request.extensions().get::<Marker>().unwrap();
            assert!(Arc::ptr_eq(&seen.0, &marker.0));
            assert!(request.extensions().get::<ProvidedIo>().is_some());
            assert!(Rc::ptr_eq(&request.body().0, &body));
            let response = Response::builder()
                .status(418)
                .header("x-answer", number)
                .extension(marker.clone())
                .body(());
            Ok::<_, Infallible>(response.unwrap())
        });
        let service = WebSocketLayer::new(unused).layer(inner);
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 418);
        assert_eq!(response.headers().len(), 1);
        assert_eq!(response.headers()["x-answer"], number.to_string());
        let seen = response.extensions().get::<Marker>().unwrap();
        assert!(Arc::ptr_eq(&seen.0, &marker.0));
        assert!(response.extensions().get::<Rejection>().is_none());
    }
}

/// 4.2.2 item 3: handshakes of other paths are not ours, well made or not.
#[tokio::test(start_paused = true)]
async fn path_is_compared_as_a_whole() {
    let rows = [
        ("/ws", true),
        ("/ws?", true),
        ("/ws?token=1", true),
        ("http://localhost/ws", true),
        ("/", false),
        ("/ws/", false),
        ("//ws", false),
        ("/w", false),
        ("/wsx", false),
        ("/WS", false),
        ("/ws/chat", false),
        ("/%77s", false),
        ("/?/ws", false),
    ];
    let layer = WebSocketLayer::new(echo).path("/ws");
    for (uri, is_ours) in rows {
        for is_valid in [true, false] {
            let (mut client, mut request) = connected();
            *request.uri_mut() = uri.parse().unwrap();
            if !is_valid {
                request.headers_mut().remove("sec-websocket-version");
            }
            let service = layer.layer(service_fn(async |request: Request<()>| {
                assert!(request.extensions().get::<ProvidedIo>().is_some());
                Ok::<_, Infallible>(Response::new(String::from("inner")))
            }));
            let response = service.oneshot(request).await.unwrap();
            match (is_ours, is_valid) {
                (true, true) => {
                    assert_eq!(response.status(), 101, "{uri}");
                    client.close().await;
                }
                (true, false) => {
                    assert_rejected(response, Rejection::Version, 426).await;
                    client.expect_end().await;
                }
                (false, _) => {
                    assert_eq!(response.status(), 200, "{uri}");
                    let body = response.into_body().collect().await.unwrap();
                    assert_eq!(body.to_bytes(), "inner");
                    client.expect_end().await;
                }
            }
        }
    }
}

/// Tower's contract: a handshake that is not ours may be another service's.
#[tokio::test(start_paused = true)]
async fn services_for_two_paths_stack() {
    let service = ServiceBuilder::new()
        .layer(
            WebSocketLayer::new(async |mut socket: WebSocket, _| socket.send("outer".into()).await)
                .path("/outer"),
        )
        .layer(
            WebSocketLayer::new(async |mut socket: WebSocket, _| socket.send("inner".into()).await)
                .path("/inner"),
        )
        .service(NoInner);
    for (path, expected) in [("/outer", "outer"), ("/inner", "inner")] {
        let (mut client, mut request) = connected();
        *request.uri_mut() = path.parse().unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        client.expect(TEXT, expected).await;
        client.expect(CLOSE, close_body(1000, "")).await;
        client.answer_close(1000).await;
    }
}

/// Tower's contract: an inner service that is not ready holds its callers back.
#[tokio::test(start_paused = true)]
async fn readiness_is_that_of_the_inner_service() {
    /// Ready when told so. A clone never is: the instance that is ready must be the one called.
    struct Gate {
        opens: oneshot::Receiver<Result<(), Broken>>,
        is_ready: bool,
        calls: Rc<RefCell<usize>>,
    }

    impl Clone for Gate {
        fn clone(&self) -> Self {
            Self {
                opens: oneshot::channel().1,
                is_ready: false,
                calls: self.calls.clone(),
            }
        }
    }

    impl Service<Request<()>> for Gate {
        type Response = Response<String>;
        type Error = Broken;
        type Future = Ready<Result<Response<String>, Broken>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
            if self.is_ready {
                return Poll::Ready(Ok(()));
            }
            let opened = Pin::new(&mut self.opens).poll(cx).map(Result::unwrap);
            self.is_ready = matches!(opened, Poll::Ready(Ok(())));
            opened
        }

        fn call(&mut self, _request: Request<()>) -> Self::Future {
            assert!(mem::take(&mut self.is_ready), "called without being ready");
            *self.calls.borrow_mut() += 1;
            ready(Ok(Response::new(String::from("inner"))))
        }
    }

    let gate = || {
        let (open, opens) = oneshot::channel();
        let calls = Rc::default();
        let gate = Gate {
            opens,
            is_ready: false,
            calls: Rc::clone(&calls),
        };
        (WebSocketLayer::new(echo).layer(gate), open, calls)
    };
    let mut cx = Context::from_waker(Waker::noop());

    // Opened: the request goes through, once.
    let (mut service, open, calls) = gate();
    assert!(pin!(service.ready()).poll(&mut cx).is_pending());
    let (is_ready, ()) = tokio::join!(service.ready(), async { open.send(Ok(())).unwrap() });
    let response = is_ready.unwrap().call(Request::new(())).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(*calls.borrow(), 1);

    // Opened for a handshake: the inner service is not called.
    let (mut service, open, calls) = gate();
    open.send(Ok(())).unwrap();
    let (client, request) = connected();
    let response = service.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(*calls.borrow(), 0);
    client.close().await;

    // Broken: the error comes through.
    let (mut service, open, calls) = gate();
    open.send(Err(Broken(7))).unwrap();
    assert_eq!(service.ready().await.err(), Some(Broken(7)));
    assert_eq!(*calls.borrow(), 0);
}

/// Tower's contract: what `poll_ready` reserved is used by the call or given back.
#[tokio::test(start_paused = true)]
async fn permit_of_the_inner_service_is_given_back_when_we_answer() {
    type Change = fn(&mut Request<()>);
    let handshakes: [(u16, Change); 4] = [
        (101, |_| {}),
        (426, |request| set(request, "sec-websocket-version", "12")),
        (403, |request| set(request, "origin", "https://evil.com")),
        (500, |request| {
            drop(request.extensions_mut().remove::<ProvidedIo>());
        }),
    ];
    for (status, change) in handshakes {
        let limit = ConcurrencyLimitLayer::new(1);
        let semaphore = GlobalConcurrencyLimitLayer::new(1);
        let plain = service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(String::from("inner")))
        });
        let shielded = ServiceBuilder::new()
            .layer(WebSocketLayer::new(echo))
            .layer(semaphore.clone())
            .layer(limit)
            .service(plain);
        let mut buffered = Buffer::new(shielded.clone(), 4);
        let mut shielded = shielded;
        let mut other = semaphore.layer(plain);
        for is_buffered in [false, true] {
            let (_client, mut request) = connected();
            change(&mut request);
            let answered = if is_buffered {
                soon(soon(buffered.ready()).await.unwrap().call(request)).await
            } else {
                Ok(soon(soon(shielded.ready()).await.unwrap().call(request))
                    .await
                    .unwrap())
            };
            assert_eq!(answered.unwrap().status(), status, "{is_buffered}");
            // Neither service was dropped, and neither holds the only permit.
            let served = soon(other.ready()).await.unwrap().call(Request::new(()));
            assert_eq!(soon(served).await.unwrap().body(), "inner");
            // Nor does one that was made ready and then used.
            let served = soon(shielded.ready()).await.unwrap().call(Request::new(()));
            assert_eq!(soon(served).await.unwrap().status(), 200);
        }
    }
}

/// An error that has nothing but this.
#[derive(Debug, PartialEq)]
struct Broken(u8);

/// Tower's contract: the errors are the inner service's; a refusal is none.
#[tokio::test(start_paused = true)]
async fn error_of_the_inner_service_passes_through() {
    let inner = service_fn(async |_: Request<()>| Err::<Response<()>, _>(Broken(3)));
    let service = WebSocketLayer::new(unused).layer(inner);
    let error = service.clone().oneshot(Request::new(())).await.err();
    assert_eq!(error, Some(Broken(3)));
    let (_client, mut request) = connected();
    set(&mut request, VERSION, "8");
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 426);
}

/// A body that can neither be sent, nor made of nothing, nor of bytes.
struct Letters {
    frames: Vec<Result<Frame<Bytes>, Broken>>,
    hint: SizeHint,
    _local: Rc<()>,
}

impl Body for Letters {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        Poll::Ready(self.frames.pop())
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// Tower's contract: the inner service's body is handed on frame by frame, in no box.
#[tokio::test]
async fn body_of_the_inner_service_passes_through() {
    let inner = service_fn(async |request: Request<Local>| {
        let trailers = HeaderMap::from_iter([(
            http::header::ETAG,
            const { HeaderValue::from_static("trailer") },
        )]);
        let mut hint = SizeHint::new();
        hint.set_lower(2);
        hint.set_upper(20);
        Ok::<_, Infallible>(Response::new(Letters {
            frames: vec![
                Err(Broken(9)),
                Ok(Frame::trailers(trailers)),
                Ok(Frame::data("b".into())),
                Ok(Frame::data("a".into())),
            ],
            hint,
            _local: request.into_body().0,
        }))
    });
    let service = WebSocketLayer::new(unused).layer(inner);
    let response = service
        .oneshot(Request::new(Local::default()))
        .await
        .unwrap();
    let mut body = pin!(response.into_body());
    assert_eq!(body.size_hint().lower(), 2);
    assert_eq!(body.size_hint().upper(), Some(20));
    for letter in ["a", "b"] {
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), letter);
    }
    let trailers = body.frame().await.unwrap().unwrap();
    assert_eq!(trailers.into_trailers().unwrap()["etag"], "trailer");
    assert!(!body.is_end_stream());
    assert_eq!(body.frame().await.unwrap().err(), Some(Broken(9)));
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none());
}

/// A handshake may come with such bodies too: it is dropped, and the response is ours.
#[tokio::test(start_paused = true)]
async fn handshake_with_a_local_body_is_accepted() {
    let inner = service_fn(
        async |_: Request<Local>| -> Result<Response<Letters>, Infallible> {
            panic!("the inner service was called")
        },
    );
    let service = WebSocketLayer::new(echo).layer(inner);
    let (client, request) = connected();
    let body = Rc::new(());
    let request = request.map(|()| Local(body.clone()));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(Rc::strong_count(&body), 1);
    assert_eq!(response.status(), 101);
    assert!(response.into_body().is_end_stream());
    client.close().await;
}

/// Tower's ecosystem spawns and boxes services: what the inner one allows, ours does.
#[test]
fn service_is_send_sync_and_clone_if_the_inner_one_is() {
    fn check<S>(service: &S)
    where
        S: Service<Request<()>, Future: Send, Response: Send> + Send + Sync + Clone + 'static,
    {
        let _ = service.clone();
    }
    check(&WebSocketService::new(echo));
    check(&WebSocketLayer::new(echo).layer(service_fn(unreachable::<()>)));
}

// The upgrade.

/// 4.1, 4.2.2: bytes that came behind the head are the first frames, wherever they are cut.
#[tokio::test(start_paused = true)]
async fn frames_behind_the_head_are_the_first_frames() {
    let frames = [
        frame(TEXT, "first"),
        frame(PING, "ping"),
        frame(0x01, "frag"),
        frame(0x80, "ment"),
        frame(BINARY, [0, 255]),
    ]
    .concat();
    for cut in 0..=frames.len() {
        let (mut client, request) = connected();
        client.send(&frames[..cut]).await;
        let response = WebSocketService::new(echo).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        client.send(&frames[cut..]).await;
        let mut answers = Vec::new();
        while answers.len() < 4 {
            answers.push(client.frame().await);
        }
        // A pong may overtake the echo of a message that came before its ping.
        let pong = answers
            .iter()
            .position(|(first, _)| *first == PONG)
            .unwrap();
        assert_eq!(answers.remove(pong).1, b"ping");
        let expected = [
            (TEXT, b"first".to_vec()),
            (TEXT, b"fragment".to_vec()),
            (BINARY, vec![0, 255]),
        ];
        assert_eq!(answers, expected, "cut at {cut}");
        client.close().await;
    }
}

/// The handler gets the head of the request, without the upgrade that was taken out of it.
#[tokio::test(start_paused = true)]
async fn handler_gets_the_head_of_the_request() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let service = WebSocketService::new(move |_socket: WebSocket, request: Parts| {
        sender.send(request).unwrap();
        async {}
    });
    let (client, mut request) = connected();
    let marker = Marker(Arc::default());
    *request.uri_mut() = "/ws?token=1".parse().unwrap();
    set(&mut request, "cookie", "a=b");
    request.extensions_mut().insert(marker.clone());
    let headers = request.headers().clone();
    service.oneshot(request).await.unwrap();
    let parts = soon(seen.recv()).await.unwrap();
    assert_eq!(parts.method, Method::GET);
    assert_eq!(parts.version, Version::HTTP_11);
    assert_eq!(parts.uri, "/ws?token=1");
    assert_eq!(parts.headers, headers);
    assert_eq!(parts.extensions.len(), 1);
    let seen = parts.extensions.get::<Marker>().unwrap();
    assert!(Arc::ptr_eq(&seen.0, &marker.0));
    drop(client);
}

/// See `ProvidedIo::new`: an IO belongs to one request; for another there is no connection.
#[tokio::test(start_paused = true)]
async fn provided_io_serves_one_request() {
    let (client, request) = connected();
    let again = request.clone();
    let (sender, mut calls) = mpsc::unbounded_channel();
    let service = WebSocketService::new(move |socket: WebSocket| {
        sender.send(()).unwrap();
        echo(socket)
    });
    let response = service.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 101);
    soon(calls.recv()).await.unwrap();

    let response = service.oneshot(again.clone()).await.unwrap();
    assert_eq!(response.status(), 101);
    // Its task has ended without a call: the channel is closed when the first one is done.
    client.close().await;
    assert_eq!(soon(calls.recv()).await, None);

    let upgrade = WebSocketUpgrade::from_parts(&mut again.clone().into_parts().0).unwrap();
    let (_response, accepting) = upgrade.accept::<()>().unwrap();
    let error = accepting.socket().await.unwrap_err();
    assert!(matches!(error, UpgradeError::IoTaken));
    let upgrade = WebSocketUpgrade::from_parts(&mut again.into_parts().0).unwrap();
    let (_response, accepting) = upgrade.accept::<()>().unwrap();
    let error = accepting.supervise(unused).await.unwrap_err();
    assert_eq!(error.to_string(), "the provided IO was used before");
    assert!(error.source().is_none());
}

/// See `Accepting`: who drops it drops the connection.
#[tokio::test(start_paused = true)]
async fn dropped_accepting_ends_the_connection() {
    let (mut client, request) = connected();
    let upgrade = WebSocketUpgrade::from_parts(&mut request.into_parts().0).unwrap();
    let (_response, accepting) = upgrade.accept::<()>().unwrap();
    drop(accepting);
    client.expect_end().await;
}

// Handlers.

/// Serves `handler`, which says "hello" and returns.
async fn assert_greets<Args: 'static>(handler: impl Handler<Args>) {
    let (mut client, request) = connected();
    let response = WebSocketService::new(handler)
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), 101);
    client.expect(TEXT, "hello").await;
    client.expect(CLOSE, close_body(1000, "")).await;
    client.answer_close(1000).await;
}

/// See `Handler`: functions and closures, async or not, with state or without.
#[tokio::test(start_paused = true)]
async fn whatever_looks_like_a_handler_is_one() {
    async fn function(mut socket: WebSocket, _request: Parts) {
        socket.send("hello".into()).await.unwrap();
    }
    async fn fallible(mut socket: WebSocket, _request: Parts) -> Result<(), Error> {
        socket.send("hello".into()).await
    }
    fn returns_a_future(socket: WebSocket, request: Parts) -> impl Future<Output = ()> + Send {
        function(socket, request)
    }
    fn boxed(socket: WebSocket, request: Parts) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(function(socket, request))
    }
    #[derive(Clone)]
    struct Greeter(&'static str);

    impl Handler<()> for Greeter {
        type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

        fn call(self, mut socket: WebSocket, _request: Parts) -> Self::Future {
            Box::pin(async move { socket.send(self.0.into()).await })
        }
    }

    assert_greets(function).await;
    assert_greets(fallible).await;
    assert_greets(returns_a_future).await;
    assert_greets(boxed).await;
    assert_greets(boxed as fn(_, _) -> _).await;
    assert_greets(Greeter("hello")).await;
    assert_greets(|socket: WebSocket, request| function(socket, request)).await;
    assert_greets(
        |mut socket: WebSocket, _request| async move { socket.send("hello".into()).await },
    )
    .await;
    assert_greets(async |mut socket: WebSocket, _request: Parts| socket.send("hello".into()).await)
        .await;
    let state = Arc::new(AtomicUsize::new(0));
    let counter = state.clone();
    assert_greets(move |mut socket: WebSocket, _request| {
        let counter = counter.clone();
        async move {
            counter.fetch_add(1, Ordering::Relaxed);
            socket.send("hello".into()).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        }
    })
    .await;
    assert_eq!(state.load(Ordering::Relaxed), 1);
}

/// 7.4.1: a handler that returns has done its part; one that fails or panics is an
/// unexpected condition.
#[tokio::test(start_paused = true)]
async fn end_of_the_handler_is_told_by_the_close_code() {
    type Ending = fn(WebSocket) -> Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;
    let rows: [(Ending, u16); 7] = [
        (|_| Box::pin(async { Ok(()) }), 1000),
        (|_| Box::pin(async { Err("no") }), 1011),
        (|_| Box::pin(async { panic!("for the test") }), 1011),
        (|_| panic!("before there is a future, for the test"), 1011),
        (
            |socket| {
                Box::pin(async {
                    let _held = socket;
                    Ok(())
                })
            },
            1000,
        ),
        (
            |mut socket| {
                Box::pin(async move {
                    socket.recv().await;
                    Err("after a message")
                })
            },
            1011,
        ),
        (
            |mut socket| {
                Box::pin(async move {
                    socket.recv().await;
                    panic!("after a message, for the test")
                })
            },
            1011,
        ),
    ];
    for (ending, code) in rows {
        let (mut client, request) = connected();
        client.send(frame(TEXT, "a message")).await;
        let service = WebSocketService::new(move |socket, _request| ending(socket));
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        client.expect(CLOSE, close_body(code, "")).await;
        client.answer_close(code).await;
    }
}

/// See `Accepting::supervise`: it tells how the connection ended, and hands a panic on.
#[tokio::test(start_paused = true)]
async fn supervisor_tells_how_the_connection_ended() {
    let accepting = || {
        let (client, request) = connected();
        let upgrade = WebSocketUpgrade::from_parts(&mut request.into_parts().0).unwrap();
        (client, upgrade.accept::<()>().unwrap().1)
    };
    let (client, accepted) = accepting();
    let (closure, ()) = tokio::join!(
        accepted.supervise(async |mut socket| while socket.recv().await.is_some() {}),
        client.close(),
    );
    let closure = closure.unwrap();
    assert!(closure.is_clean());
    assert!(matches!(
        closure,
        Closure::Clean {
            initiator: Initiator::Remote,
            ..
        }
    ));

    let (mut client, accepted) = accepting();
    let panicking = tokio::spawn(accepted.supervise(unused));
    client.expect(CLOSE, close_body(1011, "")).await;
    client.answer_close(1011).await;
    assert!(panicking.await.unwrap_err().is_panic());

    let (client, accepted) = accepting();
    drop(client);
    let closure = accepted.supervise(async |mut socket| {
        assert!(matches!(socket.recv().await, Some(Err(Error::Lost))));
    });
    assert_eq!(closure.await.unwrap(), Closure::Lost);
}

/// See `ProvidedIo`: any transport will do, and what it holds comes first.
#[tokio::test(start_paused = true)]
async fn provided_io_may_be_any_transport() {
    let (client, server) = duplex(64);
    let (mut read, write) = tokio::io::split(server);
    let mut early = [0; 3];
    let mut client = Client::new(client);
    client.send(frame(TEXT, "a")).await;
    read.read_exact(&mut early).await.unwrap();
    // A server that reads by itself puts back what it has read too much.
    let io = tokio::io::join(std::io::Cursor::new(early).chain(read), write);
    let mut request = handshake(());
    request.extensions_mut().insert(ProvidedIo::new(io));
    let service = WebSocketService::new(echo);
    assert_eq!(service.oneshot(request).await.unwrap().status(), 101);
    client.expect(TEXT, "a").await;
    client.close().await;
}
