//! From an upgrade request to a supervised socket, on hyper.

mod accept;
mod body;
mod delivery;
mod error;
mod handler;
mod pending;
#[cfg(not(feature = "http2"))]
#[path = "no_protocol.rs"]
mod protocol;
#[cfg(feature = "http2")]
mod protocol;
mod request;
mod supervise;
mod supervisor;

pub(crate) use self::request::{check, is_for_us};
pub use self::{
    accept::{Accepting, WebSocketUpgrade},
    body::{ResponseBody, Sentence},
    error::UpgradeError,
    handler::Outcome,
    supervise::Supervise,
};
