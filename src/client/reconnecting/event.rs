//! What users are told.

use std::{error, fmt, sync::Arc, time::Duration};

use super::cause::Cause;
use crate::message::Message;

/// What a [`Reconnecting`](super::Reconnecting) yields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A new connection begins here: what follows was received on it. Subscribe again, or ask for
    /// what was missed.
    Open {
        /// 1 for the first connection, 2 for the next, and so on.
        number: u64,
    },
    /// A message of the open connection. Pings and pongs are among them, as with
    /// [`WebSocket::recv`](crate::WebSocket::recv); a Close is not. Pings and pongs that were not
    /// received when their connection ended may be dropped.
    Message(Message),
    /// The connection has ended, and another one will be opened.
    Lost {
        /// Why it ended.
        why: Arc<Cause>,
        /// What was sent and not flushed, in the order of sending: see
        /// [`Reconnecting`](super::Reconnecting#what-is-handed-back).
        unsent: Vec<Message>,
    },
}

/// There will be no other connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stopped {
    /// Why the last connection ended, or the last attempt failed.
    pub why: Arc<Cause>,
    /// What was sent and not flushed, and not handed back before, in the order of sending.
    pub unsent: Vec<Message>,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there will be no other connection: {}", self.why)
    }
}

impl error::Error for Stopped {}

/// What a [`Reconnecting`](super::Reconnecting) does now, for
/// [`on_state`](super::ReconnectingBuilder::on_state).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// It opens a connection.
    Connecting(Attempt),
    /// A connection is open.
    Open {
        /// 1 for the first connection, 2 for the next, and so on.
        number: u64,
    },
    /// It waits until it connects again.
    Waiting {
        /// How long.
        wait: Duration,
        /// Why the last connection ended, or the last attempt failed.
        why: Arc<Cause>,
    },
    /// There will be no other connection, as this was final.
    Stopped {
        /// Why the last connection ended, or the last attempt failed.
        why: Arc<Cause>,
    },
    /// This side has closed the connection, or ended the attempts to open one.
    Closed,
}

/// An attempt to open a connection.
#[derive(Clone, Debug)]
pub struct Attempt {
    number: u32,
    connections: u64,
    last: Option<Arc<Cause>>,
}

impl Attempt {
    pub(super) const fn new(number: u32, connections: u64, last: Option<Arc<Cause>>) -> Self {
        Self {
            number,
            connections,
            last,
        }
    }

    /// 1 for the first attempt, and for the first after a connection that lived for
    /// [`reset_after`](super::Retry::reset_after); one more for each that follows in a row.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// How many connections were opened before.
    pub const fn connections(&self) -> u64 {
        self.connections
    }

    /// Why the last connection ended, or the last attempt failed. `None` at the first attempt.
    pub fn last(&self) -> Option<&Cause> {
        self.last.as_deref()
    }
}
