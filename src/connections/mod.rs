//! The connections of a server: how many there may be, which are open, and how all of them end.
//!
//! | file | what it holds |
//! |---|---|
//! | `id`, `key` | what a connection is called, and whose it is |
//! | `control` | what is asked of a connection from outside |
//! | `registry` | who is there, under one lock |
//! | `seat` | the permit of a connection, whose end gives it back |
//! | `drain` | the end of all of them |

mod control;
mod drain;
mod handle;
mod id;
mod key;
mod registry;
mod seat;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    control::Control,
    seat::{Member, Seat, Work},
};
pub use self::{
    drain::{Drain, Drained},
    handle::{ConnectionInfo, Connections},
    id::ConnectionId,
    key::ConnectionKey,
};
