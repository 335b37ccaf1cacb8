//! An echo client, which the Autobahn Testsuite's fuzzing server tests.
//!
//!     cargo run --features client --example autobahn_client -- ws://127.0.0.1:9001
//!
//! Runs every case that the server has, one after the other, and has the reports written.
//! `tests/autobahn/run --role client` starts both and judges the reports. The exit status is
//! 1 if a command to the server failed; what becomes of a case is for the reports to tell.

use std::{env, error::Error, time::Duration};

use tower_websock::{Closure, Config, DeflateConfig, Message, WebSocket, client::Builder};

const AGENT: &str = "tower-websock";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = env::args().nth(1).ok_or("autobahn_client ws://HOST:PORT")?;
    let config = Config::new()
        .max_message_size(64 << 20)
        // The server writes its reports before it answers.
        .upgrade_timeout(Duration::from_secs(120));
    let commands = Builder::new().config(config.clone());
    let cases = Builder::new().config(config.deflate(DeflateConfig::new()));

    let mut socket = commands.connect(&format!("{server}/getCaseCount")).await?;
    let count: u32 = match socket.recv().await {
        Some(Ok(Message::Text(count))) => count.trim().parse()?,
        other => return Err(format!("no count of cases: {other:?}").into()),
    };
    must_be_clean(end(socket).await)?;

    // The server keeps one case at a time apart.
    for case in 1..=count {
        let uri = format!("{server}/runCase?case={case}&agent={AGENT}");
        match cases.connect(&uri).await {
            Ok(socket) => println!("{case}: {:?}", echo(socket).await),
            Err(error) => println!("{case}: not opened: {error}: {:?}", error.source()),
        }
    }

    let uri = format!("{server}/updateReports?agent={AGENT}");
    must_be_clean(end(commands.connect(&uri).await?).await)?;
    Ok(())
}

/// Sends every message back, and tells how the connection ended.
async fn echo(mut socket: WebSocket) -> Option<Closure> {
    while let Some(Ok(message)) = socket.recv().await {
        if message.is_data() && socket.send(message).await.is_err() {
            break;
        }
    }
    end(socket).await
}

/// Receives until the server, who closes each connection, has done so.
async fn end(mut socket: WebSocket) -> Option<Closure> {
    while socket.recv().await.is_some() {}
    socket.closure()
}

fn must_be_clean(closure: Option<Closure>) -> Result<(), String> {
    match closure {
        Some(closure) if closure.is_clean() => Ok(()),
        other => Err(format!("a command did not end cleanly: {other:?}")),
    }
}
