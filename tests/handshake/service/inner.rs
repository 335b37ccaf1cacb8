//! What goes to the inner service.

use std::{
    cell::RefCell,
    convert::Infallible,
    future::{Future, Ready, ready},
    mem,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use http::{HeaderValue, Method, Request, Response, Version};
use http_body_util::BodyExt;
use tokio::{io::duplex, sync::oneshot};
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt,
    buffer::Buffer,
    limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer},
    service_fn,
};
use tower_websock::{ProvidedIo, Rejection, WebSocket, WebSocketLayer};

use crate::support::{
    echo,
    raw::{CLOSE, TEXT, close_body, soon},
};

use super::{
    Broken, Local, Marker, PROTOCOL, VERSION, assert_rejected, connected, handshake, set,
    unreachable, unused,
};

fn set_handshake<B>(request: &mut Request<B>) {
    let valid = handshake(());
    request.headers_mut().extend(valid.into_parts().0.headers);
}

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
        .service(service_fn(unreachable));
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
