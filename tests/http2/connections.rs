//! A server's connections over HTTP/2, where each stream is one, and their end.

use std::pin::pin;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::{select, sync::oneshot, task::JoinSet};
use tower_websock::{CloseFrame, Connections, Drain, Drained, close_code};

use super::{
    raw::{Event, Raw, RawSocket, close},
    support::{CLOSE, frame},
    *,
};

fn layer(connections: &Connections) -> WebSocketLayer<impl Handler<(WebSocket,)>, (WebSocket,)> {
    WebSocketLayer::new(echo).connections(connections)
}

/// Each stream counts. Beyond the limit, a stream gets 503 and `Retry-After`; its siblings go on,
/// and one of them can be thrown out.
#[tokio::test]
async fn streams_are_counted_and_closed_one_by_one() {
    let connections = Connections::new().max(2);
    let addr = serve_service(layer(&connections).layer(service_fn(inner))).await;
    let mut raw = Raw::connect(addr).await;
    let mut first = raw.open().await;
    let mut second = raw.open().await;
    let refused = raw.response(Raw::handshake()).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");

    let id = connections.iter().next().unwrap().id();
    let out = CloseFrame::new(4000, "out");
    assert_eq!(connections.close(id, out), Ok(true));
    assert_eq!(
        first.next().await,
        Event::Frame(CLOSE, [&close(4000)[..], b"out"].concat())
    );
    first.send(frame(CLOSE, &close(4000))).await;
    assert_eq!(first.next().await, Event::End);
    first.end();
    second.send(frame(support::TEXT, b"hello")).await;
    assert_eq!(
        second.next().await,
        Event::Frame(support::TEXT, b"hello".to_vec())
    );
    while connections.len() > 1 {
        tokio::task::yield_now().await;
    }
    raw.open().await;
}

/// A peer that resets its streams at once leaves nobody behind.
#[tokio::test]
async fn streams_that_are_reset_give_their_places_back() {
    let connections = Connections::new().max(10);
    let addr = serve_service(layer(&connections).layer(service_fn(inner))).await;
    let mut raw = Raw::connect(addr).await;
    for _ in 0..20 {
        let streams: Vec<_> = (0..10)
            .map(|_| raw.request(Raw::handshake(), false))
            .collect();
        for (at_once, (response, mut send)) in streams.into_iter().enumerate() {
            if at_once % 2 == 0 {
                let _ = soon(response).await;
            }
            send.send_reset(h2::Reason::CANCEL);
        }
        soon(async {
            while !connections.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
}

/// Answers its Close, and sees the end of its stream in order.
async fn told(mut socket: RawSocket) {
    let Event::Frame(CLOSE, body) = socket.next().await else {
        panic!("no Close");
    };
    assert_eq!(body[..2], close_code::AWAY.to_be_bytes());
    socket.send(frame(CLOSE, &close(close_code::AWAY))).await;
    assert_eq!(socket.next().await, Event::End);
    socket.end();
}

/// As in docs/shutdown.md: serves until it is stopped, then drains, then ends what is left of
/// HTTP.
async fn serve_until(
    stopped: oneshot::Receiver<()>,
    listener: TcpListener,
    connections: Connections,
    drain: Drain,
) -> Drained {
    let service = layer(&connections).layer(service_fn(inner));
    let http = http();
    let graceful = GracefulShutdown::new();
    let drained = async {
        let _ = stopped.await;
        connections.drain(drain).await
    };
    let mut drained = pin!(drained);
    let drained = loop {
        select! {
            accepted = listener.accept() => {
                let io = TokioIo::new(accepted.unwrap().0);
                let service = TowerToHyperService::new(service.clone());
                let connection = http.serve_connection_with_upgrades(io, service);
                let connection = graceful.watch(connection.into_owned());
                tokio::spawn(async move { _ = connection.await });
            }
            drained = &mut drained => break drained,
        }
    };
    drop(listener);
    graceful.shutdown().await;
    drained
}

/// hyper-util's graceful shutdown on both versions: it would wait for the streams, and not tell
/// the sockets.
#[tokio::test]
async fn drain_goes_with_the_graceful_shutdown_of_hyper_util() {
    let connections = Connections::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    // The two that come late may take a while on a busy machine.
    let drain = Drain::new()
        .accept_for(Duration::from_secs(2))
        .spread(Duration::from_millis(200));
    let server = serve_until(stopped, listener, connections.clone(), drain);
    let server = tokio::spawn(server);

    let mut raw = Raw::connect(addr).await;
    let mut peers = JoinSet::new();
    for _ in 0..10 {
        peers.spawn(told(raw.open().await));
    }
    for _ in 0..10 {
        let mut socket = soon(client::connect(&format!("ws://{addr}/ws")))
            .await
            .unwrap();
        peers.spawn(async move {
            let last = soon(socket.recv()).await.unwrap().unwrap();
            let Message::Close(Some(frame)) = last else {
                panic!("{last:?}");
            };
            assert_eq!(frame.code, close_code::AWAY);
            assert!(soon(socket.recv()).await.is_none());
        });
    }
    stop.send(()).unwrap();
    while connections.is_ready() {
        tokio::task::yield_now().await;
    }
    // Still accepted, on a connection that is open, and on a new one.
    peers.spawn(told(raw.open().await));
    peers.spawn(told(Raw::connect(addr).await.open().await));
    while let Some(peer) = soon(peers.join_next()).await {
        peer.unwrap();
    }
    let drained = soon(server).await.unwrap();
    assert_eq!((drained.clean, drained.cut, drained.running), (22, 0, 0));
    assert!(TcpStream::connect(addr).await.is_err());
}

/// A stream whose peer is dead is cut at the deadline, and the connection ends all the same.
#[tokio::test]
async fn stream_of_a_dead_peer_is_cut() {
    let connections = Connections::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let drain = Drain::new()
        .accept_for(Duration::ZERO)
        .spread(Duration::ZERO)
        .deadline(Duration::from_millis(300));
    let server = tokio::spawn(serve_until(stopped, listener, connections.clone(), drain));
    let mut raw = Raw::connect(addr).await;
    let mut dead = raw.open().await;
    let live = tokio::spawn(told(raw.open().await));
    stop.send(()).unwrap();
    let drained = soon(server).await.unwrap();
    assert_eq!((drained.clean, drained.cut), (1, 1));
    live.await.unwrap();
    assert!(matches!(dead.next().await, Event::Frame(CLOSE, _)));
    let end = dead.next().await;
    assert!(!matches!(end, Event::Frame(..)), "{end:?}");
}

/// While new connections are refused, requests are still served on the same connection.
#[tokio::test]
async fn requests_are_served_while_sockets_are_drained() {
    let connections = Connections::new();
    let addr = serve_service(layer(&connections).layer(service_fn(inner))).await;
    let mut raw = Raw::connect(addr).await;
    let mut dead = raw.open().await;
    let drain = Drain::new().accept_for(Duration::ZERO);
    let drain = tokio::spawn(connections.drain(drain));
    assert!(matches!(dead.next().await, Event::Frame(CLOSE, _)));
    assert_eq!(raw.response(Raw::handshake()).await.status(), 503);
    let page = Request::get("http://localhost/page").body(()).unwrap();
    let (response, _) = raw.request(page, true);
    assert_eq!(soon(response).await.unwrap().status(), 200);
    dead.send(frame(CLOSE, &close(close_code::AWAY))).await;
    dead.end();
    assert_eq!(soon(drain).await.unwrap().clean, 1);
}
