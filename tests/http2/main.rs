//! WebSockets over HTTP/2 (RFC 8441): a server on hyper, and clients that are hyper's, with
//! our handshake, or made by hand on h2.

#[path = "../support/alloc.rs"]
mod alloc;
mod answers;
mod closing;
mod connections;
mod handshake;
mod hooks;
mod keep_alive;
mod mounts;
#[cfg(all(feature = "metrics", feature = "tracing"))]
mod observed;
mod raw;
mod siblings;
mod slow_peers;
mod sockets;
#[path = "../support/mod.rs"]
mod support;

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::{
    body::{Body, Incoming},
    client::conn::http2::SendRequest,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tower::{Layer, Service, service_fn};
use tower_websock::{
    Config, DeflateConfig, Error, Handler, Message, Subprotocol, WebSocket, WebSocketLayer,
    client::{self, Builder},
};

use self::support::{echo, raw::soon};

/// What a stream's peer may send before it is read.
const STREAM_WINDOW: u32 = 64 << 10;

/// What is not for a WebSocket gets the method and the path back.
async fn inner(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(format!(
        "{} {}",
        request.method(),
        request.uri()
    )))
}

fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http2()
        .enable_connect_protocol()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(16 << 20);
    http
}

/// Serves `handler` at /ws; what else is asked for is [`inner`]'s.
async fn serve<Args: 'static>(handler: impl Handler<Args> + Sync, config: Config) -> SocketAddr {
    let layer = WebSocketLayer::new(handler)
        .path("/ws")
        .config(config)
        .subprotocols([const { Subprotocol::from_static("chat") }]);
    serve_service(layer.layer(service_fn(inner))).await
}

/// Serves a service.
async fn serve_service<S, B>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_over(stream, service.clone()));
        }
    });
    addr
}

/// Serves a service on one connection.
async fn serve_over<S, B>(io: impl raw::Io, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let service = TowerToHyperService::new(service);
    let (http, io) = (http(), TokioIo::new(io));
    let _ = http.serve_connection_with_upgrades(io, service).await;
}

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
