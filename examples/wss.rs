//! A client over TLS: sends a message, prints what comes until it is back, and closes.
//!
//!     cargo run --features rustls --example wss -- wss://localhost:8443/ws --ca cert.pem
//!
//! `--ca FILE` trusts the certificates in this PEM file, in place of those that the system trusts.

#[path = "support/causes.rs"]
mod causes;

use std::{env, error::Error, fs, process::ExitCode};

use tower_websock::{
    Message,
    client::{Builder, Tls},
};

const USAGE: &str = "wss wss://HOST[:PORT]/PATH [--ca FILE]";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = run().await else {
        return ExitCode::SUCCESS;
    };
    causes::print(&*error);
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let (uri, tls) = match args[..] {
        [uri] => (uri, Tls::platform()),
        [uri, "--ca", ca] => (uri, Tls::with_ca(&fs::read(ca)?)?),
        _ => return Err(USAGE.into()),
    };
    let mut socket = Builder::new().tls(tls).connect(uri).await?;
    let hello = Message::text("hello");
    socket.send(hello.clone()).await?;
    while let Some(message) = socket.recv().await {
        let message = message?;
        println!("{message:?}");
        if message == hello {
            break;
        }
    }
    println!("{:?}", socket.close(None).await?);
    Ok(())
}
