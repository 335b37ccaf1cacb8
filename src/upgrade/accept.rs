//! A valid request for a WebSocket connection, and what becomes of it.

use std::{fmt, future::Future, sync::Arc};

use http::{HeaderMap, HeaderValue, Request, Response, header, request::Parts};

use super::{
    Accepting, Executor, Outcome, ResponseBody,
    coming::Coming,
    extended_connect,
    hooks::{Hooks, Watch},
    pending::Offered,
};
use crate::{
    config::{Config, Subprotocol},
    connections::{ConnectionKey, Connections, Seat},
    handshake::{Handshake, OriginPolicy, Rejection, RequestOrigin, is_attempt, is_request},
    observe,
    stream::{Setup, WebSocket},
};

/// Whether a request tries, well or badly, to open a WebSocket connection.
pub(crate) fn is_for_us<B>(request: &Request<B>) -> bool {
    let protocol = extended_connect::asked_for(request.method(), request.extensions());
    is_attempt(request.version(), request.headers(), protocol)
}

/// Whether a request asks for a WebSocket connection.
///
/// Over HTTP/1.1, it does if it is a GET that lists `websocket` in `Upgrade` and `upgrade` in
/// `Connection` (RFC 6455, section 4.2.1, items 1, 3 and 4; names have no case). Over HTTP/2, if it
/// is a CONNECT whose `:protocol` is `websocket` (RFC 8441, section 5; with the feature `http2`).
/// In any other version, no request does.
///
/// For those who choose by it who answers a request. It need not be a valid one: whether it is,
/// [`WebSocketUpgrade::from_parts`] says.
///
/// ```
/// use http::{Request, header::{CONNECTION, UPGRADE}};
/// use tower_websock::is_upgrade_request;
///
/// let request = Request::get("/ws").header(CONNECTION, "keep-alive, Upgrade");
/// assert!(is_upgrade_request(&request.header(UPGRADE, "websocket").body(())?));
/// assert!(!is_upgrade_request(&Request::get("/ws").body(())?));
/// # Ok::<_, http::Error>(())
/// ```
pub fn is_upgrade_request<B>(request: &Request<B>) -> bool {
    let (method, headers) = (request.method(), request.headers());
    let protocol = extended_connect::asked_for(method, request.extensions());
    is_request(method, request.version(), headers, protocol)
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
    /// [`UpgradeError::NotSent`](crate::UpgradeError::NotSent).
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
        let span = self.shown.accept(name, seat.as_ref().map(Seat::number));
        let setup = Setup {
            config: self.config,
            span: None,
            agreed,
        };
        let coming = Coming::new(io, setup, seat, span);
        let accepting = Accepting::new(coming, Watch::new(self.hooks));
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
