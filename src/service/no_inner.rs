//! What answers where there is no inner service.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::Service;

use crate::{
    handshake::Rejection,
    upgrade::{self, Sentence},
};

/// The inner service of a [`WebSocketService`](crate::WebSocketService) that stands alone: it tells that a
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
