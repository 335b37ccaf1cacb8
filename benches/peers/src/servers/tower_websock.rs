//! Ours, as a tower layer on hyper: the plain loop.

use std::convert::Infallible;

use http::Response;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};
use tower_websock::{Config, WebSocket, WebSocketLayer};

use super::{
    MAX_MESSAGE,
    http1::{self, Upgrade},
};
use crate::Error;

pub(super) async fn serve(listener: TcpListener) -> Result<(), Error> {
    let hello = async |_request: Upgrade| Ok::<_, Infallible>(Response::new(String::new()));
    let service = WebSocketLayer::new(echo)
        .path("/ws")
        .config(Config::new().max_message_size(MAX_MESSAGE))
        .layer(service_fn(hello));
    http1::serve(listener, TowerToHyperService::new(service)).await
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if message.is_data() && socket.send(message).await.is_err() {
            break;
        }
    }
}
