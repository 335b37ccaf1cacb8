//! From an upgrade request to a supervised socket, on hyper.

mod accept;
mod accepting;
mod body;
mod coming;
mod delivery;
mod end;
mod error;
mod executor;
#[cfg(not(feature = "http2"))]
#[path = "no_extended_connect.rs"]
mod extended_connect;
#[cfg(feature = "http2")]
mod extended_connect;
mod hooked;
mod hooks;
mod outcome;
mod pending;
mod supervise;

pub use self::{
    accept::{WebSocketUpgrade, is_upgrade_request},
    accepting::Accepting,
    body::ResponseBody,
    end::{End, HandlerEnd},
    error::UpgradeError,
    executor::ConnectionTask,
    outcome::Outcome,
    supervise::Supervise,
};
pub(crate) use self::{
    accept::{check, is_for_us},
    body::Sentence,
    executor::Executor,
    hooks::{Hooks, guarded},
};
