//! A small client: what is typed is sent, line by line, and what comes is printed.
//!
//!     cargo run --features client --example client -- ws://127.0.0.1:8888/ws
//!
//! Options: `--subprotocol NAME`, `--header 'NAME: VALUE'` (both may be repeated), `--deflate`.
//! The end of the input closes the connection. The exit status is 0 if the closing handshake
//! was completed, 1 if the connection was lost or failed, and 2 if there was none.

#[path = "support/causes.rs"]
mod causes;
#[path = "support/input.rs"]
mod input;

use std::{env, error::Error, process::ExitCode};

use tower_websock::{
    CloseFrame, Closure, Config, DeflateConfig, Loss, Message, Subprotocol, WebSocket,
    client::Builder, close_code,
};

const USAGE: &str =
    "client [--subprotocol NAME] [--header 'NAME: VALUE'] [--deflate] ws://HOST:PORT/PATH";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match open().await {
        Ok(socket) => talk(socket).await,
        Err(error) => {
            causes::print(&*error);
            ExitCode::from(2)
        }
    }
}

async fn open() -> Result<WebSocket, Box<dyn Error>> {
    let mut builder = Builder::new();
    let mut subprotocols = Vec::new();
    let mut uri = None;
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--subprotocol" => {
                subprotocols.push(args.next().ok_or(USAGE)?.parse::<Subprotocol>()?);
            }
            "--header" => {
                let header = args.next().ok_or(USAGE)?;
                let (name, value) = header.split_once(':').ok_or(USAGE)?;
                builder = builder.header(name, value.trim());
            }
            "--deflate" => {
                builder = builder.config(Config::new().deflate(DeflateConfig::new()));
            }
            _ if uri.is_none() && !arg.starts_with('-') => uri = Some(arg),
            _ => return Err(USAGE.into()),
        }
    }
    let builder = builder.subprotocols(subprotocols);
    let socket = builder.connect(&uri.ok_or(USAGE)?).await?;
    match socket.subprotocol() {
        Some(name) => eprintln!("connected, subprotocol {name}"),
        None => eprintln!("connected"),
    }
    Ok(socket)
}

async fn talk(mut socket: WebSocket) -> ExitCode {
    let mut lines = input::lines();
    let mut is_typing = true;
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(message)) => print(&message),
                Some(Err(error)) => eprintln!("error: {error}"),
                None => break,
            },
            line = lines.recv(), if is_typing => {
                let message = if let Some(line) = line {
                    line.into()
                } else {
                    is_typing = false;
                    // What still comes before the peer's Close is received.
                    Message::Close(Some(CloseFrame::new(close_code::NORMAL, "")))
                };
                if let Err(error) = socket.send(message).await {
                    eprintln!("not sent: {error}");
                }
            }
        }
    }
    let closure = socket.closure().unwrap_or(Closure::Lost(Loss::Cut));
    eprintln!("{closure}");
    ExitCode::from(u8::from(!closure.is_clean()))
}

fn print(message: &Message) {
    match message {
        Message::Text(text) => println!("text: {text}"),
        Message::Binary(data) => println!("binary, {} bytes: {data:?}", data.len()),
        Message::Ping(data) => println!("ping: {data:?}"),
        Message::Pong(data) => println!("pong: {data:?}"),
        Message::Close(Some(frame)) => println!("close {}: {}", frame.code, frame.reason),
        Message::Close(None) => println!("close"),
    }
}
