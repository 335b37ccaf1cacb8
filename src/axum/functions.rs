//! Handlers of axum's kind of socket, for the layers and the service.

use std::future::Future;

use http::request::Parts;

use super::WebSocket;
use crate::{service::Handler, upgrade::Outcome};

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
