//! A connection: what its socket, its handler and its supervisor share.

mod backlog;
pub(super) mod conn;
mod deadlines;
mod item;
mod pace;
mod read_ahead;
mod reading;
mod receiving;
mod sending;
pub(super) mod shared;
mod shutdown;
mod turn;
mod unreceived;
mod unsupervised;
mod waiters;
