//! Tokio IO around the protocol.

#[cfg(feature = "client")]
mod client;
mod connection;
mod error;
mod handle;
mod send_error;
mod sender;
mod sends;
mod split;
mod subscription;
mod transport;
mod websocket;

pub(crate) use self::{
    connection::Shared,
    transport::{Unavailable, coop::wake_later},
    websocket::Setup,
};
pub use self::{
    error::Error,
    send_error::{SendTimeoutError, TrySendError},
    sender::Sender,
    split::{RecvHalf, SendHalf},
    subscription::Subscription,
    transport::{ProvidedIo, Release, Upgraded},
    websocket::WebSocket,
};
