//! Drop-in replacement for `axum::extract::ws`.
//!
//! It has the same names and methods. To migrate, change the `use` line:
//!
//! ```
//! // use axum::extract::ws::{WebSocket, WebSocketUpgrade};
//! use tower_websock::axum::{WebSocket, WebSocketUpgrade};
//! use axum::{Router, response::Response, routing::any};
//!
//! async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
//!     upgrade.on_upgrade(echo)
//! }
//!
//! async fn echo(mut socket: WebSocket) {
//!     while let Some(Ok(message)) = socket.recv().await {
//!         if message.is_data() && socket.send(message).await.is_err() {
//!             break;
//!         }
//!     }
//! }
//!
//! let app: Router = Router::new().route("/ws", any(upgrade));
//! ```
//!
//! What differs:
//!
//! - Pages from other hosts are refused with 403 unless [`origin`](WebSocketUpgrade::origin)
//!   allows them.
//! - Messages above 1 MiB are refused unless
//!   [`max_message_size`](WebSocketUpgrade::max_message_size) allows them.
//! - What a handler sends is written when the handler next waits. To write it at once, call
//!   [`flush`](WebSocket::flush).
//! - When the handler returns, its connection is closed with a closing handshake. A handler may
//!   return a `Result`.
//! - The handler starts only if the response of `on_upgrade` is sent. Layers may add headers and
//!   wrap its body. If one sends another response instead, the upgrade fails: see
//!   [`ResponseBody`](crate::ResponseBody).
//! - A refused request is answered with a [`Rejection`](crate::Rejection).
//! - [`into_text`](Message::into_text) and [`to_text`](Message::to_text) fail with
//!   [`NotUtf8`](crate::NotUtf8), which `?` turns into an `axum::Error`.
//!
//! Route it with `any`: over HTTP/2 the method is CONNECT.
//!
//! # Where it goes
//!
//! Besides the extractor, there are a service and two layers. Their handlers take the
//! [`WebSocket`] of this module or [the crate's](crate::WebSocket). The simplest is a route:
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_websock::{Error, WebSocket, WebSocketLayer, WebSocketService};
//!
//! async fn greet(mut socket: WebSocket) -> Result<(), Error> {
//!     socket.send("hello".into()).await
//! }
//!
//! # async fn page() -> &'static str { "page" }
//! # async fn not_found() {}
//! // As a route. Its router may be nested or merged.
//! let app: Router = Router::new()
//!     .route("/", get(page))
//!     .route_service("/ws", WebSocketService::new(greet));
//!
//! // As a layer around a route. The route answers all other requests.
//! let app: Router = Router::new()
//!     .route("/ws", get(page).layer(WebSocketLayer::new(greet)));
//!
//! // As a layer around the whole router. Add it last.
//! let app: Router = Router::new()
//!     .route("/", get(page))
//!     .fallback(not_found)
//!     .layer(WebSocketLayer::new(greet).path("/ws"));
//! ```
//!
//! To put a layer around the router that you give to `axum::serve`, use the [`WebSocketLayer`] of
//! this module. It runs before all routing.
//!
//! `Router::layer` wraps the routes and the fallback that the router has at that moment. For a
//! path that belongs to neither, axum does not call the layer. So these answer 404:
//!
//! | place | why | instead |
//! |---|---|---|
//! | `.layer(ws).fallback(f)` | `f` replaces the fallback that was layered | `.fallback(f).layer(ws)` |
//! | `.nest("/api", router.layer(ws))` | the nested router has no fallback of its own | a route in the nested router, or a fallback before its layer |
//! | `router.layer(ws).merge(other)`, `router.fallback(f).merge(other.layer(ws))` | the fallback that was layered is replaced | merge first, then layer |
//! | `.route_layer(ws)` | it runs only for paths with a route, as axum documents | `.layer(ws)`, or a route at the path |
//! | `.nest_service("/ws", ws)` with `.path("/ws")` | axum removes the prefix from the path | no `.path(..)` |
//!
//! In a nested router, too, axum removes the prefix before [`path`](crate::WebSocketLayer::path)
//! is compared.
//!
//! # Libraries that take axum's messages
//!
//! Some libraries take any stream and sink of `axum::extract::ws::Message`, such as
//! `GraphQLWebSocket` of async-graphql-axum. With the feature `axum-message`, give them
//! `socket.compat()`: see [`Compat`](crate::Compat).
//!
//! # Names
//!
//! With this feature, `use tower_websock::*` brings a module `axum` into scope, which hides the
//! crate of that name. Import the names that you use, or
//! [`tower_websock::prelude`](crate::prelude).

mod accepting;
#[cfg(feature = "axum-message")]
mod compat;
mod layer;
mod socket;
mod upgrade;

pub use self::{
    accepting::Accepting,
    layer::{LayerFuture, WebSocketLayer, WebSocketService},
    socket::WebSocket,
    upgrade::{DefaultOnFailedUpgrade, OnFailedUpgrade, WebSocketUpgrade},
};
pub use crate::{
    message::{CloseFrame, Message, Utf8Bytes},
    wire::{CloseCode, close_code},
};

/// Why the extractor refuses a request.
pub mod rejection {
    pub use crate::handshake::Rejection as WebSocketUpgradeRejection;
}
