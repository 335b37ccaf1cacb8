//! An echo server over TLS, with HTTP/2 and HTTP/1.1. Serves <wss://localhost:8443/ws>, and a page to try it at /.
//!
//!     cargo run --release --example tls
//!
//! Its certificate is made at start and signed by itself, so that browsers ask before they
//! go on. Options: `--listen HOST:PORT`, and `--cert-out FILE` for clients that are to trust
//! the certificate.

#[path = "support/http_server.rs"]
mod http_server;
#[path = "support/page.rs"]
mod page;

use std::{env, error::Error, fs, future::pending, sync::Arc};

use http::request::Parts;
use rcgen::{Certificate, CertifiedKey, KeyPair, generate_simple_self_signed};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, signal::ctrl_c, time::timeout};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tower::{Layer, service_fn};
use tower_websock::{Config, DeflateConfig, WebSocket, WebSocketLayer};

const USAGE: &str = "tls [--listen HOST:PORT] [--cert-out FILE]";

/// The versions of HTTP to choose from, the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Tells the version of HTTP, and then sends every message back.
async fn echo(mut socket: WebSocket, request: Parts) -> Result<(), tower_websock::Error> {
    let version = format!("{:?}", request.version);
    // It holds the buffer that it was read to.
    drop(request);
    socket.send(version.into()).await?;
    while let Some(message) = socket.recv().await {
        let message = message?;
        if message.is_data() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> ! {
    let service = WebSocketLayer::new(echo)
        .path("/ws")
        .config(Config::new().deflate(DeflateConfig::new()))
        .layer(service_fn(page::at_root));
    loop {
        let (stream, peer) = http_server::accept(&listener).await;
        let (acceptor, service) = (acceptor.clone(), service.clone());
        tokio::spawn(async move {
            let served = match timeout(http_server::FIRST_REQUEST, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => http_server::serve(stream, service, pending()).await,
                Ok(Err(error)) => Err(error.into()),
                Err(elapsed) => Err(elapsed.into()),
            };
            if let Err(error) = served {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

fn tls(cert: Certificate, key: KeyPair) -> Result<TlsAcceptor, Box<dyn Error>> {
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.into()], key.into())?;
    config.alpn_protocols = ALPN.map(Vec::from).into();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn fingerprint(cert: &Certificate) -> String {
    let digest = Sha256::digest(cert.der());
    let bytes: Vec<_> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut listen = String::from("127.0.0.1:8443");
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
    let mut args = env::args().skip(1);
    while let Some(option) = args.next() {
        let value = args.next().ok_or(USAGE)?;
        match option.as_str() {
            "--listen" => listen = value,
            "--cert-out" => fs::write(value, cert.pem())?,
            _ => return Err(USAGE.into()),
        }
    }
    let listener = TcpListener::bind(listen).await?;
    println!("https://localhost:{}/", listener.local_addr()?.port());
    println!("SHA-256 of the certificate: {}", fingerprint(&cert));
    let acceptor = tls(cert, signing_key)?;
    tokio::select! {
        never = serve(listener, acceptor) => never,
        result = ctrl_c() => Ok(result?),
    }
}
