//! WebSockets (RFC 6455) for tower, hyper and axum, over HTTP/1.1 and HTTP/2.
//!
//! Use it when your Rust HTTP application serves WebSockets and you want every frame checked,
//! every connection closed properly, and a plain `recv`/`send` loop that is fast without tuning. A
//! client is included. The module [`docs`] has chapters by topic.
//!
//! # Mount it
//!
//! A [`WebSocketLayer`] answers WebSocket requests and passes every other request to the service
//! that it wraps. A [`WebSocketService`] does not need another service; use it as a route.
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
//! let service = ServiceBuilder::new()
//!     .layer(WebSocketLayer::new(echo).path("/ws"))
//!     .service(service_fn(|_request: http::Request<hyper::body::Incoming>| async {
//!         Ok::<_, std::convert::Infallible>(http::Response::new(String::from("hello")))
//!     }));
//! ```
//!
//! Serve it with hyper's upgrades enabled, as the whole program in the README does. In axum, use
//! the extractor [`axum::WebSocketUpgrade`]: its module has the same names as `axum::extract::ws`.
//! For HTTP/2 and TLS, see [`docs::serving`].
//!
//! The [`Handler`] runs in its own task. The task answers pings, and writes queued messages
//! whenever the handler waits. A [`WebSocket`] is a [`Stream`](futures_core::Stream) and a
//! [`Sink`](futures_sink::Sink) of [`Message`]s: see [`docs::handlers`].
//!
//! # Configure it
//!
//! [`Config`] sets limits and timeouts, [`OriginPolicy`] decides which web pages may connect, and
//! [`Subprotocol`]s are negotiated: see [`docs::limits`]. By default, a message has at most 1 MiB,
//! and only pages from the same host may connect. [`Config::deflate`] turns compression on: see
//! [`docs::compression`].
//!
//! # Shut it down
//!
//! When a handler returns, fails, panics or drops its socket, its task closes the connection. HTTP
//! servers do not wait for these tasks. [`Connections`] does: its [`drain`](Connections::drain)
//! closes all of them, in stages, and waits for them. It also limits how many there may be, lists
//! them, and closes single ones. See [`docs::shutdown`].
//!
//! # Test it
//!
//! With the feature `client`, [`Builder::connect_service`](client::Builder::connect_service)
//! connects a client to any service in memory, without a network: see [`docs::testing`].
//!
//! # Connect to a server
//!
//! With the feature `client`, [`client::connect`] opens a connection, and a [`client::Builder`]
//! opens one through a proxy, over HTTP/2 or your own transport: see [`docs::client`]. A
//! [`client::Reconnecting`] opens the next connection when one ends. The feature `rustls` adds
//! `wss://`.
//!
//! # Features
//!
//! - `axum`: the module [`axum`].
//! - `client`: the module [`client`], and [`WebSocket::pair`] for tests.
//! - `http2`, on by default: WebSockets over HTTP/2 (RFC 8441), if hyper's server enables them
//!   with `enable_connect_protocol`.
//! - `rustls`: `wss://` in the client, by rustls on *ring*, with the platform's verifier. It implies
//!   `client`.
//! - `webpki-roots`: `client::Tls::webpki_roots`, which needs no certificates of the system. It
//!   implies `rustls`.
//! - `deflate`, on by default: permessage-deflate (RFC 7692), if [`Config::deflate`] turns it on.
//! - `metrics`: counters for any exporter of the crate `metrics`: see [`docs::operations`].
//! - `tracing`: a span per connection and a few events: see [`docs::operations`].
//! - `full`: all of the above.
//! - `axum-message`: [`From`] both ways between [`Message`], [`CloseFrame`] and [`Utf8Bytes`] and
//!   those of `axum::extract::ws` in axum 0.8, and a [`Compat`] socket for libraries that take
//!   any stream and sink of these. It implies `axum`.
//! - `tungstenite`: the same for tungstenite 0.30. The last two are not in `full`.
//!
//! # What always holds
//!
//! - The code that follows the rules of the RFCs has no IO, no clock and no randomness, and cites
//!   the clause at each line that obeys one. The only exception is the order in which a TCP
//!   connection ends (7.1.1), which is kept in the code that does IO.
//! - A violation by the peer is answered with a Close frame with the right code, at the first byte
//!   that shows it. An error inside a compressed message shows only when the message is
//!   decompressed: once it is complete and the handler receives it. Nothing that comes after a
//!   violation is interpreted.
//! - Memory is allocated for bytes that arrived, never for a length that the peer announced. An
//!   incomplete message takes at most twice the bytes that arrived, and 4 KiB. While it is being
//!   read, it may take 1 MiB if that is more.
//! - Payloads are unmasked once and validated once. A large binary payload that came in one frame
//!   is not copied, nor is a payload above 4 KiB that a server sends. Others are copied once in
//!   each direction, and once more if the transport takes one slice at a time (TLS, HTTP/2). Small
//!   messages that came together are copied up to three times, which costs less than locking the
//!   connection for each of them.
//! - An idle connection holds no buffer.
//! - No handler starts unless the response that accepts was sent: see [`ResponseBody`].
//! - Our last frame arrives: the transport is shut down, then drained, then dropped.
//! - Dropping a future of [`WebSocket`] at any point loses nothing.
//! - A handler's task supervises the connection: see [`Accepting::supervise`].
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
//! Each file imports only from its own directory and from lower layers. From the bottom up, the
//! layers are `wire` and `pool` (frames, header fields, buffers), `deflate` and `observe`
//! (compression; metrics and traces), `message` and `config`, `protocol` and `handshake` (without
//! IO), `connections` and `topic`, `stream` (tokio IO), `upgrade`, `client` and `compat`, `service`
//! (tower) and `axum`. [ARCHITECTURE.md] is the map.
//!
//! [ARCHITECTURE.md]: https://docs.rs/crate/tower-websock/latest/source/ARCHITECTURE.md

#![forbid(unsafe_code)]
// On docs.rs what belongs to a feature says so.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]
#![warn(clippy::incompatible_msrv)]

mod config;
mod connections;
mod deflate;
mod handshake;
mod message;
mod observe;
mod pool;
mod protocol;
#[cfg(test)]
mod randomised;
mod service;
mod stream;
mod sync;
mod topic;
mod upgrade;
mod wire;

#[cfg(feature = "axum")]
pub mod axum;

#[cfg(feature = "client")]
pub mod client;

#[cfg(any(feature = "axum-message", feature = "tungstenite"))]
mod compat;

// Chapters, for the documentation only.
#[cfg(doc)]
pub mod docs;

#[cfg(any(feature = "axum-message", feature = "tungstenite"))]
pub use self::compat::{Compat, CompatMessage};
#[cfg(feature = "deflate")]
pub use self::deflate::DeflateConfig;
#[cfg(feature = "client")]
pub use self::handshake::AnswerError;
pub use self::{
    config::{Config, InvalidSubprotocol, KeepAlive, Subprotocol},
    connections::{ConnectionId, ConnectionInfo, ConnectionKey, Connections, Drain, Drained},
    handshake::{InvalidOrigin, OriginPolicy, PageRequest, Rejection, derive_accept_key},
    message::{CloseFrame, InvalidClose, Message, NotUtf8, PreparedMessage, Utf8Bytes},
    observe::{Stats, Traffic},
    protocol::{Closure, Initiator, Loss},
    service::{Handler, HandlerError, Refusal, ResponseFuture, WebSocketLayer, WebSocketService},
    stream::{
        Error, ProvidedIo, RecvHalf, Release, SendHalf, SendTimeoutError, Sender, Subscription,
        TrySendError, Upgraded, WebSocket,
    },
    topic::{Lag, Subscribe, SubscriberId, Topic, TopicConfig, TopicKey, TopicStats, TopicStream},
    upgrade::{
        Accepting, ConnectionTask, End, HandlerEnd, Outcome, ResponseBody, Supervise, UpgradeError,
        WebSocketUpgrade, is_upgrade_request,
    },
    wire::{CloseCode, ProtocolError, Role, close_code},
};

/// The names that most programs use, for `use tower_websock::prelude::*`.
///
/// Unlike the crate's root, it has no modules `axum` and `client`, which would hide the crates of
/// those names.
pub mod prelude {
    pub use crate::{
        CloseFrame, Config, Message, OriginPolicy, PreparedMessage, Subprotocol, Topic, WebSocket,
        WebSocketLayer, WebSocketService, WebSocketUpgrade,
    };
}

/// The examples of the README are compiled and run as tests.
#[cfg(all(doctest, feature = "full"))]
#[doc = include_str!("../README.md")]
mod readme {}
