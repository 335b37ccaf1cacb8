//! The tower faces: a layer, and a service that intercepts upgrade requests.

mod authorize;
mod future;
mod handler;
mod hooks;
mod layer;
mod refusal;
#[expect(
    clippy::module_inception,
    reason = "beside the layer and the future of its own"
)]
mod service;
pub(crate) mod settings;

pub(crate) use self::authorize::Gate;
pub use self::{
    future::ResponseFuture,
    handler::{Handler, HandlerError},
    layer::WebSocketLayer,
    refusal::Refusal,
    service::WebSocketService,
};
