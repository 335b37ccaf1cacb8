//! Hooks, where many requests share a connection.

use std::sync::{Arc, Mutex};

use http::{HeaderValue, StatusCode, request::Parts};
use tokio::sync::mpsc;
use tower_websock::{Closure, HandlerEnd, Loss};

use super::*;

/// RFC 8441, section 5: a refused stream has no handler, and its siblings none the worse for it.
#[tokio::test]
async fn refused_and_panicking_requests_leave_their_siblings_alone() {
    let authorize = |request: &mut Parts| {
        let user = request
            .headers
            .get("x-user")
            .ok_or(StatusCode::UNAUTHORIZED)?;
        match user.as_bytes() {
            b"panic" => panic!("in authorize, for the test"),
            // It would accept.
            b"ok" => Err(StatusCode::OK),
            _ => {
                let user = user.clone();
                request.extensions.insert(user);
                Ok(())
            }
        }
    };
    let started = Arc::new(Mutex::new(Vec::new()));
    let users = started.clone();
    let handler = move |socket: WebSocket, request: Parts| {
        let user = request.extensions.get::<HeaderValue>().unwrap().clone();
        users.lock().unwrap().push(user);
        echo(socket)
    };
    let layer = WebSocketLayer::new(handler).authorize(authorize);
    let addr = serve_service(layer.layer(service_fn(inner))).await;
    let mut http = connect(addr).await;
    let as_user = |user| Builder::new().header("x-user", user);
    let mut sibling = open(&mut http, &as_user("ann")).await;
    for (user, status) in [
        (None, Some(401)),
        (Some("ok"), Some(500)),
        (Some("panic"), None),
    ] {
        let builder = user.map_or_else(Builder::new, as_user);
        let (request, pending) = builder.http2_request("ws://localhost/ws").unwrap();
        match soon(http.send_request(request)).await {
            Ok(response) => {
                let error = pending.complete(response).await.unwrap_err();
                let status = status.map(|status| StatusCode::from_u16(status).unwrap());
                assert_eq!(error.status(), status, "{user:?}");
            }
            Err(error) => assert!(status.is_none(), "{user:?}: {error}"),
        }
        expect_echo(&mut sibling, Message::text("still here")).await;
    }
    let mut another = open(&mut http, &as_user("bob")).await;
    expect_echo(&mut another, Message::text("hello")).await;
    assert_eq!(*started.lock().unwrap(), ["ann", "bob"]);
}

/// Each stream has an end of its own: closed, or lost with its connection.
#[tokio::test]
async fn every_stream_is_told_its_end() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let layer = WebSocketLayer::new(echo).on_end(move |request: &Parts| {
        let (tell, path) = (tell.clone(), request.uri.path().to_owned());
        move |end| {
            let closure = end.closure().cloned();
            tell.send((path, closure, end.handler())).unwrap();
        }
    });
    let addr = serve_service(layer.layer(service_fn(inner))).await;
    let mut http = connect(addr).await;
    let mut sockets = Vec::new();
    for path in ["closes", "leaves"] {
        let uri = format!("ws://localhost/{path}");
        let (request, pending) = Builder::new().http2_request(&uri).unwrap();
        let response = soon(http.send_request(request)).await.unwrap();
        let mut socket = soon(pending.complete(response)).await.unwrap();
        expect_echo(&mut socket, Message::text("hello")).await;
        sockets.push(socket);
    }
    assert!(told.is_empty());
    let leaves = sockets.pop().unwrap();
    assert!(soon(sockets[0].close(None)).await.unwrap().is_clean());
    let (path, closure, handler) = soon(told.recv()).await.unwrap();
    assert_eq!((&*path, handler), ("/closes", HandlerEnd::Returned));
    assert!(closure.unwrap().is_clean());
    assert!(told.is_empty());
    drop((leaves, http));
    let (path, closure, handler) = soon(told.recv()).await.unwrap();
    assert_eq!((&*path, handler), ("/leaves", HandlerEnd::Failed));
    assert_eq!(closure, Some(Closure::Lost(Loss::Ended)));
    assert!(told.is_empty());
}
