//! The client: blocking for handshakes, then non-blocking, in one thread.

mod connects;
pub(crate) mod deflate;
mod echo;
pub(crate) mod handshake;
mod http2;
mod idle;
pub(crate) mod payload;
pub(crate) mod window;

pub use self::{
    connects::{Connects, connects, warm_up},
    echo::{Client, Echoed, echo, load},
    http2::{Http2Client, echo_http2, idle_http2, load_http2},
    idle::{Idle, SOCKETS, idle},
};

/// What the server does with what it reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// Upgrades, and echoes messages.
    WebSocket,
    /// Echoes bytes: the reference.
    Raw,
}
