//! The service.

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use tower::Service;

use super::{
    Gate, Handler, Refusal, ResponseFuture,
    settings::{Settings, settings_methods},
};
use crate::{
    handshake::Rejection,
    observe,
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
    settings_methods!(refusal: Into<Refusal> => Refusal::response_of);

    fn set_gate(&mut self, gate: Gate<Bytes>) {
        self.settings.set_gate(gate);
    }

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

    /// Answers handshakes that `gate` lets pass; what else it is asked goes to the inner service.
    pub(crate) fn respond<B, R, T>(
        &mut self,
        request: Request<B>,
        gate: &Gate<T>,
    ) -> ResponseFuture<S::Future, R>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone,
        H: Handler<Args>,
        T: Into<ResponseBody<R>> + 'static,
    {
        if !self.intercepts(&request) {
            return ResponseFuture::inner(self.inner.call(request));
        }
        // What `poll_ready` reserved goes with the service that was made ready.
        self.inner = self.inner.clone();
        let (mut parts, _body) = request.into_parts();
        let upgrade = match WebSocketUpgrade::from_parts(&mut parts) {
            Ok(upgrade) => self.settings.apply(upgrade),
            Err(rejection) => return ResponseFuture::refused(rejection),
        };
        let (handler, settings) = (self.handler.clone(), &self.settings);
        let Some(ask) = gate.ask() else {
            return match open(upgrade, settings, handler, parts) {
                Ok(response) => ResponseFuture::own(response),
                Err(rejection) => ResponseFuture::refused(rejection),
            };
        };
        if let Err(rejection) = upgrade.check_origin() {
            return ResponseFuture::refused(rejection);
        }
        let settings = settings.clone();
        ResponseFuture::deciding(async move {
            match ask(parts).await {
                Ok(parts) => {
                    open(upgrade, &settings, handler, parts).map_err(Rejection::into_response)
                }
                Err(refusal) => {
                    // One that was made of a rejection is counted by its name.
                    if refusal.extensions().get::<Rejection>().is_none() {
                        let status = refusal.status().as_u16();
                        observe::refused("authorize", status, &"authorize refused it");
                    }
                    Err(refusal.map(Into::into))
                }
            }
        })
    }
}

/// Accepts a request, if there is a place for it, and starts the task of its connection.
fn open<H: Handler<Args>, Args, R>(
    upgrade: WebSocketUpgrade,
    settings: &Settings,
    handler: H,
    parts: Parts,
) -> Result<Response<ResponseBody<R>>, Rejection> {
    let tasks = upgrade.tasks();
    let (response, accepting) = settings.count(upgrade, &parts).accept()?;
    let accepting = accepting.watched(settings.hooks(&parts));
    tasks.spawn(accepting.supervise(move |socket| handler.call(socket, parts)));
    Ok(response)
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
        let gate = self.settings.gate();
        self.respond(request, &gate)
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
