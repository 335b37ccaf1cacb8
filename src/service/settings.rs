//! What the layers and the services are configured with.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::request::Parts;

use super::{Gate, hooks::HookMaker};
use crate::{
    config::{Config, Subprotocol},
    connections::{ConnectionKey, Connections},
    handshake::OriginPolicy,
    upgrade::{ConnectionTask, End, Executor, Hooks, WebSocketUpgrade},
};

/// One value for every face; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(Arc<Values>);

#[derive(Clone, Debug, Default)]
struct Values {
    path: Option<String>,
    config: Arc<Config>,
    origin: OriginPolicy,
    subprotocols: Vec<Subprotocol>,
    connections: Option<Connections>,
    key: Key,
    gate: Gate<Bytes>,
    hooks: HookMaker,
    executor: Executor,
}

/// Whose connection a request opens.
#[derive(Clone, Default)]
struct Key(Option<Arc<KeyOf>>);

type KeyOf = dyn Fn(&Parts) -> Option<ConnectionKey> + Send + Sync;

impl Settings {
    pub(crate) fn set_path(&mut self, path: String) {
        self.values().path = Some(path);
    }

    pub(crate) fn set_config(&mut self, config: Config) {
        self.values().config = Arc::new(config);
    }

    pub(crate) fn set_origin(&mut self, policy: OriginPolicy) {
        self.values().origin = policy;
    }

    pub(crate) fn set_subprotocols(&mut self, names: Vec<Subprotocol>) {
        self.values().subprotocols = names;
    }

    pub(crate) fn set_connections(&mut self, connections: Connections) {
        self.values().connections = Some(connections);
    }

    pub(crate) fn set_connection_key<K: Into<ConnectionKey>>(
        &mut self,
        key: impl Fn(&Parts) -> Option<K> + Send + Sync + 'static,
    ) {
        self.values().key = Key(Some(Arc::new(move |parts| key(parts).map(Into::into))));
    }

    pub(crate) fn set_gate(&mut self, gate: Gate<Bytes>) {
        self.values().gate = gate;
    }

    pub(crate) fn set_on_end<E, C, G>(&mut self, make: C)
    where
        E: Send + 'static,
        C: Fn(&Parts) -> G + Send + Sync + 'static,
        G: FnOnce(&End<E>) + Send + 'static,
    {
        self.values().hooks.set_on_end(make);
    }

    pub(crate) fn set_on_error<E, C, G>(&mut self, make: C)
    where
        E: 'static,
        C: Fn(&Parts) -> G + Send + Sync + 'static,
        G: FnOnce(&E) + Send + 'static,
    {
        self.values().hooks.set_on_error(make);
    }

    pub(crate) fn set_executor<T>(
        &mut self,
        spawn: impl Fn(ConnectionTask) -> T + Send + Sync + 'static,
    ) {
        self.values().executor = Executor::new(spawn);
    }

    pub(crate) fn gate(&self) -> Gate<Bytes> {
        self.0.gate.clone()
    }

    fn values(&mut self) -> &mut Values {
        Arc::make_mut(&mut self.0)
    }

    /// Whether requests of this path are served.
    pub(super) fn is_for(&self, path: &str) -> bool {
        self.0.path.as_deref().is_none_or(|own| own == path)
    }

    pub(super) fn apply(&self, upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
        upgrade
            .shared_config(self.0.config.clone())
            .origin(self.0.origin.clone())
            .subprotocols(&self.0.subprotocols)
            .shared_executor(self.0.executor.clone())
    }

    /// Counts what `request` opens, once nothing else refuses it.
    pub(super) fn count(&self, upgrade: WebSocketUpgrade, request: &Parts) -> WebSocketUpgrade {
        let Some(connections) = &self.0.connections else {
            return upgrade;
        };
        let upgrade = upgrade.connections(connections);
        match self.0.key.of(request) {
            Some(key) => upgrade.connection_key(key),
            None => upgrade,
        }
    }

    /// The hooks of a connection that `request` opens.
    pub(super) fn hooks(&self, request: &Parts) -> Hooks {
        self.0.hooks.make(request)
    }
}

impl Key {
    fn of(&self, parts: &Parts) -> Option<ConnectionKey> {
        self.0.as_ref().and_then(|key| key(parts))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "by request"
        } else {
            "none"
        })
    }
}

/// The methods by which a type with `settings_mut(&mut self) -> &mut Settings` and
/// `set_gate(&mut self, Gate<_>)` is configured, whose handler is an `H: Handler<Args>`.
///
/// `$refusal` is what a refusal must be, and `$response` makes its response.
macro_rules! settings_methods {
    (refusal: $refusal:path => $response:expr) => {
        /// Serves WebSocket requests for this path only. Others go to the inner service, if there
        /// is one.
        ///
        /// Default: any path.
        pub fn path(mut self, path: impl Into<String>) -> Self {
            self.settings_mut().set_path(path.into());
            self
        }

        /// Sets limits and deadlines, and turns compression on or off.
        pub fn config(mut self, config: crate::Config) -> Self {
            self.settings_mut().set_config(config);
            self
        }

        /// Sets which pages may connect. Default: those from the same host.
        pub fn origin(mut self, policy: crate::OriginPolicy) -> Self {
            self.settings_mut().set_origin(policy);
            self
        }

        /// Sets the subprotocols that the handler speaks, the preferred one first.
        ///
        /// The first of them that the client offers is selected. The handler finds it in
        /// [`WebSocket::subprotocol`](crate::WebSocket::subprotocol). Default: none.
        ///
        /// # Panics
        ///
        /// If a name is not a token; see [`Subprotocol`](crate::Subprotocol).
        #[track_caller]
        pub fn subprotocols(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
            let names = crate::Subprotocol::list(names);
            self.settings_mut().set_subprotocols(names);
            self
        }

        /// Counts the connections among `connections`, which may refuse them with 503. Default:
        /// they are not counted.
        pub fn connections(mut self, connections: &crate::Connections) -> Self {
            self.settings_mut().set_connections(connections.clone());
            self
        }

        /// Sets how to tell from a request whose connection it opens, for
        /// [`max_per_key`](crate::Connections::max_per_key): by an IP address, a user's name or
        /// the like, see [`ConnectionKey`](crate::ConnectionKey). A connection for which `key`
        /// yields `None` is nobody's. Default: all are nobody's.
        ///
        /// Without [`connections`](Self::connections), `key` is not called. The peer's address
        /// is in no request by itself: have your server put it into the request's extensions.
        pub fn connection_key<K: Into<crate::ConnectionKey>>(
            mut self,
            key: impl Fn(&http::request::Parts) -> Option<K> + Send + Sync + 'static,
        ) -> Self {
            self.settings_mut().set_connection_key(key);
            self
        }

        /// Sets what decides on a request before it is accepted. `Err` refuses it.
        ///
        /// It is asked about valid handshakes that the [`origin`](Self::origin) policy allows. It
        /// may put an identity into the request's extensions, where the handler and
        /// [`on_end`](Self::on_end) find it. No handler starts for a refused request. The refusal
        /// is sent as it is; one with a status that accepts (1xx, 2xx) becomes 500.
        ///
        /// It must not block; see [`authorize_async`](Self::authorize_async). If it panics, the
        /// future of the response does, and the request is not accepted. It replaces what was set
        /// before. Costs two allocations per handshake. Default: every valid request is accepted.
        ///
        /// ```
        /// use http::{StatusCode, header, request::Parts};
        /// use tower_websock::{WebSocket, WebSocketLayer};
        ///
        /// #[derive(Clone)]
        /// struct User(String);
        ///
        /// let layer = WebSocketLayer::new(async |mut socket: WebSocket, request: Parts| {
        ///     if let Some(User(name)) = request.extensions.get() {
        ///         let _ = socket.send(format!("hello, {name}").into()).await;
        ///     }
        /// })
        /// .authorize(|request: &mut Parts| {
        ///     let token = request.headers.get(header::AUTHORIZATION);
        ///     if token.is_none_or(|token| token != "Bearer secret") {
        ///         return Err(StatusCode::UNAUTHORIZED);
        ///     }
        ///     request.extensions.insert(User("Ann".into()));
        ///     Ok(())
        /// });
        /// ```
        pub fn authorize<R: $refusal + 'static>(
            mut self,
            hook: impl Fn(&mut http::request::Parts) -> Result<(), R> + Send + Sync + 'static,
        ) -> Self {
            self.set_gate(crate::service::Gate::sync(hook, $response));
            self
        }

        /// The same as [`authorize`](Self::authorize) for a decision that takes time, such as a
        /// look into a database. Replaces it.
        ///
        /// It takes the head of the request and hands it on. If the client leaves meanwhile, the
        /// future is dropped.
        ///
        /// ```
        /// use http::{StatusCode, request::Parts};
        /// use tower_websock::{WebSocket, WebSocketLayer};
        /// # async fn look_up(_path: &str) -> Option<u64> { Some(1) }
        ///
        /// let layer = WebSocketLayer::new(async |mut socket: WebSocket| {
        ///     socket.send("hello".into()).await
        /// })
        /// .authorize_async(|mut request: Parts| async {
        ///     let room = look_up(request.uri.path()).await.ok_or(StatusCode::NOT_FOUND)?;
        ///     request.extensions.insert(room);
        ///     Ok::<_, StatusCode>(request)
        /// });
        /// ```
        pub fn authorize_async<F, R: $refusal + 'static>(
            mut self,
            hook: impl Fn(http::request::Parts) -> F + Send + Sync + 'static,
        ) -> Self
        where
            F: std::future::Future<Output = Result<http::request::Parts, R>> + Send + 'static,
        {
            self.set_gate(crate::service::Gate::future(hook, $response));
            self
        }

        /// Sets what is called once a connection is over: when it and its handler have ended, when
        /// it was not upgraded although it was accepted, or when its task is dropped. Exactly once
        /// for each request that is accepted, never for others.
        ///
        /// `make` is called when a request is accepted. It takes from the request what the hook
        /// needs to know, such as a user or an address. Each connection keeps the hook that it
        /// returns, which costs two allocations. The [`HandlerError`](crate::HandlerError) must
        /// be `Send`.
        ///
        /// The hook runs in the connection's task and must not block. If it or `make` panics,
        /// nothing else happens. Default: nothing.
        ///
        /// ```
        /// use http::request::Parts;
        /// use tower_websock::{WebSocket, WebSocketLayer};
        ///
        /// let layer = WebSocketLayer::new(async |mut socket: WebSocket| {
        ///     socket.send("hello".into()).await
        /// })
        /// .on_end(|request: &Parts| {
        ///     let path = request.uri.path().to_owned();
        ///     move |end| match (end.closure(), end.error()) {
        ///         (_, Some(error)) => println!("{path}: the handler failed: {error}"),
        ///         (Some(closure), None) => println!("{path}: {closure:?}"),
        ///         (None, None) => println!("{path}: {:?}", end.upgrade_error()),
        ///     }
        /// });
        /// ```
        pub fn on_end<C, G>(mut self, make: C) -> Self
        where
            H: crate::Handler<Args>,
            crate::HandlerError<H, Args>: Send,
            C: Fn(&http::request::Parts) -> G + Send + Sync + 'static,
            G: FnOnce(&crate::End<crate::HandlerError<H, Args>>) + Send + 'static,
        {
            self.settings_mut().set_on_end(make);
            self
        }

        /// Sets what is called with the error if a handler returns one, before its connection is
        /// closed with 1011.
        ///
        /// `make` is called when a request is accepted, and takes from the request what the hook
        /// needs to know. Each connection keeps the hook that it returns, which costs two
        /// allocations. The error may be of any type.
        ///
        /// The hook runs in the connection's task and must not block. If it or `make` panics,
        /// nothing else happens. Default: nothing.
        ///
        /// ```
        /// use http::request::Parts;
        /// use tower_websock::{WebSocket, WebSocketLayer};
        ///
        /// let layer = WebSocketLayer::new(async |mut socket: WebSocket| {
        ///     socket.send("hello".into()).await
        /// })
        /// .on_error(|request: &Parts| {
        ///     let path = request.uri.path().to_owned();
        ///     move |error| eprintln!("{path}: {error}")
        /// });
        /// ```
        pub fn on_error<C, G>(mut self, make: C) -> Self
        where
            H: crate::Handler<Args>,
            C: Fn(&http::request::Parts) -> G + Send + Sync + 'static,
            G: FnOnce(&crate::HandlerError<H, Args>) + Send + 'static,
        {
            self.settings_mut().set_on_error(make);
            self
        }

        /// Sets what runs the tasks of connections. Default: `tokio::spawn`.
        ///
        /// See [`WebSocketUpgrade::executor`](crate::WebSocketUpgrade::executor).
        ///
        /// ```
        /// use tokio_util::task::TaskTracker;
        /// use tower_websock::{WebSocket, WebSocketLayer};
        ///
        /// let tasks = TaskTracker::new();
        /// let tracker = tasks.clone();
        /// let layer = WebSocketLayer::new(async |mut socket: WebSocket| {
        ///     socket.send("hello".into()).await
        /// })
        /// .executor(move |task| tracker.spawn(task));
        /// // At shutdown: tasks.close(), then tasks.wait().await.
        /// ```
        pub fn executor<T>(
            mut self,
            spawn: impl Fn(crate::ConnectionTask) -> T + Send + Sync + 'static,
        ) -> Self {
            self.settings_mut().set_executor(spawn);
            self
        }
    };
}
pub(crate) use settings_methods;
