//! From a request that hyper serves in one task to a handler in another.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{Request, Response, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use shuttle::thread::JoinHandle;
use tower_websock::{Closure, ResponseBody, UpgradeError, WebSocket, WebSocketUpgrade};

use crate::{
    checking::check,
    server::{assert_clean, config, supervise},
    wire::{End, Peer, TEXT, WIDE, task, wire},
};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

type Served = JoinHandle<Result<Closure, UpgradeError>>;

/// Serves one connection of HTTP/1.1 in a task. What is answered goes through `layer`. The handler's
/// task is put into the slot.
fn serve(
    end: End,
    layer: fn(Response<ResponseBody<String>>) -> Response<ResponseBody<String>>,
) -> (JoinHandle<()>, Arc<Mutex<Option<Served>>>) {
    let slot = Arc::new(Mutex::new(None));
    let handler = slot.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (mut parts, _) = request.into_parts();
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let (response, accepting) = upgrade.config(config()).accept().unwrap();
        let served = task(supervise(accepting, async |mut socket: WebSocket| {
            socket.send("hi".into()).await.unwrap();
            while let Some(Ok(message)) = socket.recv().await {
                if message.is_data() {
                    socket.send(message).await.unwrap();
                }
            }
        }));
        *handler.lock().unwrap() = Some(served);
        let response = layer(response);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(end), service)
        .with_upgrades();
    let server = task(async {
        let _ = connection.await;
    });
    (server, slot)
}

fn taken(slot: &Mutex<Option<Served>>) -> Option<Served> {
    slot.lock().unwrap().take()
}

#[test]
fn acceptance_is_sent() {
    check("acceptance_is_sent", || {
        let (ours, theirs) = wire(WIDE);
        let (server, slot) = serve(ours, |response| response);
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.write(REQUEST).await;
            peer.send(TEXT, b"x0").await;
            assert!(peer.head().await.starts_with("HTTP/1.1 101 "));
            assert_eq!(peer.texts(2).await, ["hi", "x0"]);
            peer.close_and_end().await;
        });
        server.join().unwrap();
        assert_clean(taken(&slot).unwrap());
        peer.join().unwrap();
    });
}

/// Another response is sent, and the acceptance thrown away: the handler does not start, and its task
/// does not wait for ever.
#[test]
fn acceptance_is_thrown_away() {
    check("acceptance_is_thrown_away", || {
        let (ours, theirs) = wire(WIDE);
        let (server, slot) = serve(ours, |_accepted| {
            let mut response = Response::new(ResponseBody::new(String::new()));
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            response
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.write(REQUEST).await;
            assert!(peer.head().await.starts_with("HTTP/1.1 401 "));
        });
        server.join().unwrap();
        let ended = taken(&slot).unwrap().join().unwrap();
        assert!(
            matches!(ended, Err(UpgradeError::NotSent | UpgradeError::Http(_))),
            "{ended:?}"
        );
        peer.join().unwrap();
    });
}

/// A peer that is gone at some point: everything ends.
#[test]
fn peer_goes_during_the_handshake() {
    check("peer_goes_during_the_handshake", || {
        let (ours, theirs) = wire(WIDE);
        let (server, slot) = serve(ours, |response| response);
        let mut peer = Peer::new(theirs);
        let peer = task(async move { peer.write(REQUEST).await });
        server.join().unwrap();
        if let Some(served) = taken(&slot) {
            if let Ok(closure) = served.join().unwrap() {
                assert!(!closure.is_clean(), "{closure:?}");
            }
        }
        peer.join().unwrap();
    });
}
