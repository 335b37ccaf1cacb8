//! An echo server in axum. Serves <ws://127.0.0.1:8888/ws>, and a page to try it at /.
//!
//! Takes another HOST:PORT as its argument. Ctrl-C closes all sockets.

#[path = "support/http_server.rs"]
mod http_server;
#[path = "support/page.rs"]
mod page;

use std::{env, future::pending, io, time::Duration};

use axum::{Router, extract::State, response::Response, routing::any};
use tokio::{net::TcpListener, signal::ctrl_c};
use tower::service_fn;
use tower_websock::{
    Connections, Drain,
    axum::{WebSocket, WebSocketUpgrade},
};

async fn upgrade(upgrade: WebSocketUpgrade, State(connections): State<Connections>) -> Response {
    upgrade.connections(&connections).on_upgrade(echo)
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
    let connections = Connections::new();
    let app = Router::new()
        .route("/ws", any(upgrade))
        .with_state(connections.clone())
        .fallback_service(service_fn(page::at_root));
    let addr = env::args().nth(1);
    let listener = TcpListener::bind(addr.as_deref().unwrap_or("127.0.0.1:8888")).await?;
    println!(
        "ws://{0}/ws, and a page to try it at http://{0}/",
        listener.local_addr()?
    );
    tokio::select! {
        never = serve(listener, app) => never,
        result = ctrl_c() => result?,
    }
    // Nobody is accepted any more.
    let drain = Drain::new().accept_for(Duration::ZERO);
    connections
        .drain(drain.spread(Duration::from_secs(1)))
        .await;
    Ok(())
}

/// Not by `axum::serve`, which sets neither a timer nor `TCP_NODELAY`.
async fn serve(listener: TcpListener, app: Router) -> ! {
    loop {
        let (stream, _peer) = http_server::accept(&listener).await;
        tokio::spawn(http_server::serve(stream, app.clone(), pending()));
    }
}
