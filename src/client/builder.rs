//! How connections are to be opened, and the requests for them.

use std::{fmt::Debug, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Request};

#[cfg(feature = "rustls")]
use super::connect::Tls;
use super::{
    Error, Pending,
    connect::{Dialer, Proxy},
    headers::Headers,
    redirect::Route,
};
#[cfg(doc)]
use crate::stream::WebSocket;
use crate::{
    config::{Config, Subprotocol},
    handshake::{ClientHandshake, Form, Target},
};

/// Sets how to open connections, and opens them.
///
/// ```
/// use tower_websock::{Config, client::Builder};
///
/// let builder = Builder::new()
///     .config(Config::new().max_message_size(64 * 1024))
///     .subprotocols(["chat"])
///     .header("authorization", "Bearer x");
/// # let _ = builder;
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    pub(super) config: Arc<Config>,
    headers: Headers,
    pub(super) subprotocols: Vec<Subprotocol>,
    max_refusal_body: usize,
    max_redirects: usize,
    pub(super) dialer: Dialer,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            config: Arc::default(),
            headers: Headers::default(),
            subprotocols: Vec::new(),
            max_refusal_body: 16 * 1024,
            max_redirects: 0,
            dialer: Dialer::default(),
        }
    }
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

    /// Adds a header to the request. The name and the value may be strings, bytes, or the types of the
    /// crate `http`; the value may be a number, too. If one is invalid, opening fails with
    /// [`Error::HeaderName`] or [`Error::InvalidHeader`].
    ///
    /// ```
    /// use http::header::COOKIE;
    /// use tower_websock::client::Builder;
    ///
    /// let token = String::from("x");
    /// let builder = Builder::new()
    ///     .header("authorization", format!("Bearer {token}"))
    ///     .header(COOKIE, "session=1")
    ///     .header("x-retries", 3);
    /// # assert!(builder.request::<()>("ws://localhost/").is_ok());
    /// ```
    ///
    /// Set `Host` to ask for another host than the URI's. The connection still goes to the URI's
    /// host. Over HTTP/2, the value is sent as `:authority`. Set it at most once, to a host with
    /// or without a port; otherwise, opening fails with [`Error::InvalidHeader`].
    ///
    /// `Proxy-Authorization` would go to the server: use
    /// [`Proxy::basic_auth`](super::Proxy::basic_auth).
    ///
    /// Opening fails with [`Error::Header`] for headers that the handshake sets itself (`Upgrade`,
    /// `Connection`, `Sec-WebSocket-*`), that describe a body (`Content-Length`,
    /// `Transfer-Encoding`, `Trailer`, `Expect`) or that describe the connection (`TE`,
    /// `Keep-Alive`, `Proxy-Connection`, `HTTP2-Settings`).
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName> + Debug,
        V: TryInto<HeaderValue>,
    {
        self.headers.append(name, value);
        self
    }

    /// Sets the header `Origin`. Browsers send it; other clients need not (4.1 item 8).
    ///
    /// Opening fails with [`Error::InvalidHeader`] if [`header`](Self::header) also sets it.
    pub fn origin(mut self, origin: HeaderValue) -> Self {
        self.headers.set_origin(origin);
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

    /// Sets how many bytes of a refusal's body are kept in [`Error::Refused`]. Default: 16 KiB. With
    /// 0, the body is not read.
    ///
    /// The rest is not read, and no memory is reserved for what the server only announces.
    pub fn max_refusal_body(mut self, bytes: usize) -> Self {
        self.max_refusal_body = bytes;
        self
    }

    /// Sets how many redirects [`connect`](Self::connect) follows. Default: 0, so a redirect is
    /// [`Error::Refused`], with its `Location`.
    ///
    /// This follows a `Location` with the status 301, 302, 303, 307 or 308. It may be relative;
    /// `http` and `https` in it mean `ws` and `wss`. Each request has a fresh key, and
    /// [`upgrade_timeout`](Config::upgrade_timeout) limits the time of all. A redirect from `wss` to
    /// `ws`, to a URI that was asked before, to something else than a WebSocket endpoint, or beyond
    /// this number, is [`Error::Redirect`].
    ///
    /// If the scheme, the host or the port is another, the request no longer has credentials, not
    /// even if a later redirect leads back: no `Authorization`, `Cookie`, `Proxy-Authorization`,
    /// nor any value that is marked as
    /// [sensitive](http::HeaderValue::set_sensitive). A `Host` that you set is left out, too. All
    /// other headers, `Origin` and subprotocols go to every host. So if you put a token into one of
    /// them, mark it as sensitive, or follow no redirects. A client's certificate is shown to every
    /// host that asks for one.
    ///
    /// All other ways to open a connection, such as [`handshake`](Self::handshake), leave redirects
    /// to you.
    pub fn max_redirects(mut self, redirects: usize) -> Self {
        self.max_redirects = redirects;
        self
    }

    /// Makes a request for `uri`, and the [`Pending`] handshake that its response completes. Send
    /// the request with an HTTP/1.1 client of your own that has a pool of connections.
    ///
    /// The request has an absolute URI with the scheme `http` or `https`, as connection pools need
    /// it. A pool connects to the URI's host, sends only its path, and leaves `Host` as it is. For a
    /// single connection, use [`request_origin_form`](Self::request_origin_form).
    ///
    /// # Errors
    ///
    /// [`Error::Uri`], [`Error::Header`], [`Error::HeaderName`] and [`Error::InvalidHeader`].
    pub fn request<B: Default>(&self, uri: &str) -> Result<(Request<B>, Pending), Error> {
        self.upgrade(&Target::parse(uri)?, Form::Absolute)
    }

    /// Makes a request for `uri`, and the [`Pending`] handshake that its response completes. Send
    /// the request on an HTTP/1.1 connection of your own, such as one of hyper's `client::conn`.
    ///
    /// The request has only the path and the query of `uri` (RFC 9112, section 3.2.1). Such a
    /// connection sends a request as it is, and servers prefer the host of an absolute URI to
    /// `Host`. Use this if a server needs a setting of hyper's
    /// [`http1::Builder`](hyper::client::conn::http1::Builder), such as headers in title case:
    ///
    /// ```
    /// # use hyper::client::conn::http1;
    /// # use hyper_util::rt::TokioIo;
    /// # use tokio::net::TcpStream;
    /// # use tower_websock::client::Builder;
    /// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let io = TokioIo::new(TcpStream::connect("127.0.0.1:8888").await?);
    /// let (mut http, connection) = http1::Builder::new()
    ///     .title_case_headers(true)
    ///     .max_headers(500)
    ///     .handshake::<_, String>(io)
    ///     .await?;
    /// tokio::spawn(connection.with_upgrades());
    ///
    /// let (request, pending) = Builder::new().request_origin_form("ws://127.0.0.1:8888/ws")?;
    /// let response = http.send_request(request).await?;
    /// let mut socket = pending.complete(response).await?;
    /// # socket.send("hello".into()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`request`](Self::request).
    pub fn request_origin_form<B: Default>(
        &self,
        uri: &str,
    ) -> Result<(Request<B>, Pending), Error> {
        self.upgrade(&Target::parse(uri)?, Form::Origin)
    }

    /// The request for a target, and what completes its handshake.
    pub(super) fn upgrade<B: Default>(
        &self,
        target: &Target,
        form: Form,
    ) -> Result<(Request<B>, Pending), Error> {
        // 4.1 item 7: a nonce of 16 random bytes, fresh for each connection.
        let nonce = rand::random();
        let handshake = ClientHandshake::new(nonce, self.subprotocols.clone(), &self.config);
        let request = handshake.upgrade_request(target, form, self.headers()?)?;
        Ok((request, self.pending(handshake)))
    }

    /// The headers that were set, `Origin` included.
    pub(super) fn headers(&self) -> Result<HeaderMap, Error> {
        self.headers.lines()
    }

    pub(super) fn pending(&self, handshake: ClientHandshake) -> Pending {
        Pending::new(handshake, self.config.clone(), self.max_refusal_body)
    }

    /// The way to a target, with as many redirects as are allowed.
    pub(super) const fn route(&self, target: Target) -> Route {
        Route::new(target, self.max_redirects)
    }

    /// What another host may see of it.
    pub(super) fn for_another_host(&self) -> Self {
        Self {
            headers: self.headers.for_another_host(),
            ..self.clone()
        }
    }
}
