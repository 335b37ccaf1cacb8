//! The layer.

use std::{fmt, marker::PhantomData, sync::Arc};

use tower::Layer;

use super::{Handler, WebSocketService};
use crate::{
    config::{Config, Subprotocol},
    handshake::OriginPolicy,
};

/// Puts a [`WebSocketService`] around a service.
///
/// ```
/// use tower::ServiceBuilder;
/// use tower_websock::{Config, OriginPolicy, Subprotocol, WebSocket, WebSocketLayer};
/// # let app = tower::service_fn(|_: http::Request<()>| async { Ok::<_, ()>(http::Response::new(())) });
///
/// let layer = WebSocketLayer::new(async |mut socket: WebSocket| {
///     socket.send("hello".into()).await
/// })
/// .path("/ws")
/// .config(Config::new().max_message_size(64 * 1024))
/// .origin(OriginPolicy::list(["https://example.com"]))
/// .subprotocols([Subprotocol::from_static("chat")]);
///
/// let service = ServiceBuilder::new().layer(layer).service(app);
/// # let _: &dyn tower::Service<http::Request<()>, Response = _, Error = (), Future = _> = &service;
/// ```
pub struct WebSocketLayer<H, Args> {
    handler: H,
    settings: Arc<Settings>,
    args: PhantomData<fn(Args)>,
}

/// What layer and service are configured with.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) path: Option<String>,
    pub(super) config: Arc<Config>,
    pub(super) origin: OriginPolicy,
    pub(super) subprotocols: Vec<Subprotocol>,
}

impl<H: Handler<Args>, Args> WebSocketLayer<H, Args> {
    /// Serves upgrade requests with `handler`.
    pub fn new(handler: H) -> Self {
        Self {
            handler,
            settings: Arc::default(),
            args: PhantomData,
        }
    }
}

impl<H, Args> WebSocketLayer<H, Args> {
    /// Serves upgrade requests of this path only; others go to the inner service.
    ///
    /// Default: of any path.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.settings).path = Some(path.into());
        self
    }

    /// Sets limits and deadlines.
    pub fn config(mut self, config: Config) -> Self {
        Arc::make_mut(&mut self.settings).config = Arc::new(config);
        self
    }

    /// Sets which pages may connect; by default those of the same host.
    pub fn origin(mut self, policy: OriginPolicy) -> Self {
        Arc::make_mut(&mut self.settings).origin = policy;
        self
    }

    /// Sets the subprotocols that the handler speaks, the preferred one first.
    ///
    /// The first that the client offers is selected; the handler finds it in
    /// [`WebSocket::subprotocol`](crate::WebSocket::subprotocol). Default: none.
    pub fn subprotocols(mut self, supported: impl IntoIterator<Item = Subprotocol>) -> Self {
        Arc::make_mut(&mut self.settings).subprotocols = supported.into_iter().collect();
        self
    }
}

impl<S, H: Clone, Args> Layer<S> for WebSocketLayer<H, Args> {
    type Service = WebSocketService<S, H, Args>;

    fn layer(&self, inner: S) -> Self::Service {
        WebSocketService::with(inner, self.handler.clone(), self.settings.clone())
    }
}

impl<H: Clone, Args> Clone for WebSocketLayer<H, Args> {
    fn clone(&self) -> Self {
        Self {
            handler: self.handler.clone(),
            settings: self.settings.clone(),
            args: PhantomData,
        }
    }
}

impl<H, Args> fmt::Debug for WebSocketLayer<H, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketLayer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
