//! An echo server in axum. Serves <ws://127.0.0.1:8888/ws>, and a page to try it at /.

use axum::{
    Router,
    response::Html,
    response::Response,
    routing::{any, get},
};
use tower_websock::axum::{WebSocket, WebSocketUpgrade};

async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(echo)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if message.is_data() && socket.send(message).await.is_err() {
            break;
        }
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new()
        .route("/ws", any(upgrade))
        .route("/", get(|| async { Html(include_str!("echo.html")) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8888").await?;
    println!(
        "ws://{0}/ws, and a page to try it at http://{0}/",
        listener.local_addr()?
    );
    axum::serve(listener, app).await
}
