//! WebSockets over HTTP/2 (RFC 8441): a server on hyper, and clients that are hyper's, with
//! our handshake, or made by hand on h2.

mod answers;
mod closing;
mod connections;
mod handshake;
mod hooks;
mod keep_alive;
mod mounts;
#[cfg(all(feature = "metrics", feature = "tracing"))]
mod observed;
mod slow_peers;
mod sockets;
#[path = "../support/mod.rs"]
mod support;
mod topics;

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper::client::conn::http2::SendRequest;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tower::{Layer, service_fn};
use tower_websock::{
    Config, DeflateConfig, Error, Handler, Message, Subprotocol, WebSocket, WebSocketLayer,
    client::{self, Builder},
};

use self::support::{
    echo,
    http2::{self as raw, *},
    raw::soon,
};

/// A connection of hyper's client, on which WebSockets are allowed.
async fn connect(addr: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (http, mut connection) = handshake.await.unwrap();
    soon(client::extended_connect(&mut connection))
        .await
        .unwrap();
    tokio::spawn(connection);
    http
}

/// Opens a socket on a connection.
async fn open(http: &mut SendRequest<Empty<Bytes>>, builder: &Builder) -> WebSocket {
    let (request, pending) = builder.http2_request("ws://localhost/ws").unwrap();
    let response = soon(http.send_request(request)).await.unwrap();
    soon(pending.complete(response)).await.unwrap()
}

fn deflate() -> Config {
    Config::new().deflate(DeflateConfig::new())
}

/// Sends a message and expects it back.
async fn expect_echo(socket: &mut WebSocket, message: Message) {
    soon(socket.send(message.clone())).await.unwrap();
    loop {
        let received = soon(socket.recv()).await.unwrap().unwrap();
        if received.is_data() {
            assert_eq!(received, message);
            return;
        }
    }
}
