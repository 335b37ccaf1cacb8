//! From an upgrade request to a supervised socket, on hyper.

mod accept;
mod error;
mod handler;
mod pending;
mod supervise;
mod supervisor;

pub use self::{
    accept::{Accepting, WebSocketUpgrade},
    error::UpgradeError,
    handler::Outcome,
    supervise::Supervise,
};
