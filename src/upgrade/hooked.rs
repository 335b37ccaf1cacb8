//! What users set for one connection: hooks, and what runs its task.

use super::{ConnectionTask, End, Executor, WebSocketUpgrade};

impl WebSocketUpgrade {
    /// Sets what is called once the connection is over: when it and its handler have ended, when it
    /// was not upgraded although it was accepted, or when its task is dropped.
    ///
    /// It is called exactly once if the request is accepted, unless you take the socket by
    /// [`Accepting::socket`](crate::Accepting::socket). Move what it needs to know of the request
    /// into the closure. `E` is the handler's error. With a plain `End`, it is not asked for.
    ///
    /// It runs in the connection's task and must not block. If it panics, nothing else happens.
    ///
    /// ```
    /// use http::request::Parts;
    /// use tower_websock::{End, Error, Rejection, ResponseBody, WebSocketUpgrade};
    ///
    /// fn answer(mut request: Parts) -> Result<http::Response<ResponseBody>, Rejection> {
    ///     let path = request.uri.path().to_owned();
    ///     let upgrade = WebSocketUpgrade::from_parts(&mut request)?;
    ///     Ok(upgrade
    ///         .on_end(move |end: &End<Error>| match (end.closure(), end.error()) {
    ///             (_, Some(error)) => println!("{path}: the handler failed: {error}"),
    ///             (Some(closure), None) => println!("{path}: {closure:?}"),
    ///             (None, None) => println!("{path}: {:?}", end.upgrade_error()),
    ///         })
    ///         .on_upgrade(async |mut socket| socket.send("hello".into()).await))
    /// }
    /// # let _ = answer;
    /// ```
    ///
    /// # Panics
    ///
    /// [`on_upgrade`](Self::on_upgrade) and
    /// [`Accepting::supervise`](crate::Accepting::supervise) panic if the handler's error is of
    /// another type than `E`, unless `E` is [`Infallible`](std::convert::Infallible), as in a plain
    /// `End`.
    pub fn on_end<E: Send + 'static>(
        mut self,
        hook: impl FnOnce(&End<E>) + Send + 'static,
    ) -> Self {
        self.hooks_mut().set_on_end(hook);
        self
    }

    /// Sets what is called with the error if the handler returns one, before the connection is
    /// closed with 1011.
    ///
    /// It runs in the connection's task and must not block. If it panics, nothing else happens.
    ///
    /// ```
    /// use tower_websock::{Error, ResponseBody, WebSocketUpgrade};
    ///
    /// fn answer(upgrade: WebSocketUpgrade, user: String) -> http::Response<ResponseBody> {
    ///     upgrade
    ///         .on_error(move |error: &Error| eprintln!("{user}: {error}"))
    ///         .on_upgrade(async |mut socket| socket.send("hello".into()).await)
    /// }
    /// # let _ = answer;
    /// ```
    ///
    /// # Panics
    ///
    /// [`on_upgrade`](Self::on_upgrade) and
    /// [`Accepting::supervise`](crate::Accepting::supervise) panic if the handler's error is of
    /// another type than `E`. Otherwise its errors would be lost.
    pub fn on_error<E: 'static>(mut self, hook: impl FnOnce(&E) + Send + 'static) -> Self {
        self.hooks_mut().set_on_error(hook);
        self
    }

    /// Sets what runs the tasks of connections. Default: `tokio::spawn`.
    ///
    /// What `spawn` returns is dropped. A task uses tokio's timers, so it must run in a tokio
    /// runtime with time enabled. It panics if its handler panics. One that is dropped drops its
    /// connection without a closing handshake.
    ///
    /// This costs one allocation per connection. [`accept`](Self::accept) does not use it.
    ///
    /// ```
    /// use tokio_util::task::TaskTracker;
    /// use tower_websock::{ResponseBody, WebSocketUpgrade};
    ///
    /// fn answer(upgrade: WebSocketUpgrade, tasks: TaskTracker) -> http::Response<ResponseBody> {
    ///     upgrade
    ///         .executor(move |task| tasks.spawn(task))
    ///         .on_upgrade(async |mut socket| socket.send("hello".into()).await)
    /// }
    /// # let _ = answer;
    /// ```
    pub fn executor<T>(self, spawn: impl Fn(ConnectionTask) -> T + Send + Sync + 'static) -> Self {
        self.shared_executor(Executor::new(spawn))
    }
}
