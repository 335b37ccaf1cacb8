//! WebSocket client: opens connections over TCP, HTTP/2, your own TLS or your own HTTP client.
//!
//! ```toml
//! [dependencies]
//! tokio = { version = "1.48", features = ["macros", "rt-multi-thread"] }
//! tower-websock = { version = "0.1", features = ["client"] }
//! ```
//!
//! ```no_run
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut socket = tower_websock::client::connect("ws://127.0.0.1:8888/ws").await?;
//!     socket.send("hello".into()).await?;
//!     while let Some(message) = socket.recv().await {
//!         println!("{:?}", message?);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A [`Builder`] sets headers, subprotocols and limits, and performs the handshake over any
//! transport. To use your own HTTP client, send the request from [`Builder::request`], then
//! complete the [`Pending`] handshake with the response.
//!
//! For `wss://`, bring your own TLS. This example uses tokio-rustls, and trusts the certificate
//! authorities that Mozilla trusts (webpki-roots):
//!
//! ```toml
//! [dependencies]
//! tokio = { version = "1.48", features = ["net"] }
//! tokio-rustls = { version = "0.26", default-features = false, features = ["ring", "tls12"] }
//! tower-websock = { version = "0.1", features = ["client"] }
//! webpki-roots = "1"
//! ```
//!
//! ```no_run
//! use std::{error::Error, sync::Arc};
//!
//! use tokio::net::TcpStream;
//! use tokio_rustls::{
//!     TlsConnector,
//!     rustls::{ClientConfig, RootCertStore},
//! };
//! use tower_websock::{WebSocket, client::Builder};
//!
//! async fn connect() -> Result<WebSocket, Box<dyn Error>> {
//!     let tcp = TcpStream::connect(("example.com", 443)).await?;
//!     tcp.set_nodelay(true)?;
//!     let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
//!     let config = ClientConfig::builder()
//!         .with_root_certificates(roots)
//!         .with_no_client_auth();
//!     // Fails unless the certificate is valid for this name.
//!     let tls = TlsConnector::from(Arc::new(config))
//!         .connect("example.com".try_into()?, tcp)
//!         .await?;
//!     Ok(Builder::new().handshake("wss://example.com/ws", tls).await?)
//! }
//! ```
//!
//! The socket is the same [`WebSocket`] type as a server's, but without a supervisor: it works
//! only while one of its methods runs. End it with [`close`](WebSocket::close).
//!
//! Two rules are left to the application, because only it knows all its connections. RFC 6455,
//! section 4.1 item 2 asks a client to have at most one connection to a host in the connecting
//! state. Section 7.2.3 asks it to back off before it reconnects after a failure.

mod builder;
mod error;
mod exchange;
#[cfg(feature = "http2")]
mod http2;
mod pending;
mod service;
#[cfg(test)]
mod tests;

#[cfg(feature = "http2")]
pub use self::http2::extended_connect;
pub use self::{builder::Builder, error::Error, pending::Pending};
use crate::stream::WebSocket;

/// Opens a connection to a `ws://` URI over TCP, with the defaults.
///
/// # Errors
///
/// See [`Error`].
///
/// # Cancel safety
///
/// Dropping the future drops the connection.
pub async fn connect(uri: &str) -> Result<WebSocket, Error> {
    Builder::new().connect(uri).await
}
