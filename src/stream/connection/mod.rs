//! A connection: what its socket, its handler and its supervisor share.
//!
//! `conn` composes it of owners, each of which keeps its fields and their rules to itself:
//!
//! | owner | what it owns |
//! |---|---|
//! | `inbox` | what has come and was not received |
//! | `output`, `backlog` | what leaves, and what the peer may not have read of it |
//! | `tasks`, `waiters` | who drives the transport, who waits, and who is to be woken |
//! | `budget` | what a turn may still do, and for how long |
//! | `deadlines`, `clock`, `timer` | every deadline there is, and tokio's timer |
//! | `liveness` | when the peer was heard |
//! | `feeds` | the topics that it is subscribed to |
//! | `seen`, `record` | what has passed, beside what the protocol counts, and what of it was told |
//! | `closing` | how far the closing has come |
//!
//! `shared` is the door: it takes the lock and tells who calls. What a user asks for is in
//! `receiving`, `sending` (of what is `outgoing`) and `ending`, and what others ask for in
//! `outside`; what differs by who drives the transport in `supervised` and `unsupervised`; what both
//! do in `unreceived`, in `watching` while the connection is open, and in `shutdown` from then on.

mod backlog;
mod budget;
mod clock;
mod closing;
mod conn;
mod deadlines;
mod ending;
mod feeds;
mod forwarding;
mod inbox;
mod item;
mod liveness;
mod news;
mod outgoing;
mod output;
mod outside;
mod read_ahead;
mod reading;
mod receiving;
mod record;
mod seen;
mod sending;
mod shared;
mod shutdown;
mod supervised;
mod tasks;
#[cfg(test)]
mod tests;
mod timer;
mod turn;
mod unreceived;
mod unsupervised;
mod waiters;
mod watching;

pub(crate) use self::shared::Shared;
pub(super) use self::{conn::Conn, outgoing::Outgoing, waiters::Ticket};
