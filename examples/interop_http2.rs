//! A server of HTTP/2 that tells how its sockets end, for the tests of interoperability.
//!
//!     cargo run --example interop_http2 -- --addr 127.0.0.1:0
//!
//! Sends every message back, but obeys some texts: `sleep MS` receives nothing for so many
//! milliseconds, `flood BYTES` sends messages of that size for ever, `close CODE` closes.
//!
//! Prints its URL first, then one line for each socket that ends: the query of its URL, how
//! many messages it received, and `clean CODE`, `failed CODE` or `lost`. `tests/interop/http2/run`
//! starts it and judges the lines.

#[path = "support/http_server.rs"]
mod http_server;
#[path = "support/options.rs"]
mod options;

use std::{convert::Infallible, io, time::Duration};

use http::{Request, Response, request::Parts};
use hyper::body::Incoming;
use tokio::{net::TcpListener, time::sleep};
use tower::{Layer, service_fn};
use tower_websock::{
    CloseFrame, Closure, Config, DeflateConfig, Error, Message, Subprotocol, WebSocket,
    WebSocketLayer, close_code,
};

async fn serve_socket(mut socket: WebSocket, request: Parts) {
    let name = request.uri.query().unwrap_or("?").to_owned();
    drop(request);
    let mut received = 0;
    let _ = obey(&mut socket, &mut received).await;
    println!("{name} {received} {}", ending(socket.closure()));
}

async fn obey(socket: &mut WebSocket, received: &mut u64) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if !message.is_data() {
            continue;
        }
        *received += 1;
        match command(&message) {
            Some(("sleep", millis)) => sleep(Duration::from_millis(millis)).await,
            Some(("flood", bytes)) => flood(socket, bytes).await?,
            Some(("close", code)) => {
                let code = u16::try_from(code).unwrap_or(close_code::NORMAL);
                socket.close(Some(CloseFrame::new(code, "as told"))).await?;
            }
            _ => socket.send(message).await?,
        }
    }
    Ok(())
}

/// A text of a word and a number.
fn command(message: &Message) -> Option<(&str, u64)> {
    let Message::Text(text) = message else {
        return None;
    };
    let (word, number) = text.split_once(' ')?;
    Some((word, number.parse().ok()?))
}

async fn flood(socket: &mut WebSocket, bytes: u64) -> Result<(), Error> {
    let message = Message::binary(vec![0; usize::try_from(bytes).unwrap_or_default()]);
    loop {
        socket.send(message.clone()).await?;
    }
}

fn ending(closure: Option<Closure>) -> String {
    match closure {
        Some(Closure::Clean { frame, .. }) => {
            format!("clean {}", frame.map_or(1005, |frame| frame.code))
        }
        Some(Closure::Failed(error)) => format!("failed {}", error.close_code()),
        Some(Closure::Lost) => String::from("lost"),
        _ => String::from("open"),
    }
}

/// What is no WebSocket.
async fn inner(_request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(String::from("no WebSocket\n")))
}

async fn serve(listener: TcpListener, config: Config) -> ! {
    let service = WebSocketLayer::new(serve_socket)
        .path("/ws")
        .config(config)
        .subprotocols([const { Subprotocol::from_static("chat") }])
        .layer(service_fn(inner));
    loop {
        let (stream, _peer) = http_server::accept(&listener).await;
        tokio::spawn(http_server::serve(stream, service.clone()));
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
        println!("ws://{}/ws", listener.local_addr()?);
        serve(listener, config).await
    })
}
