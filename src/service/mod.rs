//! The tower faces: a layer, and a service that intercepts upgrade requests.

mod future;
mod handler;
mod layer;
mod no_inner;
#[expect(
    clippy::module_inception,
    reason = "beside the layer and the future of its own"
)]
mod service;
pub(crate) mod settings;

use self::no_inner::NoInner;
pub use self::{
    future::ResponseFuture, handler::Handler, layer::WebSocketLayer, service::WebSocketService,
};
