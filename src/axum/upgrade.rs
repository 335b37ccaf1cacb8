//! The extractor.

use std::{borrow::Cow, fmt, future::Future};

use axum_core::{
    Error,
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, request::Parts};

use super::{Accepting, WebSocket};
use crate::{
    config::{Config, Subprotocol},
    connections::{ConnectionKey, Connections},
    handshake::{OriginPolicy, Rejection},
    upgrade::{ConnectionTask, End, Outcome},
};

/// Extractor of a valid WebSocket request.
///
/// Route it with [`any`](https://docs.rs/axum/latest/axum/routing/fn.any.html).
#[must_use = "answer it with `on_upgrade` or `accept`"]
pub struct WebSocketUpgrade<F = DefaultOnFailedUpgrade> {
    upgrade: crate::WebSocketUpgrade,
    config: Config,
    /// What the application selected; it may be no subprotocol at all.
    selected: Option<HeaderValue>,
    on_failed_upgrade: F,
}

impl<F> WebSocketUpgrade<F> {
    /// Sets limits and deadlines. Replaces all that were set before.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets which pages may connect. Default: those from the same host.
    pub fn origin(mut self, policy: OriginPolicy) -> Self {
        self.upgrade = self.upgrade.origin(policy);
        self
    }

    /// Counts the connection among `connections`, which may refuse it with 503. Default: among
    /// none.
    pub fn connections(mut self, connections: &Connections) -> Self {
        self.upgrade = self.upgrade.connections(connections);
        self
    }

    /// Sets whose connection it is, for [`Connections::max_per_key`]. Default: nobody's.
    ///
    /// Without [`connections`](Self::connections), it has no effect.
    pub fn connection_key(mut self, key: impl Into<ConnectionKey>) -> Self {
        self.upgrade = self.upgrade.connection_key(key);
        self
    }

    /// Largest message accepted, in bytes; see [`Config::max_message_size`]. Default 1 MiB.
    pub fn max_message_size(mut self, max: usize) -> Self {
        self.config = self.config.max_message_size(max);
        self
    }

    /// Largest payload of one frame accepted, in bytes; see [`Config::max_frame_size`].
    pub fn max_frame_size(mut self, max: usize) -> Self {
        self.config = self.config.max_frame_size(max);
        self
    }

    /// Queued bytes at which senders wait; see [`Config::write_high_water`]. Default 64 KiB.
    pub fn max_write_buffer_size(mut self, max: usize) -> Self {
        self.config = self.config.write_high_water(max);
        self
    }

    /// Has no effect; for compatibility. What a handler sends is written when it next waits.
    pub fn write_buffer_size(self, _size: usize) -> Self {
        self
    }

    /// Has no effect; for compatibility. A connection borrows a read buffer while it reads.
    pub fn read_buffer_size(self, _size: usize) -> Self {
        self
    }

    /// Has no effect: a server must close the connection if it receives an unmasked frame.
    #[deprecated(note = "unmasked frames are always refused (RFC 6455, section 5.1)")]
    pub fn accept_unmasked_frames(self, _accept: bool) -> Self {
        self
    }

    /// Selects the first of these subprotocols that the client offers, if any.
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Cow<'static, str>>,
    {
        self.upgrade = self
            .upgrade
            .subprotocols(protocols.into_iter().map(Into::into));
        let selected = self.upgrade.selected_subprotocol();
        self.selected = selected.map(|name| name.as_header_value().clone());
        self
    }

    /// The subprotocols that the client offers, in its order of preference.
    pub fn requested_protocols(&self) -> impl Iterator<Item = &HeaderValue> {
        self.upgrade
            .offered_subprotocols()
            .iter()
            .map(Subprotocol::as_header_value)
    }

    /// Selects a subprotocol. If the client did not offer it, the response is 500.
    pub fn set_selected_protocol(&mut self, protocol: HeaderValue) {
        self.selected = Some(protocol);
    }

    /// The subprotocol selected so far.
    pub fn selected_protocol(&self) -> Option<&HeaderValue> {
        self.selected.as_ref()
    }

    /// Sets what [`on_upgrade`](Self::on_upgrade) calls if the handshake was answered but the
    /// connection is not upgraded.
    pub fn on_failed_upgrade<C>(self, callback: C) -> WebSocketUpgrade<C>
    where
        C: OnFailedUpgrade,
    {
        WebSocketUpgrade {
            upgrade: self.upgrade,
            config: self.config,
            selected: self.selected,
            on_failed_upgrade: callback,
        }
    }

    /// Sets what is called once the connection is over, exactly once if the request is accepted. See
    /// [`WebSocketUpgrade::on_end`](crate::WebSocketUpgrade::on_end) of the crate.
    ///
    /// ```
    /// use axum::response::Response;
    /// use tower_websock::{End, axum::WebSocketUpgrade};
    ///
    /// async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
    ///     upgrade
    ///         .on_end(|end: &End| println!("{:?}, handler: {:?}", end.closure(), end.handler()))
    ///         .on_upgrade(async |mut socket| while socket.recv().await.is_some() {})
    /// }
    /// # let _ = upgrade;
    /// ```
    pub fn on_end<E: Send + 'static>(
        mut self,
        hook: impl FnOnce(&End<E>) + Send + 'static,
    ) -> Self {
        self.upgrade = self.upgrade.on_end(hook);
        self
    }

    /// Sets what is called with the error if the callback of [`on_upgrade`](Self::on_upgrade)
    /// returns one. See [`WebSocketUpgrade::on_error`](crate::WebSocketUpgrade::on_error) of the
    /// crate.
    ///
    /// ```
    /// use axum::response::Response;
    /// use tower_websock::axum::WebSocketUpgrade;
    ///
    /// async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
    ///     upgrade
    ///         .on_error(|error: &axum::Error| eprintln!("{error}"))
    ///         .on_upgrade(async |mut socket| socket.send("hello".into()).await)
    /// }
    /// # let _ = upgrade;
    /// ```
    pub fn on_error<E: 'static>(mut self, hook: impl FnOnce(&E) + Send + 'static) -> Self {
        self.upgrade = self.upgrade.on_error(hook);
        self
    }

    /// Sets what runs the connection's task in place of `tokio::spawn`. See
    /// [`WebSocketUpgrade::executor`](crate::WebSocketUpgrade::executor) of the crate.
    ///
    /// ```
    /// use axum::{extract::State, response::Response};
    /// use tokio_util::task::TaskTracker;
    /// use tower_websock::axum::WebSocketUpgrade;
    ///
    /// async fn upgrade(upgrade: WebSocketUpgrade, State(tasks): State<TaskTracker>) -> Response {
    ///     upgrade
    ///         .executor(move |task| tasks.spawn(task))
    ///         .on_upgrade(async |mut socket| socket.send("hello".into()).await)
    /// }
    /// # let _ = upgrade;
    /// ```
    pub fn executor<T>(
        mut self,
        spawn: impl Fn(ConnectionTask) -> T + Send + Sync + 'static,
    ) -> Self {
        self.upgrade = self.upgrade.executor(spawn);
        self
    }

    /// Accepts the request. Returns the response, which must be sent to the client, and the
    /// connection to come. Use it to run the handler in a task of your own, such as one that a
    /// shutdown waits for.
    ///
    /// [`on_upgrade`](Self::on_upgrade) is simpler. This method does not use the callback of
    /// [`on_failed_upgrade`](Self::on_failed_upgrade): [`Accepting::supervise`] returns the error.
    ///
    /// ```
    /// use axum::{extract::State, response::Response};
    /// use tokio_util::task::TaskTracker;
    /// use tower_websock::axum::WebSocketUpgrade;
    ///
    /// async fn upgrade(upgrade: WebSocketUpgrade, State(tasks): State<TaskTracker>) -> Response {
    ///     let (response, accepting) = match upgrade.accept() {
    ///         Ok(accepted) => accepted,
    ///         Err(rejection) => return rejection.into_response(),
    ///     };
    ///     tasks.spawn(accepting.supervise(|mut socket| async move {
    ///         socket.send("hello".into()).await
    ///     }));
    ///     response
    /// }
    /// # let _ = upgrade;
    /// ```
    ///
    /// # Errors
    ///
    /// [`Rejection::Origin`], [`Rejection::OriginRepeated`] or [`Rejection::ForeignHost`] if the
    /// policy refuses the request; [`Rejection::SubprotocolNotOffered`] if the client did not
    /// offer the selected subprotocol; [`Rejection::TooManyConnections`],
    /// [`Rejection::TooManyOfKey`] or [`Rejection::Draining`] if the
    /// [`connections`](Self::connections) have no place for it.
    pub fn accept(self) -> Result<(Response, Accepting), Rejection> {
        accept(self.upgrade, self.config, self.selected)
    }

    /// Accepts the request, and runs `callback` in its own task once the connection is upgraded.
    ///
    /// The task closes the connection properly when the callback drops the socket, returns, fails
    /// or panics: see [`Accepting::supervise`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime; and if [`on_end`](Self::on_end) or [`on_error`](Self::on_error)
    /// expect another error than the callback's.
    #[must_use = "return the response, or the connection is not upgraded"]
    pub fn on_upgrade<C, Fut>(self, callback: C) -> Response
    where
        C: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
        F: OnFailedUpgrade,
    {
        self.upgrade.hooks().assert_fit::<Fut::Output>();
        let (tasks, on_failed_upgrade) = (self.upgrade.tasks(), self.on_failed_upgrade);
        let (response, accepting) = match accept(self.upgrade, self.config, self.selected) {
            Ok(accepted) => accepted,
            Err(rejection) => return rejection.into_response::<Body>(),
        };
        tasks.spawn(async move {
            let supervised = accepting.supervise(callback);
            if let Err(error) = supervised.await {
                on_failed_upgrade.call(Error::new(error));
            }
        });
        response
    }
}

fn accept(
    upgrade: crate::WebSocketUpgrade,
    config: Config,
    selected: Option<HeaderValue>,
) -> Result<(Response, Accepting), Rejection> {
    let selected = selected.map(|name| {
        let name = Subprotocol::from_bytes(name.as_bytes());
        name.map_err(|_| Rejection::SubprotocolNotOffered)
    });
    let (response, accepting) = upgrade
        .config(config)
        .select_subprotocol(selected.transpose()?)
        .accept::<Body>()?;
    Ok((response.map(Body::new), accepting.into()))
}

impl<S: Send + Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        Ok(Self {
            upgrade: crate::WebSocketUpgrade::from_request_parts(parts, state).await?,
            config: Config::new(),
            selected: None,
            on_failed_upgrade: DefaultOnFailedUpgrade,
        })
    }
}

/// This crate's own type as an extractor. Its response is also a response for axum:
///
/// ```
/// use axum::{Router, routing::any};
/// use http::Response;
/// use tower_websock::{ResponseBody, WebSocket, WebSocketUpgrade};
///
/// async fn upgrade(upgrade: WebSocketUpgrade) -> Response<ResponseBody> {
///     upgrade.on_upgrade(async |mut socket: WebSocket| socket.send("hello".into()).await)
/// }
///
/// let app: Router = Router::new().route("/ws", any(upgrade));
/// ```
impl<S: Send + Sync> FromRequestParts<S> for crate::WebSocketUpgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        let upgrade = Self::from_parts(parts);
        if upgrade.is_err() {
            // As `ResponseFuture` does it.
            tokio::task::yield_now().await;
        }
        upgrade
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        Rejection::into_response(self)
    }
}

impl<F> fmt::Debug for WebSocketUpgrade<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade")
            .field("upgrade", &self.upgrade)
            .field("config", &self.config)
            .field("selected", &self.selected)
            .finish_non_exhaustive()
    }
}

/// What to do when a connection is not upgraded although the handshake was answered.
pub trait OnFailedUpgrade: Send + 'static {
    /// Called with the reason.
    fn call(self, error: Error);
}

impl<F> OnFailedUpgrade for F
where
    F: FnOnce(Error) + Send + 'static,
{
    fn call(self, error: Error) {
        self(error);
    }
}

/// The default of [`OnFailedUpgrade`]: does nothing.
#[derive(Debug)]
#[non_exhaustive]
pub struct DefaultOnFailedUpgrade;

impl OnFailedUpgrade for DefaultOnFailedUpgrade {
    fn call(self, _error: Error) {}
}
