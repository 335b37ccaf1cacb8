//! Ours, as an extractor in axum: the plain loop, and compression by its defaults.

use axum::{Router, response::Response, routing::any};
use tokio::net::TcpListener;
use tower_websock::{
    Config, DeflateConfig,
    axum::{WebSocket, WebSocketUpgrade},
};

use super::{MAX_MESSAGE, axum::no_delay};
use crate::Error;

pub(super) async fn serve(listener: TcpListener) -> Result<(), Error> {
    let app = Router::new().route("/ws", any(upgrade));
    // axum::serve ends with the process only.
    axum::serve(no_delay(listener), app).await?;
    Ok(())
}

async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
    let config = Config::new().max_message_size(MAX_MESSAGE);
    let config = config.deflate(DeflateConfig::new());
    upgrade.config(config).on_upgrade(echo)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if message.is_data() && socket.send(message).await.is_err() {
            break;
        }
    }
}
