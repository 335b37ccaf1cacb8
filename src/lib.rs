//! WebSockets (RFC 6455, RFC 8441) for tower, hyper and axum: strict, fast, and closed cleanly.
//!
//! A [`WebSocketLayer`] or [`WebSocketService`] answers the opening handshake inside any
//! tower stack, and gives each connection to your handler as a [`WebSocket`], a
//! [`Stream`](futures_core::Stream) and [`Sink`](futures_sink::Sink) of [`Message`]s. In
//! axum, [`axum::WebSocketUpgrade`] is an extractor with the names of `axum::extract::ws`.
//!
//! ```toml
//! [dependencies]
//! http = "1.3"
//! hyper = { version = "1.12", features = ["http1", "server"] }
//! tower = { version = "0.5.2", features = ["util"] }
//! tower-websock = "0.1"
//! ```
//!
//! ```
//! use tower::{ServiceBuilder, service_fn};
//! use tower_websock::{Error, WebSocket, WebSocketLayer};
//!
//! async fn echo(mut socket: WebSocket) -> Result<(), Error> {
//!     while let Some(message) = socket.recv().await {
//!         let message = message?;
//!         if message.is_data() {
//!             socket.send(message).await?;
//!         }
//!     }
//!     Ok(())
//! }
//!
//! // Around any HTTP service; serve it with upgrades enabled, as the README does.
//! let service = ServiceBuilder::new()
//!     .layer(WebSocketLayer::new(echo).path("/ws"))
//!     .service(service_fn(|_request: http::Request<hyper::body::Incoming>| async {
//!         Ok::<_, std::convert::Infallible>(http::Response::new(String::from("hello")))
//!     }));
//! ```
//!
//! # How it is built
//!
//! ```text
//! request ──> WebSocketService ──not for us──> inner service
//!                  │ validates (RFC 6455, section 4.2; RFC 8441, section 5)
//!                  ├─ refused: an HTTP response with a typed Rejection
//!                  └─ accepted: 101 (HTTP/1.1) or 200 (HTTP/2), then a task:
//!                       hyper upgrade ──> WebSocket: Stream + Sink ──> your handler
//! ```
//!
//! A file imports only from its own directory and from lower layers; `tests/layering.rs`
//! checks it.
//!
//! | layer | directory | what it holds |
//! |---|---|---|
//! | 7 | `axum` | the face to axum |
//! | 6 | `service` | the face to tower |
//! | 5 | `upgrade`, `client` | from a request to a supervised handler, and from a URI to a socket, on hyper |
//! | 4 | `stream` | tokio IO around the protocol: the socket, its halves, the end of the transport |
//! | 3 | `protocol`, `handshake` | the connection and the opening handshake, without IO |
//! | 2 | `message`, `config` | values that users touch |
//! | 1 | `deflate` | compression (RFC 7692): settings, negotiation, codec |
//! | 0 | `wire` | the bytes of RFC 6455, section 5, and the grammar of header fields |
//!
//! # What always holds
//!
//! - `wire`, `protocol` and `handshake` do no IO, spawn nothing, and read no clock and no
//!   randomness. Every rule of the RFCs lives there, with its clause at the line.
//! - A violation by the peer is answered with a Close frame with the right code at the
//!   first byte that shows it, and nothing that comes after it is interpreted.
//! - Nothing is allocated by a number that the peer sent, only by bytes that arrived: a message
//!   that waits for more has room for twice those at most, and one that is being read for 1 MiB,
//!   if it is more.
//! - Payload bytes are unmasked once, validated once, and copied at most once each way; small
//!   texts that came together are copied twice.
//! - An idle connection holds no buffer.
//! - No handler starts unless the response that accepts was sent: see [`ResponseBody`].
//! - Our last frame arrives: the transport is shut down, then drained, then dropped.
//! - Dropping a future of [`WebSocket`] at any point loses nothing.
//! - A handler's task supervises the connection: see [`Accepting::supervise`].
//!
//! # Features
//!
//! - `axum`: the module [`axum`].
//! - `client`: the module [`client`], and [`WebSocket::pair`] for tests.
//! - `http2`, on by default: WebSockets over HTTP/2 (RFC 8441), where hyper's server enables
//!   them with `enable_connect_protocol`. The README tells how to mount it, and what differs.
//! - `deflate`, on by default: compression of messages, negotiated as permessage-deflate
//!   (RFC 7692) where `Config::deflate` turns it on.

#![forbid(unsafe_code)]
// On docs.rs what belongs to a feature says so.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod config;
mod deflate;
mod handshake;
mod message;
mod pool;
mod protocol;
#[cfg(test)]
mod randomised;
mod service;
mod stream;
mod upgrade;
mod wire;

#[cfg(feature = "axum")]
pub mod axum;

#[cfg(feature = "client")]
pub mod client;

// Chapters, for the documentation only.
#[cfg(doc)]
pub mod docs;

#[cfg(feature = "deflate")]
pub use self::deflate::DeflateConfig;
#[cfg(feature = "client")]
pub use self::handshake::AnswerError;
pub use self::{
    config::{Config, InvalidSubprotocol, Subprotocol},
    handshake::{InvalidOrigin, OriginPolicy, PageRequest, Rejection},
    message::{CloseFrame, InvalidClose, Message, NotUtf8, Utf8Bytes},
    protocol::{Closure, Initiator},
    service::{Handler, ResponseFuture, WebSocketLayer, WebSocketService},
    stream::{Error, ProvidedIo, RecvHalf, Release, SendHalf, Upgraded, WebSocket},
    upgrade::{Accepting, Outcome, ResponseBody, Supervise, UpgradeError, WebSocketUpgrade},
    wire::{CloseCode, ProtocolError, Role, close_code},
};

/// The names that most programs use, for `use tower_websock::prelude::*`.
///
/// Unlike the crate's root it has no module `axum` or `client`, which would hide crates of those
/// names.
pub mod prelude {
    pub use crate::{
        CloseFrame, Config, Message, OriginPolicy, Subprotocol, WebSocket, WebSocketLayer,
        WebSocketService, WebSocketUpgrade,
    };
}

/// The examples of the README are compiled and run as tests.
#[cfg(all(doctest, feature = "full"))]
#[doc = include_str!("../README.md")]
mod readme {}
