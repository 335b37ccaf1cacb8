//! WebSockets over HTTP/2 (RFC 8441).

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use http::Request;
use hyper::{
    body::Body,
    client::conn::http2::Connection,
    ext::Protocol,
    rt::{Read, Write, bounds::Http2ClientConnExec},
};
use tokio::time::interval;

use super::{Builder, Error, Pending};
use crate::handshake::{ClientHandshake, Target};

/// How often to look whether the SETTINGS have come.
const LOOK: Duration = Duration::from_millis(1);

impl Builder {
    /// Makes a request for `uri` over HTTP/2, and the [`Pending`] handshake that its response
    /// completes (RFC 8441). Send the request on a connection whose server allows WebSockets: see
    /// [`extended_connect`]. Many sockets may share a connection.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use http_body_util::Empty;
    /// # use hyper::client::conn::http2;
    /// # use hyper_util::rt::{TokioExecutor, TokioIo};
    /// # use tokio::net::TcpStream;
    /// # use tower_websock::client::{self, Builder};
    /// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let io = TokioIo::new(TcpStream::connect("127.0.0.1:8888").await?);
    /// let (mut http, mut connection) = http2::handshake(TokioExecutor::new(), io).await?;
    /// client::extended_connect(&mut connection).await?;
    /// tokio::spawn(connection);
    ///
    /// let (request, pending) = Builder::new().http2_request("ws://127.0.0.1:8888/ws")?;
    /// let response = http.send_request(request).await?;
    /// let mut socket = pending.complete(response).await?;
    /// # let _: http2::SendRequest<Empty<Bytes>> = http;
    /// # socket.send("hello".into()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Uri`], [`Error::Header`], [`Error::HeaderName`] and [`Error::InvalidHeader`].
    pub fn http2_request<B: Default>(&self, uri: &str) -> Result<(Request<B>, Pending), Error> {
        let target = Target::parse(uri)?;
        let handshake = ClientHandshake::http2(self.subprotocols.clone(), &self.config);
        let mut request = handshake.connect_request(&target, self.headers()?)?;
        // RFC 8441, section 4: for hyper an extension.
        request
            .extensions_mut()
            .insert(Protocol::from_static("websocket"));
        Ok((request, self.pending(handshake)))
    }
}

/// Drives an HTTP/2 connection until its server allows WebSockets on it (RFC 8441, section 3). A
/// server that supports them says so in its first SETTINGS.
///
/// Use a timeout: if the server never allows WebSockets, this waits until the connection ends.
/// Afterwards, spawn the connection and send the requests of [`Builder::http2_request`].
///
/// # Errors
///
/// [`Error::Http`] if the connection fails, [`Error::Ended`] if it ends.
///
/// # Cancel safety
///
/// Dropping the future loses nothing. You can go on driving the connection.
pub async fn extended_connect<T, B, E>(connection: &mut Connection<T, B, E>) -> Result<(), Error>
where
    T: Read + Write + Unpin + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Unpin + 'static,
    E: Http2ClientConnExec<B, T> + Unpin,
{
    // hyper tells nobody when the SETTINGS come.
    let mut looks = interval(LOOK);
    poll_fn(|cx| {
        let ended = Pin::new(&mut *connection).poll(cx);
        while looks.poll_tick(cx).is_ready() {
            if connection.is_extended_connect_protocol_enabled() {
                return Poll::Ready(Ok(()));
            }
        }
        ended.map(|ended| Err(ended.err().map_or(Error::Ended, Error::Http)))
    })
    .await
}
