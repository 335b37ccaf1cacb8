//! The tower faces: a layer, and a service that intercepts upgrade requests.

mod future;
mod handler;
mod layer;
#[expect(
    clippy::module_inception,
    reason = "beside the layer and the future of its own"
)]
mod service;
pub(crate) mod settings;

pub use self::{
    future::ResponseFuture, handler::Handler, layer::WebSocketLayer, service::WebSocketService,
};
