//! What an attack is, and the most that it may do.

use std::time::Duration;

pub(crate) struct Attack {
    /// Rows of the catalogue of attacks (`tests/abuse/catalogue.rs`).
    pub(crate) rows: &'static str,
    pub(crate) name: &'static str,
    pub(crate) means: Means,
    pub(crate) bounds: Bounds,
}

/// What each attacker does until it is stopped.
pub(crate) enum Means {
    /// Sends on one connection, as fast as the server takes it; opens another if it is closed.
    Flood(Flood),
    /// Opens connections that stay, and sends a byte on each in turn.
    Crowd {
        connections: usize,
        /// On each, once.
        first: Vec<u8>,
        /// Then these bytes again and again, one by one.
        then: Vec<u8>,
    },
    /// Connects, sends this and leaves, again and again.
    Visits { sent: Vec<u8>, leaves: Leaves },
    /// On streams of HTTP/2.
    Streams(Streams),
}

pub(crate) struct Flood {
    /// Path of the WebSocket; `None` to send bytes without a handshake.
    pub(crate) path: Option<&'static str>,
    /// Whether compression is agreed on.
    pub(crate) compresses: bool,
    /// Sent once.
    pub(crate) first: Vec<u8>,
    /// Sent again and again.
    pub(crate) then: Vec<u8>,
    /// Whether what the server sends is read.
    pub(crate) reads: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// When the server has ended its side.
    Last,
    /// By a reset, when a response or a frame came.
    ByReset,
}

pub(crate) enum Streams {
    /// Bytes in DATA frames of one byte.
    Bytes { path: &'static str, sent: Vec<u8> },
    /// DATA frames with nothing in them.
    Empty,
    /// Streams that are reset inside a message, one after the other.
    Resets,
    /// So many streams that ask for echoes, and never open their window.
    NoWindow { streams: usize },
    /// Bytes in DATA frames as they fit.
    Flood { sent: Vec<u8> },
}

/// Most that a row may show.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// Of the victim's echoes, at the 99th percentile.
    pub(crate) p99: Duration,
    /// By which the server's heap grows, at its peak, for each attacker; in KiB.
    pub(crate) held: f64,
    /// Of the server's processors, for each byte that an attacker sent; in nanoseconds.
    pub(crate) cpu: f64,
}

impl Attack {
    pub(crate) fn new(
        rows: &'static str,
        name: &'static str,
        means: Means,
        (held, cpu): (f64, f64),
    ) -> Self {
        // Also on a machine that is busy with something else.
        let p99 = Duration::from_millis(100);
        Self {
            rows,
            name,
            means,
            bounds: Bounds { p99, held, cpu },
        }
    }

    /// The victim's echoes may be so late, in milliseconds.
    pub(crate) fn late(mut self, p99: u64) -> Self {
        self.bounds.p99 = Duration::from_millis(p99);
        self
    }
}
