//! Ours, as a tower layer on hyper: the plain loop, and compression by its defaults.

use std::convert::Infallible;

use http::Response;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};
use tower_websock::{Config, DeflateConfig, WebSocket, WebSocketLayer};

use super::{
    Form, MAX_MESSAGE,
    http1::{self, Upgrade},
};
use crate::Error;

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    let hello = async |_request: Upgrade| Ok::<_, Infallible>(Response::new(String::new()));
    let service = WebSocketLayer::new(echo)
        .path("/ws")
        .config(config(form))
        .layer(service_fn(hello));
    http1::serve(listener, TowerToHyperService::new(service)).await
}

fn config(form: Form) -> Config {
    let deflate = match form {
        Form::Batched | Form::Plain => DeflateConfig::new(),
        Form::Small => DeflateConfig::new()
            .server_max_window_bits(15)
            .client_max_window_bits(15),
    };
    Config::new().max_message_size(MAX_MESSAGE).deflate(deflate)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if message.is_data() && socket.send(message).await.is_err() {
            break;
        }
    }
}
