//! The service.

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, request::Parts};
use tower::{Layer, Service};

use super::{Handler, ResponseFuture, WebSocketLayer, layer::Settings};
use crate::{
    handshake::Rejection,
    upgrade::{self, ResponseBody, Sentence, WebSocketUpgrade},
};

/// Answers WebSocket handshakes and leaves every other request to the inner service.
///
/// A request is a handshake if it is HTTP/1.1 and lists `websocket` in `Upgrade`, or has a
/// `Sec-WebSocket-Key`; or if it is an HTTP/2 CONNECT whose `:protocol` is `websocket`. A
/// valid one is accepted, and its connection or stream given to the handler; another is
/// answered with the response of its [`Rejection`]. What goes to the inner service
/// goes untouched; errors are the inner service's, there are no others.
///
/// The inner service is `Clone`, as servers and routers ask of it anyway: what its `poll_ready`
/// reserved, such as a permit of a concurrency limit, is given back when a handshake is answered
/// here, and a clone takes its place. Put a `tower::buffer::Buffer` around a service that is not.
///
/// The handler starts only if the response was sent as it is: see [`ResponseBody`].
pub struct WebSocketService<S, H, Args> {
    inner: S,
    handler: H,
    settings: Arc<Settings>,
    args: PhantomData<fn(Args)>,
}

impl<H: Handler<Args>, Args> WebSocketService<NoInner, H, Args> {
    /// A service of its own, without an inner one: for `route_service("/ws", ..)`.
    ///
    /// Requests that are no handshakes get 426. To configure it, layer a [`NoInner`]:
    ///
    /// ```
    /// # use tower_websock::{Config, NoInner, WebSocket, WebSocketLayer};
    /// use tower::Layer;
    ///
    /// let service = WebSocketLayer::new(async |_socket: WebSocket| {})
    ///     .config(Config::new().max_message_size(1024))
    ///     .layer(NoInner);
    /// ```
    pub fn new(handler: H) -> Self {
        WebSocketLayer::new(handler).layer(NoInner)
    }
}

impl<S, H, Args> WebSocketService<S, H, Args> {
    pub(super) const fn with(inner: S, handler: H, settings: Arc<Settings>) -> Self {
        Self {
            inner,
            handler,
            settings,
            args: PhantomData,
        }
    }

    fn intercepts<B>(&self, request: &Request<B>) -> bool {
        upgrade::is_for_us(request)
            && self
                .settings
                .path
                .as_ref()
                .is_none_or(|path| path == request.uri().path())
    }

    fn upgrade<B>(&self, mut parts: Parts) -> Result<Response<ResponseBody<B>>, Rejection>
    where
        H: Handler<Args>,
    {
        let settings = &*self.settings;
        let (response, accepting) = WebSocketUpgrade::from_parts(&mut parts)?
            .shared_config(settings.config.clone())
            .origin(settings.origin.clone())
            .subprotocols(&settings.subprotocols)
            .accept()?;
        let handler = self.handler.clone();
        tokio::spawn(accepting.supervise(move |socket| handler.call(socket, parts)));
        Ok(response)
    }
}

impl<S, H, Args, B, R> Service<Request<B>> for WebSocketService<S, H, Args>
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

impl<S: Clone, H: Clone, Args> Clone for WebSocketService<S, H, Args> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            handler: self.handler.clone(),
            settings: self.settings.clone(),
            args: PhantomData,
        }
    }
}

impl<S: fmt::Debug, H, Args> fmt::Debug for WebSocketService<S, H, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketService")
            .field("inner", &self.inner)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The inner service of a [`WebSocketService`] that stands alone: it tells that a
/// handshake is expected.
#[derive(Clone, Copy, Debug, Default)]
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
