//! How a dead peer is noticed.

use std::time::Duration;

/// How a peer that is gone is noticed, for [`Config::keep_alive`](crate::Config::keep_alive).
///
/// After `interval` in which no byte came from the peer, it is sent a ping (RFC 6455, section
/// 5.5.2). If no byte comes within `timeout` more, the connection is lost: its transport is
/// dropped, and the socket yields [`Error::Lost`](crate::Error::Lost) with
/// [`Loss::NoPong`](crate::Loss::NoPong).
///
/// ```
/// use std::time::Duration;
/// use tower_websock::{Config, KeepAlive};
///
/// let quick = KeepAlive::new()
///     .interval(Duration::from_secs(10))
///     .timeout(Duration::from_secs(5));
/// let config = Config::new().keep_alive(quick);
/// let config = config.keep_alive(KeepAlive::OFF);
/// assert!(config.get_keep_alive().is_off());
/// ```
///
/// Any byte shows that the peer lives, even one of an unfinished frame. The pong that answers such
/// a ping is not received as a message; other pongs are.
///
/// - It works whatever the handler does meanwhile. A socket without a supervisor, such as a
///   client's, does it while one of its methods runs.
/// - A connection on which much comes is looked at only every eighth of the interval. Its ping may
///   be late by as much.
/// - So that connections that were opened together are not pinged together, each ping is late by
///   up to a sixteenth of the shorter of the two times, which differs between connections. An idle
///   connection is lost `interval` and `timeout` after the last byte all the same.
/// - A ping reaches the peer behind all that was sent before. If much was sent lately, the peer has
///   more time to answer: as much as it needs to read up to 4 MiB at 32 KiB a second, as for
///   [`close_timeout`](crate::Config::close_timeout).
/// - While reading is paused because the handler does not receive, the peer cannot be heard. It is
///   pinged, so that a transport that is dead fails in the end, but not given up for its silence.
///   The time starts again when reading goes on.
/// - Once the connection closes, [`close_timeout`](crate::Config::close_timeout) applies instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    interval: Duration,
    timeout: Duration,
    is_off: bool,
}

impl KeepAlive {
    /// No pings are sent, and a peer may be silent forever.
    ///
    /// It stays off whatever is set on it.
    pub const OFF: Self = Self {
        is_off: true,
        ..Self::new()
    };

    /// A ping after 30 seconds of silence, and the end after 30 more.
    pub const fn new() -> Self {
        Self {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(30),
            is_off: false,
        }
    }

    /// How long the peer may be silent before it is sent a ping.
    ///
    /// Default 30 seconds, at least a millisecond; more than 24 days is never.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How long the peer may be silent after the ping.
    ///
    /// Default 30 seconds, at least a millisecond; more than 24 days is forever.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// [`interval`](Self::interval), as it was set.
    pub const fn get_interval(&self) -> Duration {
        self.interval
    }

    /// [`timeout`](Self::timeout), as it was set.
    pub const fn get_timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether it is [`OFF`](Self::OFF).
    pub const fn is_off(&self) -> bool {
        self.is_off
    }
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self::new()
    }
}
