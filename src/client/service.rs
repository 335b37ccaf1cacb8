//! Connections to services of the same process.

use std::{error::Error as StdError, future::poll_fn};

use http::{Request, Response, StatusCode};
use http_body::Body;
use tokio::io::duplex;
use tower::Service;

use super::{Builder, Error, deadline::Deadline};
use crate::stream::{ProvidedIo, WebSocket};

/// Bytes that each direction holds while the other side does not read.
const BUFFER: usize = 64 * 1024;

impl Builder {
    /// Opens a connection to a service in memory, to test everything from the request to the
    /// handler. The service may be a [`WebSocketService`](crate::WebSocketService), a service in a
    /// [`WebSocketLayer`](crate::WebSocketLayer) or an axum `Router`.
    ///
    /// The host of `uri` becomes the header `Host`; no name is looked up. Handlers run supervised,
    /// as behind a server, and start only if the service's response accepts. The request has an
    /// empty `String` as its body. If your service wants another type, convert it with tower's
    /// `map_request`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use tower_websock::{Message, WebSocket, WebSocketService, client::Builder};
    ///
    /// let greeter = WebSocketService::new(async |mut socket: WebSocket| {
    ///     socket.send("hello".into()).await
    /// });
    /// let mut client = Builder::new()
    ///     .connect_service("ws://localhost/ws", greeter)
    ///     .await?;
    /// assert_eq!(client.recv().await.unwrap()?, Message::text("hello"));
    /// // The handler has returned.
    /// let close = client.recv().await.unwrap()?;
    /// assert!(close.is_close());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the service does not accept, [`Error::Service`] if it fails; for all
    /// others, see [`Error`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect_service<S, B>(&self, uri: &str, service: S) -> Result<WebSocket, Error>
    where
        S: Service<Request<String>, Response = Response<B>>,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        B: Body,
    {
        let (socket, _) = self.connect_service_with_response(uri, service).await?;
        Ok(socket)
    }

    /// As [`connect_service`](Self::connect_service), and also returns the response that accepted:
    /// its status, version, headers and extensions.
    ///
    /// # Errors
    ///
    /// As for [`connect_service`](Self::connect_service).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect_service_with_response<S, B>(
        &self,
        uri: &str,
        mut service: S,
    ) -> Result<(WebSocket, Response<()>), Error>
    where
        S: Service<Request<String>, Response = Response<B>>,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        B: Body,
    {
        let (mut request, pending) = self.request(uri)?;
        let (ours, theirs) = duplex(BUFFER);
        let (theirs, release) = ProvidedIo::held(theirs);
        request.extensions_mut().insert(theirs);
        let deadline = Deadline::after(self.config.upgrade_timeout);
        let served = deadline.bound(async {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await
        });
        let mut response = served
            .await?
            .map_err(|error| Error::Service(error.into()))?;
        // Else no handler starts, as behind a server.
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            release.release();
        }
        response.extensions_mut().insert(ProvidedIo::new(ours));
        pending.complete_by(deadline, response).await
    }
}
