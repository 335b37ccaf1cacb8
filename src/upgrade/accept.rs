//! A valid request for a WebSocket connection, and what becomes of it.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use http::{HeaderMap, HeaderValue, Request, Response, header, request::Parts};
use tokio::time::timeout;

use super::{
    Executor, Outcome, ResponseBody, Supervise, UpgradeError, extended_connect,
    hooks::{Hooks, Watch},
    pending::{Offered, PendingIo},
    supervise::{Opened, Upgrading},
};
use crate::{
    config::{Config, Subprotocol},
    connections::{ConnectionId, ConnectionKey, Connections, Seat},
    handshake::{Handshake, OriginPolicy, Rejection, RequestOrigin, is_attempt},
    observe,
    stream::{Setup, WebSocket},
};

/// Whether a request tries, well or badly, to open a WebSocket connection.
pub(crate) fn is_for_us<B>(request: &Request<B>) -> bool {
    let protocol = extended_connect::asked_for(request.method(), request.extensions());
    is_attempt(request.version(), request.headers(), protocol)
}

/// Checks every rule but that of the origin.
pub(crate) fn check(parts: &Parts) -> Result<Handshake, Rejection> {
    let protocol = extended_connect::asked_for(&parts.method, &parts.extensions);
    Handshake::check(parts, protocol)
}

/// A valid request for a WebSocket connection that has not been answered yet.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use hyper::body::Incoming;
/// use tower_websock::{ResponseBody, WebSocketUpgrade};
///
/// // In a hyper service:
/// fn serve(request: Request<Incoming>) -> Response<ResponseBody<Full<Bytes>>> {
///     if request.uri().path() != "/ws" {
///         return Response::new(ResponseBody::new(Full::from("hello")));
///     }
///     let (mut parts, _body) = request.into_parts();
///     match WebSocketUpgrade::from_parts(&mut parts) {
///         Ok(upgrade) => upgrade.on_upgrade(|mut socket| async move {
///             while let Some(message) = socket.recv().await {
///                 let message = message?;
///                 if message.is_data() {
///                     socket.send(message).await?;
///                 }
///             }
///             Ok::<_, tower_websock::Error>(())
///         }),
///         Err(rejection) => rejection.into_response(),
///     }
/// }
/// ```
#[must_use = "answer it with `on_upgrade` or `accept`"]
pub struct WebSocketUpgrade {
    handshake: Handshake,
    io: Offered,
    /// Whether an outer layer may want to compress the response.
    accepts_encodings: bool,
    origin: RequestOrigin,
    policy: OriginPolicy,
    selected: Option<Subprotocol>,
    config: Arc<Config>,
    connections: Option<Connections>,
    key: Option<ConnectionKey>,
    executor: Executor,
    hooks: Hooks,
    shown: observe::Request,
}

impl WebSocketUpgrade {
    /// Checks a request (RFC 6455, section 4.2.1; RFC 8441, section 5) and takes its upgrade out
    /// of the extensions: hyper's, or a [`ProvidedIo`](crate::ProvidedIo).
    ///
    /// # Errors
    ///
    /// If the request is not a valid handshake. To answer it, send the response that
    /// [`into_response`](Rejection::into_response) makes.
    pub fn from_parts(parts: &mut Parts) -> Result<Self, Rejection> {
        let handshake = check(parts)?;
        let io = Offered::take(parts).ok_or(Rejection::NotUpgradable)?;
        Ok(Self {
            handshake,
            io,
            accepts_encodings: parts.headers.contains_key(header::ACCEPT_ENCODING),
            origin: RequestOrigin::of(parts),
            policy: OriginPolicy::same_host(),
            selected: None,
            config: Arc::default(),
            connections: None,
            key: None,
            executor: Executor::default(),
            hooks: Hooks::default(),
            shown: observe::Request::of(parts),
        })
    }

    /// Sets limits and deadlines.
    pub fn config(self, config: Config) -> Self {
        self.shared_config(Arc::new(config))
    }

    /// Sets limits and deadlines that connections share.
    pub(crate) fn shared_config(mut self, config: Arc<Config>) -> Self {
        self.config = config;
        self
    }

    /// Sets which pages may connect. Default: those from the same host.
    pub fn origin(mut self, policy: OriginPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Counts the connection among `connections`, which may refuse it. Default: among none.
    pub fn connections(mut self, connections: &Connections) -> Self {
        self.connections = Some(connections.clone());
        self
    }

    /// Sets whose connection it is, for [`Connections::max_per_key`]. Default: nobody's.
    ///
    /// Without [`connections`](Self::connections), it has no effect.
    pub fn connection_key(mut self, key: impl Into<ConnectionKey>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Selects the first of these subprotocols that the client offers, if any.
    ///
    /// A name that is not a token is never offered, so it is never selected.
    pub fn subprotocols(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let offered = self.handshake.offered();
        self.selected = names
            .into_iter()
            .find_map(|name| {
                let name = name.as_ref();
                offered.iter().find(|offered| offered.as_str() == name)
            })
            .cloned();
        self
    }

    /// Selects a subprotocol, or none. The client must have offered it, or
    /// [`accept`](Self::accept) fails.
    pub fn select_subprotocol(mut self, subprotocol: Option<Subprotocol>) -> Self {
        self.selected = subprotocol;
        self
    }

    /// The subprotocols that the client offers, in its order of preference.
    pub fn offered_subprotocols(&self) -> &[Subprotocol] {
        self.handshake.offered()
    }

    /// The subprotocol selected so far.
    pub const fn selected_subprotocol(&self) -> Option<&Subprotocol> {
        self.selected.as_ref()
    }

    /// Sets an executor that connections share.
    pub(crate) fn shared_executor(mut self, executor: Executor) -> Self {
        self.executor = executor;
        self
    }

    /// What runs the task of this connection.
    pub(crate) fn tasks(&self) -> Executor {
        self.executor.clone()
    }

    #[cfg(feature = "axum")]
    pub(crate) const fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    pub(super) const fn hooks_mut(&mut self) -> &mut Hooks {
        &mut self.hooks
    }

    /// Applies the policy of origins before anything else is decided.
    pub(crate) fn check_origin(&self) -> Result<(), Rejection> {
        self.origin.check(&self.policy)
    }

    /// Accepts the request. Returns the response, which must be sent to the client, and the
    /// connection to come.
    ///
    /// The connection is upgraded only if this response is sent, with its body and its extensions:
    /// see [`ResponseBody`]. If another response is sent instead, the [`Accepting`] fails with
    /// [`UpgradeError::NotSent`].
    ///
    /// This spawns nothing. [`on_upgrade`](Self::on_upgrade) is simpler.
    ///
    /// # Errors
    ///
    /// [`Rejection::Origin`], [`Rejection::OriginRepeated`] or [`Rejection::ForeignHost`] if the
    /// policy refuses the request; [`Rejection::SubprotocolNotOffered`] if the client did not
    /// offer the selected subprotocol; [`Rejection::TooManyConnections`],
    /// [`Rejection::TooManyOfKey`] or [`Rejection::Draining`] if the
    /// [`connections`](Self::connections) have no place for it.
    pub fn accept<B>(self) -> Result<(Response<ResponseBody<B>>, Accepting), Rejection> {
        self.check_origin()?;
        let key = self.key;
        let seat = self.connections.map(|connections| connections.admit(key));
        let seat = seat.transpose()?;
        let opening = self.handshake.opening();
        let accepted = self.handshake.accept(self.selected, &self.config)?;
        let (mut response, agreed): (Response<ResponseBody<B>>, _) = accepted;
        let (io, proof) = self.io.pending(opening);
        if let Some((witness, head)) = proof {
            *response.body_mut() = ResponseBody::acceptance(witness);
            response.extensions_mut().insert(head);
            if !opening.is_multiplexed() {
                keep_body_in_sight(response.headers_mut(), self.accepts_encodings);
            }
        }
        let name = agreed.subprotocol.as_ref().map(Subprotocol::as_str);
        let setup = Setup {
            config: self.config,
            span: Some(self.shown.accept(name, seat.as_ref().map(Seat::number))),
            agreed,
        };
        let watch = Watch::new(self.hooks);
        let accepting = Accepting {
            io,
            setup,
            seat,
            watch,
        };
        Ok((response, accepting))
    }

    /// Accepts the request, and runs `handler` in its own task once the connection is upgraded.
    ///
    /// The task supervises the connection: see [`Accepting::supervise`]. If
    /// [`accept`](Self::accept) refuses the request, the response is the refusal.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime; and if [`on_end`](Self::on_end) or [`on_error`](Self::on_error)
    /// expect another error than the handler's.
    pub fn on_upgrade<B, H, F>(self, handler: H) -> Response<ResponseBody<B>>
    where
        H: FnOnce(WebSocket) -> F + Send + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        let tasks = self.tasks();
        match self.accept() {
            Ok((response, accepting)) => {
                tasks.spawn(accepting.supervise(handler));
                response
            }
            Err(rejection) => rejection.into_response(),
        }
    }
}

/// Sees to it that hyper asks the body of the acceptance, and polls it for another status.
fn keep_body_in_sight(headers: &mut HeaderMap, accepts_encodings: bool) {
    // hyper leaves it out of a 101 (RFC 9112, section 6.1), and with another status polls the
    // body, or, if somebody added a length, sends nothing. By a length of 0 it would not poll.
    headers.insert(
        header::TRANSFER_ENCODING,
        const { HeaderValue::from_static("chunked") },
    );
    // A layer that compresses takes a body without a length for a large one, and hides it.
    if accepts_encodings {
        headers.insert(
            header::CONTENT_ENCODING,
            const { HeaderValue::from_static("identity") },
        );
    }
}

impl fmt::Debug for WebSocketUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade")
            .field("offered", &self.handshake.offered())
            .field("selected", &self.selected)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// A connection that will be upgraded once its response has been written.
#[must_use = "without it the connection is dropped after the handshake"]
pub struct Accepting {
    io: PendingIo,
    setup: Setup,
    seat: Option<Seat>,
    watch: Watch,
}

impl Accepting {
    /// Treats the response as sent, whatever happens to it. Use it if a layer has to replace the
    /// body or the extensions of the response: see [`ResponseBody`].
    ///
    /// Dangerous: hyper hands over an HTTP/1.1 connection when it ends, whatever was answered. If
    /// an outer layer answers 401 instead of the acceptance, the handler still starts, and talks
    /// to a client that was refused. Call this only if no layer between this response and hyper
    /// refuses requests.
    pub fn assume_sent(self) -> Self {
        self.io.assume_sent();
        self
    }

    /// The connection's number in its [`Connections`]. `None` if it belongs to none.
    pub fn id(&self) -> Option<ConnectionId> {
        self.seat.as_ref().map(Seat::id)
    }

    /// Waits until the response is sent and the connection upgraded. Yields a socket without a
    /// supervisor. Hooks such as [`on_end`](WebSocketUpgrade::on_end) are not called.
    ///
    /// # Errors
    ///
    /// If the connection was not upgraded within [`upgrade_timeout`](Config::upgrade_timeout), or
    /// not at all.
    pub fn socket(mut self) -> impl Future<Output = Result<WebSocket, UpgradeError>> + Send {
        self.watch.forget();
        let upgrading = upgraded(self.io, self.setup, self.seat);
        async {
            let (io, setup, seat) = upgrading.await?;
            Ok(WebSocket::unsupervised(io, setup, None).seated(seat))
        }
    }

    /// Waits until the response is sent and the connection upgraded, then runs `handler` with the
    /// socket. Yields how the connection ended.
    ///
    /// Use it in a task of your own; [`WebSocketUpgrade::on_upgrade`] spawns one for you. After
    /// each poll of the handler, this future writes what was sent. While the handler does not
    /// receive, this future reads ahead (about 64 KiB) and answers pings at once and a Close after
    /// a second. When the handler drops the socket, returns, fails or panics, it closes the
    /// connection properly: see [`close_timeout`](Config::close_timeout). A handler that gave its
    /// socket to another task may return; the connection then stays open.
    ///
    /// # Errors
    ///
    /// If the connection was not upgraded. In this case the handler is not called.
    ///
    /// # Panics
    ///
    /// If the handler panics: the connection is closed with 1011, and then the panic continues.
    /// With `panic = "abort"` the process ends without a Close frame.
    ///
    /// At once, if [`on_end`](WebSocketUpgrade::on_end) or
    /// [`on_error`](WebSocketUpgrade::on_error) expect another error than the handler's.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handler and the transport, without a closing handshake.
    #[track_caller]
    pub fn supervise<H, F>(self, handler: H) -> Supervise<H, F>
    where
        H: FnOnce(WebSocket) -> F,
        F: Future<Output: Outcome>,
    {
        self.watch.hooks().assert_fit::<F::Output>();
        let upgrading = upgraded(self.io, self.setup, self.seat);
        Supervise::new(upgrading, handler, self.watch)
    }

    /// Sets the hooks in place of those of the upgrade.
    pub(crate) fn watched(mut self, hooks: Hooks) -> Self {
        self.watch.forget();
        self.watch = Watch::new(hooks);
        self
    }
}

/// The transport, if it comes in time: from now on.
fn upgraded(io: PendingIo, setup: Setup, seat: Option<Seat>) -> Upgrading {
    let io = timeout(setup.config.upgrade_timeout, io);
    Box::pin(async move {
        let mut io = pin!(io);
        let io = poll_fn(|cx| {
            let cut = seat.as_ref().map(|seat| seat.poll_cut(cx));
            if cut.is_some_and(|cut| cut.is_ready()) {
                return Poll::Ready(Err(UpgradeError::Cut));
            }
            let io = io.as_mut().poll(cx);
            io.map(|io| io.unwrap_or(Err(UpgradeError::TimedOut)))
        });
        let io = io.await;
        if let (Err(error), Some(span)) = (&io, &setup.span) {
            span.not_upgraded(error);
        }
        let opened: Opened = (io?, setup, seat);
        Ok(opened)
    })
}

impl fmt::Debug for Accepting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepting")
            .field("subprotocol", &self.setup.agreed.subprotocol)
            .finish_non_exhaustive()
    }
}
