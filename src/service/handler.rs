//! What serves the connections.

use std::future::Future;

use http::request::Parts;

use crate::{stream::WebSocket, upgrade::Outcome};

/// Serves one connection after the other, each in a task of its own.
///
/// Implemented for closures and functions of a socket and the head of its request:
///
/// ```
/// use http::request::Parts;
/// use tower_websock::{Error, WebSocket, WebSocketService};
///
/// async fn echo(mut socket: WebSocket, _request: Parts) -> Result<(), Error> {
///     while let Some(message) = socket.recv().await {
///         let message = message?;
///         if message.is_data() {
///             socket.send(message).await?;
///         }
///     }
///     Ok(())
/// }
///
/// let service = WebSocketService::new(echo);
/// let service = WebSocketService::new(|socket: WebSocket, request: Parts| async move {
///     println!("{} is here", request.uri);
///     echo(socket, request).await
/// });
/// let service = WebSocketService::new(async |mut socket: WebSocket, _request: Parts| {
///     socket.send("hello".into()).await
/// });
/// ```
pub trait Handler: Clone + Send + 'static {
    /// Serves a connection until it is done.
    type Future: Future<Output: Outcome> + Send + 'static;

    /// Serves `socket`, which `request` asked for.
    fn call(self, socket: WebSocket, request: Parts) -> Self::Future;
}

impl<H, F> Handler for H
where
    H: Fn(WebSocket, Parts) -> F + Clone + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    type Future = F;

    fn call(self, socket: WebSocket, request: Parts) -> F {
        self(socket, request)
    }
}
