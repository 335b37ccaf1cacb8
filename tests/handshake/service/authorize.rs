//! What is asked before a request is accepted.

use std::{
    future::{pending, ready},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode, header, request::Parts};
use http_body_util::BodyExt;
use tokio::time::{Duration, sleep};
use tower::{Layer, ServiceExt, service_fn};
use tower_websock::{
    OriginPolicy, ProvidedIo, Refusal, Rejection, WebSocket, WebSocketLayer, WebSocketService,
};

use crate::support::raw::{CLOSE, TEXT, close_body};

use super::{assert_rejected, connected, remove, set, unreachable, unused};

/// Who asks, found by `authorize`.
#[derive(Clone)]
struct User(&'static str);

async fn greet(mut socket: WebSocket, request: Parts) {
    let User(name) = request.extensions.get().expect("an identity");
    socket.send((*name).into()).await.unwrap();
}

/// The identity that it finds reaches the handler, and the handshake goes on.
#[tokio::test(start_paused = true)]
async fn authorized_request_is_accepted_with_its_identity() {
    let layer = WebSocketLayer::new(greet);
    let sync = layer.clone().authorize(|request: &mut Parts| {
        request.extensions.insert(User("ann"));
        Ok::<_, StatusCode>(())
    });
    let with_future = layer.authorize_async(|mut request: Parts| async move {
        sleep(Duration::from_secs(1)).await;
        request.extensions.insert(User("ann"));
        Ok::<_, StatusCode>(request)
    });
    for layer in [sync, with_future] {
        let (mut client, request) = connected();
        let service = layer.layer(service_fn(unreachable));
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        client.expect(TEXT, "ann").await;
        client.expect(CLOSE, close_body(1000, "")).await;
        client.answer_close(1000).await;
    }
}

/// 4.2.2: it decides about nothing but valid handshakes of pages that may connect.
#[tokio::test]
async fn only_a_valid_handshake_of_an_allowed_origin_is_asked_about() {
    type Fault = (fn(&mut Request<()>), Rejection, u16);
    let rows: [Fault; 4] = [
        (|r| remove(r, "sec-websocket-key"), Rejection::Key, 400),
        (
            |r| set(r, "origin", "https://evil.com"),
            Rejection::Origin,
            403,
        ),
        (
            |r| drop(r.extensions_mut().remove::<ProvidedIo>()),
            Rejection::NotUpgradable,
            500,
        ),
        (
            |r| *r.uri_mut() = "/elsewhere".parse().unwrap(),
            Rejection::Path,
            404,
        ),
    ];
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let service = WebSocketService::new(unused)
        .path("/ws")
        .authorize(move |_| {
            counter.fetch_add(1, Relaxed);
            Err(StatusCode::UNAUTHORIZED)
        });
    for (spoil, rejection, status) in rows {
        let (_client, mut request) = connected();
        spoil(&mut request);
        let response = service.clone().oneshot(request).await.unwrap();
        assert_rejected(response, rejection, status).await;
        assert_eq!(asked.load(Relaxed), 0, "{rejection:?}");
    }
    let (mut client, mut request) = connected();
    set(&mut request, "origin", "https://evil.com");
    let service = service.origin(OriginPolicy::any());
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(asked.load(Relaxed), 1);
    client.expect_end().await;
}

/// A refusal is a response, which is sent as it is; no handler starts.
#[tokio::test]
async fn refusal_is_sent_as_it_is() {
    fn whole() -> Response<&'static str> {
        Response::builder()
            .status(401)
            .header(header::WWW_AUTHENTICATE, "Bearer")
            .extension(User("refused"))
            .body("no token")
            .unwrap()
    }
    type Row = (fn() -> Refusal, u16, &'static str);

    let rows: [Row; 7] = [
        (|| StatusCode::UNAUTHORIZED.into(), 401, ""),
        (|| "not you".into(), 403, "not you"),
        (|| String::from("nor you").into(), 403, "nor you"),
        (
            || (StatusCode::TOO_MANY_REQUESTS, "later").into(),
            429,
            "later",
        ),
        (|| whole().into(), 401, "no token"),
        (
            || Response::new(Bytes::new()).into(),
            500,
            "the server refused the request with 200 OK, which accepts\n",
        ),
        (
            || Rejection::Path.into(),
            404,
            "there is no WebSocket endpoint at this path\n",
        ),
    ];
    for (refusal, status, text) in rows {
        for layer in [
            WebSocketLayer::new(unused).authorize(move |_| Err(refusal())),
            WebSocketLayer::new(unused).authorize_async(move |_| ready(Err(refusal()))),
        ] {
            let (mut client, request) = connected();
            let service = layer.layer(service_fn(unreachable));
            let response = service.oneshot(request).await.unwrap();
            assert_eq!(response.status(), status);
            if text == "no token" {
                assert_eq!(response.headers()["www-authenticate"], "Bearer");
                let User(name) = response.extensions().get().unwrap();
                assert_eq!(*name, "refused");
            }
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, text);
            client.expect_end().await;
        }
    }
}

/// RFC 6455, 4.1; RFC 8441, 5: a status that accepts does not pass for an acceptance.
#[tokio::test]
async fn refusal_that_accepts_becomes_500() {
    for status in [100, 101, 103, 200, 204, 299] {
        let status = StatusCode::from_u16(status).unwrap();
        let (mut client, request) = connected();
        let service = WebSocketService::new(unused).authorize(move |_| Err(status));
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500, "{status}");
        client.expect_end().await;
    }
    for status in [301, 304, 400, 500] {
        let status = StatusCode::from_u16(status).unwrap();
        let (_client, request) = connected();
        let service = WebSocketService::new(unused).authorize(move |_| Err(status));
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
    }
}

/// The last one that was set decides.
#[tokio::test]
async fn authorize_replaces_what_was_set_before() {
    let (_client, request) = connected();
    let service = WebSocketService::new(unused)
        .authorize_async(|_| ready(Err(StatusCode::UNAUTHORIZED)))
        .authorize(|_| Err(StatusCode::FORBIDDEN));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 403);
}

/// What panics accepts nothing, and panics no earlier than the future of the response.
#[tokio::test]
async fn authorize_that_panics_accepts_nothing() {
    let (mut client, request) = connected();
    let service = WebSocketService::new(unused)
        .authorize(|_| -> Result<(), StatusCode> { panic!("in authorize, for the test") });
    let response = tower::Service::call(&mut service.clone(), request);
    let panic = std::panic::AssertUnwindSafe(response).catch_unwind().await;
    assert!(panic.is_err());
    client.expect_end().await;
}

/// A client that leaves while it is decided about is not accepted.
#[tokio::test]
async fn dropped_decision_accepts_nothing() {
    let (mut client, request) = connected();
    let service =
        WebSocketService::new(unused).authorize_async(|_| pending::<Result<Parts, StatusCode>>());
    {
        let mut response = pin!(service.oneshot(request));
        assert!(response.as_mut().now_or_never().is_none());
    }
    client.expect_end().await;
}

/// What may be sent to, and shared with, other threads without a hook may be so with one.
#[test]
fn service_and_future_stay_send_and_sync() {
    fn assert<T: Send + Sync>(_: &T) {}
    let (_client, request) = connected();
    let mut service = WebSocketService::new(unused)
        .authorize(|_| Ok::<_, StatusCode>(()))
        .on_end(|_| |_| {})
        .on_error(|_| |_| {});
    assert(&service);
    let future = tower::Service::call(&mut service, request);
    assert(&future);
}
