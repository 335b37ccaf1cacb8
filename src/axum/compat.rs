//! The socket with axum's own messages.

use ::axum::extract::ws;

use super::WebSocket;
use crate::compat::Compat;

impl WebSocket {
    /// The same socket with axum's own messages, for libraries that take any stream and sink of
    /// these: see [`Compat`].
    ///
    /// ```
    /// use axum::{Error, extract::ws::Message, response::Response};
    /// use futures_util::{Sink, Stream};
    /// use tower_websock::axum::WebSocketUpgrade;
    ///
    /// // In a library:
    /// async fn serve(socket: impl Stream<Item = Result<Message, Error>> + Sink<Message>) {
    ///     // ...
    /// #   drop(socket);
    /// }
    ///
    /// async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
    ///     upgrade.on_upgrade(|socket| serve(socket.compat()))
    /// }
    /// # let _ = upgrade;
    /// ```
    pub const fn compat(self) -> Compat<Self, ws::Message> {
        Compat::new(self)
    }
}
