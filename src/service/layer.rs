//! The layer.

use std::{fmt, marker::PhantomData};

use bytes::Bytes;
use tower::Layer;

use super::{
    Gate, Handler, Refusal, WebSocketService,
    settings::{Settings, settings_methods},
};

/// Wraps a service in a [`WebSocketService`].
///
/// ```
/// use tower::ServiceBuilder;
/// use tower_websock::{Config, OriginPolicy, WebSocket, WebSocketLayer};
/// # let app = tower::service_fn(|_: http::Request<()>| async { Ok::<_, ()>(http::Response::new(())) });
///
/// let layer = WebSocketLayer::new(async |mut socket: WebSocket| {
///     socket.send("hello".into()).await
/// })
/// .path("/ws")
/// .config(Config::new().max_message_size(64 * 1024))
/// .origin(OriginPolicy::list(["https://example.com"]))
/// .subprotocols(["chat"]);
///
/// let service = ServiceBuilder::new().layer(layer).service(app);
/// # let _: &dyn tower::Service<http::Request<()>, Response = _, Error = (), Future = _> = &service;
/// ```
pub struct WebSocketLayer<H, Args> {
    handler: H,
    settings: Settings,
    args: PhantomData<fn(Args)>,
}

impl<H: Handler<Args>, Args> WebSocketLayer<H, Args> {
    /// Serves WebSocket requests with `handler`.
    pub fn new(handler: H) -> Self {
        Self {
            handler,
            settings: Settings::default(),
            args: PhantomData,
        }
    }
}

impl<H, Args> WebSocketLayer<H, Args> {
    settings_methods!(refusal: Into<Refusal> => Refusal::response_of);

    fn set_gate(&mut self, gate: Gate<Bytes>) {
        self.settings.set_gate(gate);
    }

    pub(crate) const fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }
}

impl<S, H: Clone, Args> Layer<S> for WebSocketLayer<H, Args> {
    type Service = WebSocketService<H, Args, S>;

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
