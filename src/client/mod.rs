//! WebSocket client: opens connections over TCP, TLS, Unix sockets, HTTP/2 or your own HTTP client.
//!
//! ```toml
//! [dependencies]
//! tokio = { version = "1.49", features = ["macros", "rt-multi-thread"] }
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
//! A [`Builder`] sets headers, subprotocols and limits, follows redirects if asked, and performs the
//! handshake over any transport. To use your own HTTP client, send the request from
//! [`Builder::request`], then complete the [`Pending`] handshake with the response.
//!
//! With the feature `rustls`, `wss://` URIs work the same way:
//!
//! ```no_run
//! # #[cfg(feature = "rustls")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut socket = tower_websock::client::connect("wss://example.com/ws").await?;
//! # Ok(())
//! # }
//! ```
//!
//! Certificates are checked as the platform does it. The type `Tls` has other choices: Mozilla's
//! list, a certificate authority of your own, or a `ClientConfig` of rustls. A [`Proxy`] is used
//! only if you set one; this includes the environment's.
//!
//! The socket is the same [`WebSocket`] type as a server's, but without a supervisor: it works
//! only while one of its methods runs. End it with [`close`](WebSocket::close).
//!
//! A [`Reconnecting`] opens the next connection when one ends, and backs off before (RFC 6455,
//! section 7.2.3).
//!
//! One rule is left to the application, because only it knows all its connections: RFC 6455,
//! section 4.1 item 2 asks a client to have at most one connection to a host in the connecting
//! state. A [`Reconnecting`] has at most one.

mod builder;
mod connect;
mod deadline;
mod error;
mod exchange;
mod headers;
#[cfg(feature = "http2")]
mod http2;
mod open;
mod pending;
pub mod reconnecting;
mod redirect;
mod refusal;
mod service;
mod stage;
#[cfg(test)]
mod tests;

#[cfg(feature = "rustls")]
pub use self::connect::Tls;
#[cfg(feature = "http2")]
pub use self::http2::extended_connect;
pub use self::{
    builder::Builder,
    connect::{CertificateFault, InvalidProxy, Proxy, ProxyError, TlsError},
    error::Error,
    pending::Pending,
    reconnecting::{Reconnecting, ReconnectingBuilder, Retry},
    redirect::RedirectError,
    stage::Stage,
};
use crate::stream::WebSocket;

/// Opens a connection to a `ws://` URI, or with the feature `rustls` to a `wss://` URI, with the
/// defaults: see [`Builder::connect`].
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
