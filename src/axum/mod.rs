//! Drop-in replacement for `axum::extract::ws`.
//!
//! The names and methods are axum's. To migrate, change the `use` line:
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
//! - Pages of other hosts are refused with 403 unless [`origin`](WebSocketUpgrade::origin) allows
//!   them.
//! - Messages above 1 MiB are refused unless
//!   [`max_message_size`](WebSocketUpgrade::max_message_size) allows them.
//! - What a handler sends leaves when it next waits. `flush` (of `SinkExt`) waits for that.
//! - When the handler returns, its connection is closed with a closing handshake. A handler may
//!   return a `Result`.
//! - The handler starts only if the response of `on_upgrade` is sent. Layers may add headers and
//!   wrap its body. If one sends another response instead, the upgrade fails: see
//!   [`ResponseBody`](crate::ResponseBody).
//! - A refused request gets the response of a [`Rejection`](crate::Rejection). A payload that is
//!   not text is a [`NotUtf8`](crate::NotUtf8), which `?` turns into an `axum::Error`.
//!
//! Route it with `any`: over HTTP/2 the method is CONNECT.
//!
//! # Where it goes
//!
//! Besides the extractor, there are a service and two layers. Their handlers take the
//! [`WebSocket`] of this module or that of the crate. The simplest is a route:
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
//! // As a route, also of a router that is nested or merged.
//! let app: Router = Router::new()
//!     .route("/", get(page))
//!     .route_service("/ws", WebSocketService::new(greet));
//!
//! // As a layer of a route, which answers what is no handshake.
//! let app: Router = Router::new()
//!     .route("/ws", get(page).layer(WebSocketLayer::new(greet)));
//!
//! // As a layer of the whole router: last.
//! let app: Router = Router::new()
//!     .route("/", get(page))
//!     .fallback(not_found)
//!     .layer(WebSocketLayer::new(greet).path("/ws"));
//! ```
//!
//! To put a layer around the router that you give to `axum::serve`, use the [`WebSocketLayer`] of
//! this module. It comes before all routing.
//!
//! `Router::layer` wraps the routes and the fallback that the router has at that moment. For a
//! path that belongs to neither, axum does not ask the layer. So these answer 404:
//!
//! | place | why | instead |
//! |---|---|---|
//! | `.layer(ws).fallback(f)` | `f` takes the place of the fallback that was layered | `.fallback(f).layer(ws)` |
//! | `.nest("/api", router.layer(ws))` | the nested router has no fallback of its own | a route in the nested router, or a fallback before its layer |
//! | `router.layer(ws).merge(other)`, `router.fallback(f).merge(other.layer(ws))` | the fallback that was layered is replaced | merge first, then layer |
//! | `.route_layer(ws)` | is for paths with a route only, as axum documents | `.layer(ws)`, or a route at the path |
//! | `.nest_service("/ws", ws)` with `.path("/ws")` | axum takes the prefix off | no `.path(..)` |
//!
//! In a nested router, [`path`](crate::WebSocketLayer::path) too is compared with the rest of the
//! path.
//!
//! # Names
//!
//! With this feature, `use tower_websock::*` brings a module `axum` into scope, which hides the
//! crate of that name. Import the names that you use, or
//! [`tower_websock::prelude`](crate::prelude).

mod accepting;
mod functions;
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
