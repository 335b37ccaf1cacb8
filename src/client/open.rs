//! Connections that are opened here.

use std::borrow::Cow;
#[cfg(unix)]
use std::path::Path;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};

#[cfg(doc)]
use super::connect::TlsError;
use super::{
    Builder, Error,
    connect::Transport,
    deadline::Deadline,
    exchange::{Answered, answered, exchange},
};
#[cfg(doc)]
use crate::config::Config;
use crate::{
    handshake::{Form, Target},
    stream::WebSocket,
};

impl Builder {
    /// Opens a connection to a `ws://` URI over TCP, or with the feature `rustls` to a `wss://` URI
    /// over TLS.
    ///
    /// The host's addresses are tried in turn, IPv6 and IPv4 alternately, beginning with the family
    /// that the system prefers. Each
    /// attempt has 250 ms before the next begins beside it, and the first that connects wins
    /// (RFC 8305).
    ///
    /// [`upgrade_timeout`](Config::upgrade_timeout) limits the time of all of it.
    ///
    /// # Errors
    ///
    /// See [`Error`]. For `wss://` without the feature `rustls`: [`TlsError::NoFeature`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect(&self, uri: &str) -> Result<WebSocket, Error> {
        let (socket, _) = self.connect_with_response(uri).await?;
        Ok(socket)
    }

    /// As [`connect`](Self::connect), and also returns the response that accepted: its status,
    /// version, headers and extensions.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), tower_websock::client::Error> {
    /// use http::header::SET_COOKIE;
    /// use tower_websock::client::Builder;
    ///
    /// let (socket, response) = Builder::new()
    ///     .connect_with_response("ws://127.0.0.1:8888/ws")
    ///     .await?;
    /// for cookie in response.headers().get_all(SET_COOKIE) {
    ///     println!("{cookie:?}");
    /// }
    /// # drop(socket);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn connect_with_response(
        &self,
        uri: &str,
    ) -> Result<(WebSocket, Response<()>), Error> {
        let mut builder = Cow::Borrowed(self);
        let mut route = self.route(Target::parse(uri)?);
        let deadline = Deadline::after(self.config.upgrade_timeout);
        loop {
            // 4.1 item 7: with a nonce of its own.
            let (request, pending) = builder.upgrade(route.here(), Form::Origin)?;
            let io = self.dialer.open(route.here(), deadline).await?;
            let complete = |response| answered(pending, deadline, &route, response);
            match exchange_over(io, request, deadline, complete).await? {
                Answered::Accepted(socket, response) => return Ok((socket, response)),
                Answered::Redirected(target) => {
                    if !target.is_same_origin(route.here()) {
                        builder = Cow::Owned(builder.for_another_host());
                    }
                    route.go_to(target);
                }
            }
        }
    }

    /// Opens a connection over the Unix socket at `path`.
    ///
    /// The host of `uri` becomes the header `Host`; no name is looked up, and a
    /// [`proxy`](Self::proxy) is not used. For `wss://`, TLS runs over the socket.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if the socket cannot be connected to; for all others, see [`Error`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    #[cfg(unix)]
    pub async fn connect_unix(
        &self,
        path: impl AsRef<Path>,
        uri: &str,
    ) -> Result<WebSocket, Error> {
        let (socket, _) = self.connect_unix_with_response(path, uri).await?;
        Ok(socket)
    }

    /// As [`connect_unix`](Self::connect_unix), and also returns the response that accepted: its
    /// status, version, headers and extensions.
    ///
    /// # Errors
    ///
    /// As for [`connect_unix`](Self::connect_unix).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    #[cfg(unix)]
    pub async fn connect_unix_with_response(
        &self,
        path: impl AsRef<Path>,
        uri: &str,
    ) -> Result<(WebSocket, Response<()>), Error> {
        let target = Target::parse(uri)?;
        let (request, pending) = self.upgrade(&target, Form::Origin)?;
        let deadline = Deadline::after(self.config.upgrade_timeout);
        let opening = self.dialer.open_unix(path.as_ref(), &target, deadline);
        let io = opening.await?;
        let complete = |response| pending.complete_by(deadline, response);
        exchange_over(io, request, deadline, complete).await
    }

    /// Performs the handshake for `uri` over a connected transport, such as a TLS stream, a Unix
    /// socket or one end of a duplex.
    ///
    /// For `wss://`, first perform the TLS handshake, with the host's name for SNI (4.1), and
    /// check the certificate.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the transport.
    pub async fn handshake<T>(&self, uri: &str, io: T) -> Result<WebSocket, Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (socket, _) = self.handshake_with_response(uri, io).await?;
        Ok(socket)
    }

    /// As [`handshake`](Self::handshake), and also returns the response that accepted: its status,
    /// version, headers and extensions.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the transport.
    pub async fn handshake_with_response<T>(
        &self,
        uri: &str,
        io: T,
    ) -> Result<(WebSocket, Response<()>), Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (request, pending) = self.request_origin_form(uri)?;
        let deadline = Deadline::after(self.config.upgrade_timeout);
        let complete = |response| pending.complete_by(deadline, response);
        exchange(io, request, deadline, complete).await
    }
}

/// Without anything between plain TCP and the stream layer.
async fn exchange_over<F, R>(
    io: Transport,
    request: Request<String>,
    deadline: Deadline,
    complete: impl FnOnce(Response<Incoming>) -> F,
) -> Result<R, Error>
where
    F: Future<Output = Result<R, Error>>,
{
    match io {
        Transport::Tcp(io) => exchange(io, request, deadline, complete).await,
        Transport::Boxed(io) => exchange(io, request, deadline, complete).await,
    }
}
