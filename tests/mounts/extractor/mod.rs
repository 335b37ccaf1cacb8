//! Programs written for `axum::extract::ws` 0.8, with one `use` line changed.

mod programs;
mod refusals;
mod sockets;
mod values;

use std::net::SocketAddr;

use axum::{Router, body::Body, extract::Request, routing::any};
use http::Uri;
use tokio::net::{TcpListener, TcpStream};

// The line to change.
use tower_websock::axum::{Message, WebSocket};

use tower_websock::ProvidedIo;

use crate::support::{
    self,
    raw::{Client, RawRequest},
};

/// Serves `router` until the test ends.
async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    address
}

async fn connect(address: SocketAddr) -> Client<TcpStream> {
    Client::new(TcpStream::connect(address).await.unwrap())
}

/// A client of the endpoint `/ws` of a router of its own.
async fn client_of<H, T>(handler: H) -> Client<TcpStream>
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    let address = serve(Router::new().route("/ws", any(handler))).await;
    connect(address).await
}

fn handshake() -> RawRequest {
    RawRequest::handshake()
}

fn offering(protocols: &str) -> RawRequest {
    handshake().with("Sec-WebSocket-Protocol", protocols)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        match message {
            Message::Text(_) | Message::Binary(_) => {
                if socket.send(message).await.is_err() {
                    break;
                }
            }
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
        }
    }
}

async fn unused(_socket: WebSocket) {
    panic!("the handler was called");
}

/// A handshake that comes with its connection.
fn connected(io: &ProvidedIo) -> Request {
    let mut request = support::handshake().map(|()| Body::empty());
    *request.uri_mut() = Uri::from_static("/");
    request.extensions_mut().insert(io.clone());
    request
}

/// A handshake whose connection another request has used already.
async fn unconnected() -> Request {
    let (_client, server) = tokio::io::duplex(64);
    let io = ProvidedIo::new(server);
    let mut parts = connected(&io).into_parts().0;
    let upgrade = tower_websock::WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let (_response, accepting) = upgrade.accept::<Body>().unwrap();
    drop(accepting.socket().await.unwrap());
    connected(&io)
}
