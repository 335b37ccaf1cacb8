//! Tokio IO around the protocol.

mod ahead;
mod buffers;
#[cfg(feature = "client")]
mod client;
mod closing;
mod conn;
mod coop;
mod error;
mod handle;
mod item;
mod link;
mod piece;
mod reading;
mod receiving;
mod sending;
mod shared;
mod siblings;
mod split;
mod turn;
mod upgraded;
mod waiters;
mod websocket;

pub use self::{
    error::Error,
    split::{RecvHalf, SendHalf},
    upgraded::{ProvidedIo, Upgraded},
    websocket::WebSocket,
};
pub(crate) use self::{shared::Shared, websocket::Terms};
