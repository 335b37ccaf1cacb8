//! How connections are opened.

#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use tokio::io::{AsyncRead, AsyncWrite};

#[cfg(feature = "rustls")]
use super::connect::Tls;
#[cfg(doc)]
use super::connect::TlsError;
use super::{
    Error, Pending,
    connect::{Dialer, Proxy, Transport},
    deadline::Deadline,
    exchange::exchange,
};
use crate::{
    config::{Config, Subprotocol},
    handshake::{ClientHandshake, Form, Target},
    stream::WebSocket,
};

/// Sets how to open connections, and opens them.
///
/// ```
/// use tower_websock::{Config, client::Builder};
///
/// let builder = Builder::new()
///     .config(Config::new().max_message_size(64 * 1024))
///     .subprotocols(["chat"])
///     .header(http::header::AUTHORIZATION, http::HeaderValue::from_static("Bearer x"));
/// # let _ = builder;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    pub(super) config: Arc<Config>,
    headers: HeaderMap,
    origin: Option<HeaderValue>,
    pub(super) subprotocols: Vec<Subprotocol>,
    dialer: Dialer,
}

impl Builder {
    /// The defaults: those of [`Config`], no extra headers, no subprotocols.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets limits and deadlines, and whether to offer compression.
    ///
    /// [`upgrade_timeout`](Config::upgrade_timeout) limits the time from connecting to the end of
    /// the handshake.
    pub fn config(mut self, config: Config) -> Self {
        self.config = Arc::new(config);
        self
    }

    /// Adds a header to the request.
    ///
    /// Set `Host` to ask for another host than the URI's. The connection still goes to the URI's
    /// host. Over HTTP/2, the value is sent as `:authority`. Set it at most once, to a host with
    /// or without a port; otherwise, opening fails with [`Error::InvalidHeader`].
    ///
    /// Opening fails with [`Error::Header`] for headers that the handshake sets itself (`Upgrade`,
    /// `Connection`, `Sec-WebSocket-*`), that describe a body (`Content-Length`,
    /// `Transfer-Encoding`, `Trailer`, `Expect`) or that describe the connection (`TE`,
    /// `Keep-Alive`, `Proxy-Connection`, `HTTP2-Settings`).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Sets the header `Origin`. Browsers send it; other clients need not (4.1 item 8).
    ///
    /// Opening fails with [`Error::InvalidHeader`] if [`header`](Self::header) also sets it.
    pub fn origin(mut self, origin: HeaderValue) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Sets the subprotocols to ask for, the preferred one first. Default: none.
    ///
    /// The server selects one or none; [`WebSocket::subprotocol`] returns it. A repeated name is
    /// sent once (4.1 item 10).
    ///
    /// # Panics
    ///
    /// If a name is not a token; see [`Subprotocol`].
    #[track_caller]
    pub fn subprotocols(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.subprotocols = Subprotocol::list(names);
        self
    }

    /// Sets how `wss://` URIs are secured. Default: [`Tls::platform`].
    #[cfg(feature = "rustls")]
    pub fn tls(mut self, tls: impl Into<Tls>) -> Self {
        self.dialer.tls = tls.into();
        self
    }

    /// Opens connections through this proxy. Default: none; the environment's variables count only
    /// if [`Proxy::from_env`] is set here.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.dialer.proxy = Some(proxy);
        self
    }

    /// Opens a connection to a `ws://` URI over TCP, or with the feature `rustls` to a `wss://` URI
    /// over TLS.
    ///
    /// The host's addresses are tried in turn, IPv6 and IPv4 alternately and IPv6 first. Each
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
        let target = Target::parse(uri)?;
        let (request, pending) = self.upgrade(&target, Form::Origin)?;
        let deadline = Deadline::after(self.config.upgrade_timeout);
        let io = self.dialer.open(&target, deadline).await?;
        exchange_over(io, request, pending, deadline).await
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
        let target = Target::parse(uri)?;
        let (request, pending) = self.upgrade(&target, Form::Origin)?;
        let deadline = Deadline::after(self.config.upgrade_timeout);
        let io = self
            .dialer
            .open_unix(path.as_ref(), &target, deadline)
            .await?;
        exchange_over(io, request, pending, deadline).await
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
        let target = Target::parse(uri)?;
        let (request, pending) = self.upgrade(&target, Form::Origin)?;
        let deadline = Deadline::after(self.config.upgrade_timeout);
        exchange(io, request, pending, deadline).await
    }

    /// Makes a request for `uri`, and the [`Pending`] handshake that its response completes. Send
    /// the request with an HTTP/1.1 client of your own.
    ///
    /// The request has an absolute URI with the scheme `http` or `https`, as connection pools need
    /// it. A pool connects to the URI's host, sends only its path, and leaves `Host` as it is. A
    /// connection of hyper's `client::conn` sends the whole URI, and servers prefer its host to
    /// `Host` (RFC 9112, section 3.2.2). So before you send the request on such a connection,
    /// replace the URI with its path.
    ///
    /// # Errors
    ///
    /// [`Error::Uri`], [`Error::Header`] and [`Error::InvalidHeader`].
    pub fn request<B: Default>(&self, uri: &str) -> Result<(Request<B>, Pending), Error> {
        let target = Target::parse(uri)?;
        self.upgrade(&target, Form::Absolute)
    }

    fn upgrade<B: Default>(
        &self,
        target: &Target,
        form: Form,
    ) -> Result<(Request<B>, Pending), Error> {
        // 4.1 item 7: a nonce of 16 random bytes, fresh for each connection.
        let nonce = rand::random();
        let handshake = ClientHandshake::new(nonce, self.subprotocols.clone(), &self.config);
        let request = handshake.upgrade_request(target, form, self.headers())?;
        Ok((request, Pending::new(handshake, self.config.clone())))
    }

    /// The headers that were set, `Origin` included.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        if let Some(origin) = &self.origin {
            headers.append(header::ORIGIN, origin.clone());
        }
        headers
    }
}

/// Without anything between plain TCP and the stream layer.
async fn exchange_over(
    io: Transport,
    request: Request<String>,
    pending: Pending,
    deadline: Deadline,
) -> Result<WebSocket, Error> {
    match io {
        Transport::Tcp(io) => exchange(io, request, pending, deadline).await,
        Transport::Boxed(io) => exchange(io, request, pending, deadline).await,
    }
}
