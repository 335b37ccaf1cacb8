//! The tower faces: a layer, and a service that intercepts upgrade requests.

mod future;
mod handler;
mod intercept;
mod layer;

pub use self::{
    future::ResponseFuture,
    handler::Handler,
    intercept::{NoInner, WebSocketService},
    layer::WebSocketLayer,
};
