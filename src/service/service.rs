//! The service.

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
    task::{Context, Poll},
};

use http::{Request, Response, request::Parts};
use tower::Service;

use super::{
    Handler, ResponseFuture,
    settings::{Settings, settings_methods},
};
use crate::{
    handshake::Rejection,
    upgrade::{self, ResponseBody, Sentence, WebSocketUpgrade},
};

/// Answers WebSocket handshakes and passes every other request to the inner service.
///
/// An HTTP/1.1 request is a handshake if it lists `websocket` in `Upgrade` or has a
/// `Sec-WebSocket-Key`. An HTTP/2 request is a handshake if it is a CONNECT whose `:protocol` is
/// `websocket`. A valid handshake is accepted, and the handler gets its connection or stream. An
/// invalid one is answered with a [`Rejection`]. Other requests pass untouched. The only errors
/// are those of the inner service.
///
/// The inner service must be `Clone`, as servers and routers require anyway. When this service
/// answers a handshake, it replaces the inner service by a clone. That gives back what
/// `poll_ready` had reserved, such as a permit of a concurrency limit. If your service is not
/// `Clone`, put a `tower::buffer::Buffer` around it.
///
/// The handler starts only if the response was sent unchanged: see [`ResponseBody`].
///
/// A service without an inner one answers a plain GET with 426:
///
/// ```
/// use tower_websock::{Config, OriginPolicy, WebSocket, WebSocketService};
///
/// let service = WebSocketService::new(async |mut socket: WebSocket| {
///     socket.send("hello".into()).await
/// })
/// .config(Config::new().max_message_size(64 * 1024))
/// .origin(OriginPolicy::list(["https://example.com"]))
/// .subprotocols(["chat"]);
/// ```
pub struct WebSocketService<H, Args, S = NoInner> {
    inner: S,
    handler: H,
    settings: Settings,
    args: PhantomData<fn(Args)>,
}

impl<H: Handler<Args>, Args> WebSocketService<H, Args> {
    /// A service without an inner one, for `route_service("/ws", ..)` and the like.
    ///
    /// A plain GET gets 426. Other requests that are not handshakes get the status of their
    /// [`Rejection`]. If a [`path`](Self::path) is set, a handshake for another path gets 404.
    pub fn new(handler: H) -> Self {
        Self::with(NoInner, handler, Settings::default())
    }
}

impl<H, Args, S> WebSocketService<H, Args, S> {
    settings_methods!();

    pub(crate) const fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    pub(super) const fn with(inner: S, handler: H, settings: Settings) -> Self {
        Self {
            inner,
            handler,
            settings,
            args: PhantomData,
        }
    }

    fn intercepts<B>(&self, request: &Request<B>) -> bool {
        upgrade::is_for_us(request) && self.settings.is_for(request.uri().path())
    }

    fn upgrade<B>(&self, mut parts: Parts) -> Result<Response<ResponseBody<B>>, Rejection>
    where
        H: Handler<Args>,
    {
        let upgrade = WebSocketUpgrade::from_parts(&mut parts)?;
        let (upgrade, handler) = (self.settings.apply(upgrade, &parts), self.handler.clone());
        Ok(upgrade.on_upgrade(move |socket| handler.call(socket, parts)))
    }
}

impl<H, Args, S, B, R> Service<Request<B>> for WebSocketService<H, Args, S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    H: Handler<Args>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !self.intercepts(&request) {
            return ResponseFuture::inner(self.inner.call(request));
        }
        // What `poll_ready` reserved goes with the service that was made ready.
        self.inner = self.inner.clone();
        let (parts, _body) = request.into_parts();
        let response = self.upgrade(parts);
        ResponseFuture::own(response.unwrap_or_else(Rejection::into_response))
    }
}

impl<H: Clone, Args, S: Clone> Clone for WebSocketService<H, Args, S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            handler: self.handler.clone(),
            settings: self.settings.clone(),
            args: PhantomData,
        }
    }
}

impl<H, Args, S: fmt::Debug> fmt::Debug for WebSocketService<H, Args, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketService")
            .field("inner", &self.inner)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The inner service of a [`WebSocketService`] that stands alone: it tells that a
/// handshake is expected.
#[derive(Clone, Copy, Debug)]
pub struct NoInner;

impl<B> Service<Request<B>> for NoInner {
    type Response = Response<Sentence>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, _body) = request.into_parts();
        // A valid handshake gets here only if it is for another path.
        let rejection = upgrade::check(&parts).err().unwrap_or(Rejection::Path);
        ready(Ok(rejection.into_response()))
    }
}
