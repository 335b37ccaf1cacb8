//! An echo server in axum. Serves <ws://127.0.0.1:8888/ws>, and a page to try it at /.
//!
//! Takes another HOST:PORT as its argument.

#[path = "support/http_server.rs"]
mod http_server;
#[path = "support/page.rs"]
mod page;

use std::{env, io};

use axum::{Router, response::Response, routing::any};
use tokio::net::TcpListener;
use tower::service_fn;
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
async fn main() -> io::Result<()> {
    let app = Router::new()
        .route("/ws", any(upgrade))
        .fallback_service(service_fn(page::at_root));
    let addr = env::args().nth(1);
    let listener = TcpListener::bind(addr.as_deref().unwrap_or("127.0.0.1:8888")).await?;
    println!(
        "ws://{0}/ws, and a page to try it at http://{0}/",
        listener.local_addr()?
    );
    // Not by `axum::serve`, which sets neither a timer nor TCP_NODELAY.
    loop {
        let (stream, _peer) = http_server::accept(&listener).await;
        tokio::spawn(http_server::serve(stream, app.clone()));
    }
}
