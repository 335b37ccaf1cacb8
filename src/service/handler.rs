//! The handler of a connection.

use std::future::Future;

use http::request::Parts;

use crate::{stream::WebSocket, upgrade::Outcome};

/// Handles connections, each in its own task.
///
/// Implemented for functions and closures that take a socket, or a socket and the head of its
/// request, and return a future. With the feature `axum`, the socket may also be the one of the
/// module `axum`. `Args` tells these cases apart and is inferred.
///
/// ```
/// use http::request::Parts;
/// use tower_websock::{Error, WebSocket, WebSocketService};
///
/// async fn echo(mut socket: WebSocket) -> Result<(), Error> {
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
/// let service = WebSocketService::new(|socket: WebSocket, request: Parts| {
///     println!("{} is here", request.uri);
///     echo(socket)
/// });
/// let service = WebSocketService::new(async |mut socket: WebSocket| {
///     socket.send("hello".into()).await
/// });
/// ```
///
/// It runs once per connection. Clone shared state into it:
///
/// ```
/// use std::sync::Arc;
///
/// use tower_websock::{WebSocket, WebSocketService};
///
/// let greeting: Arc<str> = "hello".into();
/// let service = WebSocketService::new(move |mut socket: WebSocket| {
///     let greeting = greeting.clone();
///     async move { socket.send((&*greeting).into()).await }
/// });
/// ```
///
/// The head of a request keeps the buffer alive that it was read into, with hyper 8 KiB. Take what
/// you need from the head, then drop it, as the handler above that prints the URI does.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle WebSocket connections",
    label = "not a handler",
    note = "a handler is a function or closure of a `tower_websock::WebSocket`, or of that and an \
            `http::request::Parts`, in this order",
    note = "it is `Clone`, `Send` and `'static`, and its future too is `Send` and `'static`: nothing \
            that is not `Send`, such as an `Rc`, may be held across an `.await`",
    note = "its future yields `()`, a `Result<(), _>`, or loops forever"
)]
pub trait Handler<Args>: Clone + Send + 'static {
    /// Serves a connection until it is done.
    type Future: Future<Output: Outcome> + Send + 'static;

    /// Serves `socket`, which was opened by `request`.
    fn call(self, socket: WebSocket, request: Parts) -> Self::Future;
}

/// The error of a handler: `E` if it returns a `Result<(), E>`,
/// [`Infallible`](std::convert::Infallible) if not.
pub type HandlerError<H, Args> =
    <<<H as Handler<Args>>::Future as Future>::Output as Outcome>::Error;

impl<H, F> Handler<(WebSocket,)> for H
where
    H: Fn(WebSocket) -> F + Clone + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    type Future = F;

    fn call(self, socket: WebSocket, _request: Parts) -> F {
        self(socket)
    }
}

impl<H, F> Handler<(WebSocket, Parts)> for H
where
    H: Fn(WebSocket, Parts) -> F + Clone + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    type Future = F;

    fn call(self, socket: WebSocket, request: Parts) -> F {
        self(socket, request)
    }
}
