//! Drop-in replacement for `axum::extract::ws`.
//!
//! The names and methods are axum's, so that one `use` line changes:
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
//! What differs is what this crate is for:
//!
//! - Pages of other hosts are refused with 403 unless
//!   [`origin`](WebSocketUpgrade::origin) allows them.
//! - Messages above 1 MiB are refused unless
//!   [`max_message_size`](WebSocketUpgrade::max_message_size) allows them.
//! - What is sent leaves when the handler next waits; `flush` (of `SinkExt`) waits for it.
//! - When the handler returns, the closing handshake is done for it. It may return a
//!   `Result`, so an `async` block that never returns has to be told that it returns `()`.
//! - A request is refused with a [`Rejection`](crate::Rejection). A payload that is not
//!   text is a [`NotUtf8`](crate::NotUtf8), which `?` turns into an `axum::Error`.
//!
//! Route it with `any`: over HTTP/2 the method is CONNECT.
//!
//! Without an extractor, any [`WebSocketService`](crate::WebSocketService) is a route:
//!
//! ```
//! use axum::Router;
//! use tower_websock::{WebSocket, WebSocketService};
//!
//! let service = WebSocketService::new(async |mut socket: WebSocket| {
//!     socket.send("hello".into()).await
//! });
//! let app: Router = Router::new().route_service("/ws", service);
//! ```

mod accepting;
mod socket;
mod upgrade;

pub use self::{
    accepting::Accepting,
    socket::WebSocket,
    upgrade::{DefaultOnFailedUpgrade, OnFailedUpgrade, WebSocketUpgrade},
};
pub use crate::{
    close_code::{self, CloseCode},
    message::{CloseFrame, Message, Utf8Bytes},
};

/// Why the extractor refuses a request.
pub mod rejection {
    pub use crate::handshake::Rejection as WebSocketUpgradeRejection;
}
