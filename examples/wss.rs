//! A client over TLS: sends a message, prints what comes until it is back, and closes.
//!
//!     cargo run --features client --example wss -- wss://localhost:8443/ws --ca cert.pem
//!
//! `--ca FILE` trusts the certificates in this PEM file, in place of those that Mozilla trusts.

#[path = "support/causes.rs"]
mod causes;

use std::{env, error::Error, process::ExitCode, sync::Arc};

use http::Uri;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use tower_websock::{Message, WebSocket, client::Builder};

const USAGE: &str = "wss wss://HOST[:PORT]/PATH [--ca FILE]";

/// Connects by TCP, then TLS, then WebSocket.
async fn connect(uri: &str, roots: RootCertStore) -> Result<WebSocket, Box<dyn Error>> {
    let parsed: Uri = uri.parse()?;
    let host = parsed.host().ok_or(USAGE)?.trim_matches(['[', ']']);
    let tcp = TcpStream::connect((host, parsed.port_u16().unwrap_or(443))).await?;
    tcp.set_nodelay(true)?;

    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Checks that the certificate is the host's.
    let name = ServerName::try_from(host.to_owned())?;
    let tls = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await?;

    Ok(Builder::new().handshake(uri, tls).await?)
}

fn roots(ca: Option<&str>) -> Result<RootCertStore, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(file) => {
            for certificate in CertificateDer::pem_file_iter(file)? {
                roots.add(certificate?)?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    Ok(roots)
}

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
    let (uri, ca) = match args[..] {
        [uri] => (uri, None),
        [uri, "--ca", ca] => (uri, Some(ca)),
        _ => return Err(USAGE.into()),
    };
    let mut socket = connect(uri, roots(ca)?).await?;
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
