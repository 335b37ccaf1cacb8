//! The tower faces: a layer, and a service that intercepts upgrade requests.

mod body;
mod future;
mod handler;
mod intercept;
mod layer;

pub use self::{
    body::{ResponseBody, Sentence},
    future::ResponseFuture,
    handler::Handler,
    intercept::{NoInner, WebSocketService},
    layer::WebSocketLayer,
};
