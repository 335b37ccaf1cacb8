//! An echo server on hyper, over HTTP/1.1 and HTTP/2 (h2c). Serves <ws://127.0.0.1:8888/ws>,
//! and a page to try it at /.
//!
//! Messages are compressed where the client offers it. Ctrl-C closes all sockets. Options: `--addr HOST:PORT`,
//! `--threads N`, `--max-message-size BYTES`, `--no-deflate`.

#[path = "support/http_server.rs"]
mod http_server;
#[path = "support/options.rs"]
mod options;
#[path = "support/page.rs"]
mod page;

use std::{future::pending, io, time::Duration};

use tokio::{net::TcpListener, signal::ctrl_c};
use tower::{Layer, service_fn};
use tower_websock::{Config, Connections, DeflateConfig, Drain, Error, WebSocket, WebSocketLayer};

/// Sends every message back.
async fn echo(mut socket: WebSocket) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if message.is_data() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn serve(listener: TcpListener, config: Config, connections: &Connections) -> ! {
    let service = WebSocketLayer::new(echo)
        .path("/ws")
        .config(config)
        .connections(connections)
        .layer(service_fn(page::at_root));
    loop {
        let (stream, _peer) = http_server::accept(&listener).await;
        tokio::spawn(http_server::serve(stream, service.clone(), pending()));
    }
}

fn main() -> io::Result<()> {
    let options = options::from_args();
    let mut config = Config::new().max_message_size(options.max_message_size);
    if options.deflate {
        config = config.deflate(DeflateConfig::new());
    }
    options.runtime()?.block_on(async {
        let listener = TcpListener::bind(&options.addr).await?;
        let addr = listener.local_addr()?;
        println!("ws://{addr}/ws, and a page to try it at http://{addr}/");
        let connections = Connections::new();
        tokio::select! {
            never = serve(listener, config, &connections) => never,
            result = ctrl_c() => result?,
        }
        // Nobody is accepted any more.
        let second = Duration::from_secs(1);
        let drain = Drain::new().accept_for(Duration::ZERO).spread(second);
        let drained = connections.drain(drain).await;
        println!("{} ended cleanly, {} did not", drained.clean, drained.cut);
        Ok(())
    })
}
