//! How a client that connects again is set up.

use std::{borrow::Cow, fmt, future::Future, sync::Arc, time::Duration};

use super::{
    cause::{BoxError, Cause},
    connector::Connector,
    decision::Decision,
    event::{Attempt, State},
    link::{Link, OnState},
    pace::{Pace, Rule},
    retry::Retry,
    socket::Reconnecting,
};
use crate::{
    client::Builder,
    stream::{Upgraded, WebSocket},
};

/// Sets how a [`Reconnecting`] connects, and makes it.
///
/// ```
/// use std::time::Duration;
/// use tower_websock::client::{Builder, Retry, reconnecting::{Decision, State}};
///
/// let socket = Builder::new()
///     .reconnecting("ws://127.0.0.1:8888/ws")
///     .retry(Retry::new().max_delay(Duration::from_secs(20)))
///     .rule(|cause, default| match cause.code() {
///         // Of this server, 4001 means: connect again, to another node.
///         Some(4001) => Decision::Wait(Duration::from_secs(1)),
///         _ => default,
///     })
///     .on_state(|state| {
///         if let State::Waiting { wait, why } = state {
///             eprintln!("{why}; again in {wait:?}");
///         }
///     })
///     .build();
/// # let _ = socket;
/// ```
#[must_use = "build it"]
pub struct ReconnectingBuilder<C = Requests> {
    connect: C,
    retry: Retry,
    rule: Option<Rule>,
    on_state: Option<OnState>,
    attempt_timeout: Duration,
    max_unflushed: usize,
}

/// What [`Builder::reconnecting`] connects with: the builder, and a URI. `Debug` leaves the URI's
/// query out, which may have a token.
pub struct Requests {
    builder: Arc<Builder>,
    uri: Arc<str>,
}

/// The request of an attempt: a builder, and a URI if it is not the one that
/// [`Builder::reconnecting`] was given. `Debug` leaves the URI's query out, which may have a token.
pub struct NextRequest {
    builder: Builder,
    uri: Option<String>,
}

impl Builder {
    /// Makes a client for `uri` that connects again: see [`Reconnecting`].
    ///
    /// ```
    /// # use tower_websock::client::Builder;
    /// let socket = Builder::new().reconnecting("ws://127.0.0.1:8888/ws").build();
    /// # let _ = socket;
    /// ```
    ///
    /// A URI or a header that cannot be used is told by the first event.
    pub fn reconnecting(&self, uri: impl Into<String>) -> ReconnectingBuilder {
        Reconnecting::builder(self.clone(), uri)
    }
}

impl Reconnecting {
    /// The same as [`Builder::reconnecting`].
    pub fn builder(builder: Builder, uri: impl Into<String>) -> ReconnectingBuilder {
        ReconnectingBuilder::new(Requests {
            builder: Arc::new(builder),
            uri: uri.into().into(),
        })
    }
}

impl<T: 'static> Reconnecting<T> {
    /// A client whose connections are opened by `connect`: over a transport of yours, or with a
    /// login that comes before everything else.
    ///
    /// The function is called once per attempt, never while another attempt is under way. It may
    /// fail with any error. The default for an error that is not of this crate is to try again; a
    /// [`Cause`] is judged as if it came from the connection.
    ///
    /// ```no_run
    /// use tower_websock::{
    ///     Message,
    ///     client::{Builder, Reconnecting, reconnecting::Cause},
    /// };
    ///
    /// let socket = Reconnecting::over(|_attempt| async {
    ///     let mut socket = Builder::new().connect("ws://127.0.0.1:8888/ws").await?;
    ///     socket.send("login".into()).await?;
    ///     match socket.recv().await {
    ///         Some(Ok(Message::Text(text))) if text == "welcome" => Ok(socket),
    ///         Some(Ok(Message::Close(frame))) => Err(Cause::Closed(frame).into()),
    ///         _ => Err(Box::<dyn std::error::Error + Send + Sync>::from("no welcome")),
    ///     }
    /// })
    /// .build();
    /// # let _ = socket;
    /// ```
    pub fn over<F, Fut, E>(connect: F) -> ReconnectingBuilder<Connector<T>>
    where
        F: FnMut(Attempt) -> Fut + Send + 'static,
        Fut: Future<Output = Result<WebSocket<T>, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        ReconnectingBuilder::new(Connector::new(connect))
    }
}

impl<C> ReconnectingBuilder<C> {
    fn new(connect: C) -> Self {
        Self {
            connect,
            retry: Retry::new(),
            rule: None,
            on_state: None,
            attempt_timeout: Duration::from_secs(30),
            max_unflushed: 64 << 10,
        }
    }

    /// Sets when to connect again, and what is final. Default: [`Retry::new`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Sets a function that judges each failure. It gets what [`Retry`] decides, and has the last
    /// word. Default: none.
    ///
    /// A wait of less than a millisecond counts as one. This side's own close is not a failure.
    pub fn rule(mut self, rule: impl FnMut(&Cause, Decision) -> Decision + Send + 'static) -> Self {
        self.rule = Some(Box::new(rule));
        self
    }

    /// Sets a function that is told whatever happens, as it happens. Default: none.
    ///
    /// It runs inside the call that brings the change, so it must not block.
    pub fn on_state(mut self, on_state: impl FnMut(&State) + Send + 'static) -> Self {
        self.on_state = Some(Box::new(on_state));
        self
    }

    /// Limits the time of an attempt, from the hook that makes its request to the open connection.
    ///
    /// Default 30 seconds, at least a millisecond. Within it,
    /// [`upgrade_timeout`](crate::Config::upgrade_timeout) still applies to what it limits.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How much is kept of what was sent and not flushed, to be handed back.
    ///
    /// Default 64 KiB; each message counts with 64 bytes more than its payload. Beyond it, sending
    /// another message flushes first. Zero: each message is flushed before the next is sent.
    pub fn max_unflushed(mut self, bytes: usize) -> Self {
        self.max_unflushed = bytes;
        self
    }

    fn with<D>(self, connect: impl FnOnce(C) -> D) -> ReconnectingBuilder<D> {
        ReconnectingBuilder {
            connect: connect(self.connect),
            retry: self.retry,
            rule: self.rule,
            on_state: self.on_state,
            attempt_timeout: self.attempt_timeout,
            max_unflushed: self.max_unflushed,
        }
    }
}

impl ReconnectingBuilder<Requests> {
    /// Sets what makes the request of each attempt: with a fresh token, say, or a resume id.
    /// Default: the same request each time.
    ///
    /// It replaces the builder that `reconnecting` was called on: clone that one into the hook to
    /// keep its headers, limits, TLS and proxy. It yields a [`Builder`], or a builder and a URI. If it fails, the attempt has failed, with
    /// [`Cause::Hook`] unless the error is one of this crate. Together with the connecting, it is
    /// limited by [`attempt_timeout`](Self::attempt_timeout).
    ///
    /// ```
    /// use http::header::AUTHORIZATION;
    /// use tower_websock::client::Builder;
    ///
    /// # async fn fresh_token() -> Result<http::HeaderValue, std::io::Error> {
    /// #     Ok(http::HeaderValue::from_static("Bearer x"))
    /// # }
    /// let builder = Builder::new();
    /// let socket = builder
    ///     .reconnecting("ws://127.0.0.1:8888/ws")
    ///     .request(move |attempt| {
    ///         let builder = builder.clone();
    ///         async move {
    ///             let builder = builder.header(AUTHORIZATION, fresh_token().await?);
    ///             let uri = format!("ws://127.0.0.1:8888/ws?resume={}", attempt.connections());
    ///             Ok::<_, std::io::Error>((builder, uri))
    ///         }
    ///     })
    ///     .build();
    /// # let _ = socket;
    /// ```
    pub fn request<F, Fut, R, E>(self, mut request: F) -> ReconnectingBuilder<Connector<Upgraded>>
    where
        F: FnMut(Attempt) -> Fut + Send + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        R: Into<NextRequest>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.with(|Requests { uri, .. }| {
            Connector::new(move |attempt| {
                let next = request(attempt);
                let uri = uri.clone();
                async move {
                    let next: NextRequest = next.await.map_err(Into::into)?.into();
                    let uri = next.uri.as_deref().unwrap_or(&uri);
                    next.builder.connect(uri).await.map_err(BoxError::from)
                }
            })
        })
    }

    /// The client. It connects when it is first polled, inside a tokio runtime whose timer is
    /// enabled.
    pub fn build(self) -> Reconnecting {
        let connect = |Requests { builder, uri }| {
            Connector::new(move |_| {
                let (builder, uri) = (builder.clone(), uri.clone());
                async move { builder.connect(&uri).await }
            })
        };
        self.with(connect).build()
    }
}

impl<T> ReconnectingBuilder<Connector<T>> {
    /// The client. It connects when it is first polled, inside a tokio runtime whose timer is
    /// enabled.
    pub fn build(self) -> Reconnecting<T> {
        let pace = Pace::new(self.retry, self.rule);
        let link = Link::new(self.connect, self.attempt_timeout, pace, self.on_state);
        Reconnecting::new(link, self.max_unflushed)
    }
}

impl<C: fmt::Debug> fmt::Debug for ReconnectingBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconnectingBuilder")
            .field("connect", &self.connect)
            .field("retry", &self.retry)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_unflushed", &self.max_unflushed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests")
            .field("builder", &self.builder)
            .field("uri", &without_query(&self.uri))
            .finish()
    }
}

impl fmt::Debug for NextRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextRequest")
            .field("builder", &self.builder)
            .field("uri", &self.uri.as_deref().map(without_query))
            .finish()
    }
}

impl From<Builder> for NextRequest {
    fn from(builder: Builder) -> Self {
        Self { builder, uri: None }
    }
}

impl<U: Into<String>> From<(Builder, U)> for NextRequest {
    fn from((builder, uri): (Builder, U)) -> Self {
        let uri = Some(uri.into());
        Self { builder, uri }
    }
}

/// As it may be shown.
fn without_query(uri: &str) -> Cow<'_, str> {
    match uri.split_once('?') {
        Some((before, _)) => format!("{before}?..").into(),
        None => uri.into(),
    }
}
