//! A client that a script drives, for the tests of interoperability.
//!
//!     cargo run --features client --example interop_client -- ws://127.0.0.1:8888/ws
//!
//! Reads commands from its input, one a line: `text FILE` and `binary FILE` send a message,
//! `ping TEXT` sends a ping, `close`, `close CODE` and `close CODE REASON` start to close.
//!
//! Prints what happens, one event a line: `open SUBPROTOCOL`, then `text LENGTH SHA256`,
//! `binary LENGTH SHA256`, `ping TEXT`, `pong TEXT` and `close CODE REASON` as they come, and
//! `end` after a Close or `failed CODE ERROR`. Without a connection it is `refused STATUS` and
//! the response's headers, or `error ERROR`. `tests/interop/run` starts it and judges the events.
//!
//! Options: `--subprotocol NAME`, `--header 'NAME: VALUE'` (both may be repeated),
//! `--origin ORIGIN`, `--max-message-size BYTES`, and `--deflate 'PARAMETER=VALUE; ...'` with
//! the parameters of permessage-deflate.

#[path = "support/input.rs"]
mod input;

use std::{convert::Infallible, env, error::Error, fs, future};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::UnboundedReceiver;
use tower_websock::{
    CloseFrame, Config, DeflateConfig, Message, RecvHalf, SendHalf, Subprotocol, Upgraded,
    WebSocket,
    client::{self, Builder},
};

const USAGE: &str = "interop_client [OPTION]... ws://HOST:PORT/PATH";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    match open().await? {
        Ok(socket) => {
            let subprotocol = socket.subprotocol().map_or("-", Subprotocol::as_str);
            println!("open {subprotocol}");
            let (sender, receiver) = socket.split();
            tokio::select! {
                () = receive(receiver) => {}
                never = obey(sender, input::lines()) => match never? {},
            }
        }
        Err(client::Error::Refused(response)) => {
            println!("refused {}", response.status().as_u16());
            for (name, value) in response.headers() {
                println!("{name}: {}", value.to_str()?);
            }
        }
        Err(error) => println!("error {error}"),
    }
    Ok(())
}

async fn open() -> Result<Result<WebSocket, client::Error>, Box<dyn Error>> {
    let mut builder = Builder::new();
    let mut config = Config::new().max_message_size(64 << 20);
    let mut subprotocols = Vec::new();
    let mut args = env::args().skip(1).peekable();
    while let Some(option) = args.next_if(|arg| arg.starts_with('-')) {
        let value = args.next().ok_or(USAGE)?;
        match option.as_str() {
            "--subprotocol" => subprotocols.push(value.parse()?),
            "--header" => {
                let (name, value) = value.split_once(": ").ok_or(USAGE)?;
                builder = builder.header(name.parse::<HeaderName>()?, value.parse()?);
            }
            "--origin" => builder = builder.origin(value.parse::<HeaderValue>()?),
            "--max-message-size" => config = config.max_message_size(value.parse()?),
            "--deflate" => config = config.deflate(deflate(&value)?),
            _ => return Err(USAGE.into()),
        }
    }
    let uri = args.next().ok_or(USAGE)?;
    let builder = builder.subprotocols(subprotocols).config(config);
    Ok(builder.connect(&uri).await)
}

/// The configuration that makes this offer. Windows are of 15 bits where it has none.
fn deflate(offer: &str) -> Result<DeflateConfig, Box<dyn Error>> {
    let mut config = DeflateConfig::new()
        .server_max_window_bits(15)
        .client_max_window_bits(15);
    for parameter in offer.split("; ") {
        config = match parameter.split_once('=').unwrap_or((parameter, "")) {
            ("server_no_context_takeover", _) => config.server_no_context_takeover(),
            ("client_no_context_takeover", _) => config.client_no_context_takeover(),
            ("server_max_window_bits", bits) => config.server_max_window_bits(bits.parse()?),
            ("client_max_window_bits", "") => config,
            ("client_max_window_bits", bits) => config.client_max_window_bits(bits.parse()?),
            _ => return Err(USAGE.into()),
        };
    }
    Ok(config)
}

/// Does as it is told.
async fn obey(
    mut sender: SendHalf<Upgraded>,
    mut commands: UnboundedReceiver<String>,
) -> Result<Infallible, Box<dyn Error>> {
    while let Some(command) = commands.recv().await {
        let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
        let message = match verb {
            "text" => Message::text(fs::read_to_string(rest)?),
            "binary" => Message::binary(fs::read(rest)?),
            "ping" => Message::Ping(Bytes::copy_from_slice(rest.as_bytes())),
            "close" if rest.is_empty() => Message::Close(None),
            "close" => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                Message::Close(Some(CloseFrame::new(code.parse()?, reason)))
            }
            _ => return Err(format!("unknown command {command}").into()),
        };
        sender.send(message).await?;
    }
    // What still comes is received.
    future::pending().await
}

async fn receive(mut receiver: RecvHalf<Upgraded>) {
    while let Some(message) = receiver.recv().await {
        match message {
            Ok(Message::Text(text)) => print("text", text.as_bytes()),
            Ok(Message::Binary(data)) => print("binary", &data),
            Ok(Message::Ping(data)) => println!("ping {}", String::from_utf8_lossy(&data)),
            Ok(Message::Pong(data)) => println!("pong {}", String::from_utf8_lossy(&data)),
            Ok(Message::Close(Some(frame))) => println!("close {} {}", frame.code, frame.reason),
            Ok(Message::Close(None)) => println!("close"),
            Err(tower_websock::Error::Protocol(error)) => {
                println!("failed {} {error}", error.close_code());
            }
            Err(error) => println!("failed 1006 {error}"),
        }
    }
    println!("end");
}

fn print(kind: &str, payload: &[u8]) {
    print!("{kind} {} ", payload.len());
    for byte in Sha256::digest(payload) {
        print!("{byte:02x}");
    }
    println!();
}
