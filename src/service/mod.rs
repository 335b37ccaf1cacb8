//! The tower faces: a layer, and a service that intercepts upgrade requests.

mod body;
mod future;
mod handler;
mod layer;
mod service;

pub use self::{
    body::{ResponseBody, Sentence},
    future::ResponseFuture,
    handler::Handler,
    layer::WebSocketLayer,
    service::{NoInner, WebSocketService},
};
