//! Redirects to TLS, and from it.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tower_websock::client::{Builder, Error, RedirectError, Tls};

use super::{following, leading_to, redirect};
use crate::{
    certificates::{Authority, serve},
    site::{Site, values},
};

fn trusting(authority: &Authority) -> Builder {
    following(5).tls(Tls::with_ca(authority.pem().as_bytes()).unwrap())
}

/// A server over TLS that leads everybody to `location`.
async fn secure_leading_to(config: ServerConfig, location: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            let mut io = acceptor.accept(io).await.unwrap();
            // What comes before the request is no answer to it.
            assert!(io.read(&mut [0; 1024]).await.unwrap() > 0);
            io.write_all(&redirect(302, &location)).await.unwrap();
            let _ = io.read_to_end(&mut Vec::new()).await;
        }
    });
    address
}

/// From `ws` to `wss`, by both names of it, without credentials: it is another port.
#[tokio::test]
async fn redirect_to_wss_is_followed() {
    let authority = Authority::new();
    let (secure, mut seen) = serve(authority.server(&["localhost"])).await;
    for scheme in ["wss", "https"] {
        let site = leading_to(format!("{scheme}://localhost:{}/ws", secure.port())).await;
        let builder = trusting(&authority).header("authorization", "Bearer x");
        let mut socket = builder.connect(&site.uri("/")).await.unwrap();
        assert_eq!(
            seen.recv().await.unwrap().name.as_deref(),
            Some("localhost")
        );
        assert_eq!(values(&site.heads()[0], "authorization"), ["Bearer x"]);
        socket.close(None).await.unwrap();
    }
}

/// From `wss` to `wss`: each server proves its name.
#[tokio::test]
async fn redirect_from_wss_to_wss_is_followed() {
    let authority = Authority::new();
    let (secure, _seen) = serve(authority.server(&["localhost"])).await;
    let config = || authority.server(&["localhost"]);
    let location = format!("https://localhost:{}/ws", secure.port());
    let first = secure_leading_to(config(), location).await;
    let uri = format!("wss://localhost:{}/", first.port());
    let builder = trusting(&authority);
    builder.connect(&uri).await.unwrap();
    // A name that the certificate does not have.
    let location = format!("https://127.0.0.1:{}/ws", secure.port());
    let first = secure_leading_to(config(), location).await;
    let uri = format!("wss://localhost:{}/", first.port());
    let error = builder.connect(&uri).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
}

/// What is encrypted stays encrypted: nobody is asked in clear text.
#[tokio::test]
async fn redirect_from_wss_to_ws_is_not_followed() {
    let authority = Authority::new();
    let site = Site::accepting().await;
    for scheme in ["ws", "http"] {
        let location = format!("{scheme}://{}/ws", site.addr);
        let secure = secure_leading_to(authority.server(&["localhost"]), location).await;
        let uri = format!("wss://localhost:{}/", secure.port());
        let error = trusting(&authority).connect(&uri).await.unwrap_err();
        let Error::Redirect(RedirectError::Insecure, response) = error else {
            panic!("{error:?}");
        };
        assert_eq!(response.body(), "moved");
    }
    assert!(site.heads().is_empty());
}
