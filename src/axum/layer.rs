//! The layer around a whole application, with axum's body; handlers of axum's kind of socket.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum_core::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::request::Parts;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::WebSocket;
use crate::{
    service::{
        Gate, Handler, ResponseFuture,
        settings::{Settings, settings_methods},
    },
    upgrade::{Outcome, ResponseBody},
};

/// Wraps an axum service, such as a `Router`, in a [`WebSocketService`], for `axum::serve`. This
/// is [`tower_websock::WebSocketLayer`](crate::WebSocketLayer) with axum's body.
///
/// ```no_run
/// use axum::{Router, ServiceExt, routing::get};
/// use tower::Layer;
/// use tower_websock::{Error, WebSocket, axum::WebSocketLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let router = Router::new().route("/", get(async || "hello"));
/// let app = WebSocketLayer::new(async |mut socket: WebSocket| {
///     socket.send("hello".into()).await
/// })
/// .path("/ws")
/// .layer(router);
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(listener, tower::make::Shared::new(app)).await
/// # }
/// ```
pub struct WebSocketLayer<H, Args> {
    inner: crate::WebSocketLayer<H, Args>,
    /// In place of that of `inner`, whose refusals have another body.
    gate: Gate<Body>,
}

impl<H: Handler<Args>, Args> WebSocketLayer<H, Args> {
    /// Serves WebSocket requests with `handler`.
    pub fn new(handler: H) -> Self {
        crate::WebSocketLayer::new(handler).into()
    }
}

impl<H, Args> WebSocketLayer<H, Args> {
    settings_methods!(refusal: IntoResponse => IntoResponse::into_response);

    fn set_gate(&mut self, gate: Gate<Body>) {
        self.gate = gate;
    }

    const fn settings_mut(&mut self) -> &mut Settings {
        self.inner.settings_mut()
    }
}

impl<H, Args> From<crate::WebSocketLayer<H, Args>> for WebSocketLayer<H, Args> {
    fn from(mut inner: crate::WebSocketLayer<H, Args>) -> Self {
        let gate = inner.settings_mut().gate().map();
        Self { inner, gate }
    }
}

impl<S, H: Clone, Args> Layer<S> for WebSocketLayer<H, Args> {
    type Service = WebSocketService<H, Args, S>;

    fn layer(&self, inner: S) -> Self::Service {
        WebSocketService {
            inner: self.inner.layer(inner),
            gate: self.gate.clone(),
        }
    }
}

impl<H: Clone, Args> Clone for WebSocketLayer<H, Args> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            gate: self.gate.clone(),
        }
    }
}

impl<H, Args> fmt::Debug for WebSocketLayer<H, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Answers WebSocket handshakes and passes every other request to an axum service. This is
/// [`tower_websock::WebSocketService`](crate::WebSocketService) with axum's body.
///
/// Made by a [`WebSocketLayer`].
pub struct WebSocketService<H, Args, S> {
    inner: crate::WebSocketService<H, Args, S>,
    gate: Gate<Body>,
}

impl<H, Args, S> WebSocketService<H, Args, S> {
    settings_methods!(refusal: IntoResponse => IntoResponse::into_response);

    fn set_gate(&mut self, gate: Gate<Body>) {
        self.gate = gate;
    }

    const fn settings_mut(&mut self) -> &mut Settings {
        self.inner.settings_mut()
    }
}

impl<H, Args, S> Service<Request> for WebSocketService<H, Args, S>
where
    S: Service<Request, Response = Response> + Clone,
    H: Handler<Args>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = LayerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        LayerFuture {
            inner: self.inner.respond(request, &self.gate),
        }
    }
}

impl<H: Clone, Args, S: Clone> Clone for WebSocketService<H, Args, S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            gate: self.gate.clone(),
        }
    }
}

impl<H, Args, S: fmt::Debug> fmt::Debug for WebSocketService<H, Args, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl From<Body> for ResponseBody<Body> {
    fn from(body: Body) -> Self {
        Self::new(body)
    }
}

pin_project! {
    /// The response future of a [`WebSocketService`].
    #[derive(Debug)]
    pub struct LayerFuture<F> {
        #[pin]
        inner: ResponseFuture<F, Body>,
    }
}

impl<F, E> Future for LayerFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().inner.poll(cx));
        Poll::Ready(response.map(|response| {
            let (head, body) = response.into_parts();
            // The inner service's body is not boxed again.
            let body = body.into_inner().unwrap_or_else(Body::new);
            Response::from_parts(head, body)
        }))
    }
}

impl<H, F> Handler<(WebSocket,)> for H
where
    H: Fn(WebSocket) -> F + Clone + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    type Future = F;

    fn call(self, socket: crate::WebSocket, _request: Parts) -> F {
        self(socket.into())
    }
}

impl<H, F> Handler<(WebSocket, Parts)> for H
where
    H: Fn(WebSocket, Parts) -> F + Clone + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    type Future = F;

    fn call(self, socket: crate::WebSocket, request: Parts) -> F {
        self(socket.into(), request)
    }
}
