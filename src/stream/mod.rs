//! Tokio IO around the protocol.

mod ahead;
mod backlog;
mod buffers;
#[cfg(feature = "client")]
mod client;
mod closing;
mod conn;
mod coop;
mod driving;
mod error;
mod handle;
mod item;
mod linger;
mod link;
mod pace;
mod piece;
mod provided;
mod reading;
mod receiving;
mod sending;
mod shared;
mod siblings;
mod split;
mod turn;
mod unreceived;
mod upgraded;
mod waiters;
mod websocket;

pub use self::{
    error::Error,
    provided::{ProvidedIo, Release},
    split::{RecvHalf, SendHalf},
    upgraded::Upgraded,
    websocket::WebSocket,
};
pub(crate) use self::{provided::Unavailable, shared::Shared, websocket::Terms};
