//! From an upgrade request to a supervised socket, on hyper.

mod accept;
mod body;
mod delivery;
mod error;
#[cfg(not(feature = "http2"))]
#[path = "no_extended_connect.rs"]
mod extended_connect;
#[cfg(feature = "http2")]
mod extended_connect;
mod outcome;
mod pending;
mod request;
mod serving;
mod supervise;

pub(crate) use self::request::{check, is_for_us};
pub use self::{
    accept::{Accepting, WebSocketUpgrade},
    body::{ResponseBody, Sentence},
    error::UpgradeError,
    outcome::Outcome,
    supervise::Supervise,
};
