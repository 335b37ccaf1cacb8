//! Limits and deadlines.

#[cfg(feature = "deflate")]
mod deflate;
mod keep_alive;
mod subprotocol;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use keep_alive::KeepAlive;
pub use subprotocol::{InvalidSubprotocol, Subprotocol};

use crate::deflate::DeflateConfig;

/// Limits and deadlines of a connection. The defaults are meant for production.
///
/// ```
/// use std::time::Duration;
/// use tower_websock::Config;
///
/// let config = Config::new()
///     .max_message_size(64 * 1024)
///     .close_timeout(Duration::from_secs(2));
/// assert_eq!(config.get_max_message_size(), 64 * 1024);
/// ```
///
/// The method that sets a value has the name of the setting. The one that reads it begins with
/// `get_`, as in [`std::process::Command`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) max_message_size: usize,
    pub(crate) max_frame_size: usize,
    pub(crate) max_fragments: usize,
    pub(crate) write_high_water: usize,
    pub(crate) keep_alive: KeepAlive,
    pub(crate) message_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
    pub(crate) max_lifetime: Option<Duration>,
    pub(crate) close_timeout: Duration,
    pub(crate) max_close_time: Duration,
    pub(crate) upgrade_timeout: Duration,
    /// permessage-deflate is negotiated if it is `Some`.
    pub(crate) deflate: Option<DeflateConfig>,
}

impl Config {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_message_size: 1 << 20,
            max_frame_size: usize::MAX,
            max_fragments: 1 << 17,
            write_high_water: 64 << 10,
            keep_alive: KeepAlive::new(),
            message_timeout: None,
            write_timeout: Some(Duration::from_secs(120)),
            max_lifetime: None,
            close_timeout: Duration::from_secs(5),
            max_close_time: Duration::from_secs(15 * 60),
            upgrade_timeout: Duration::from_secs(10),
            deflate: None,
        }
    }

    /// Largest message accepted, in bytes, after reassembly and decompression.
    ///
    /// Default 1 MiB. A larger message fails the connection with 1009 as soon as a frame header
    /// announces the excess, or decompression yields it, before it is buffered (RFC 6455, section
    /// 10.4).
    pub const fn max_message_size(mut self, bytes: usize) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// Largest payload of one data frame accepted, in bytes. Control frames have at most 125.
    ///
    /// Default: no limit of its own, since [`max_message_size`](Self::max_message_size) also
    /// bounds frames. A frame of a compressed message may exceed that by an eighth plus a 64th
    /// plus 1 KiB, the most that encoders need. A larger frame fails the connection with 1009 at
    /// its header (RFC 6455, section 10.4).
    pub const fn max_frame_size(mut self, bytes: usize) -> Self {
        self.max_frame_size = bytes;
        self
    }

    /// Largest number of frames in one message.
    ///
    /// Default 131,072, at least 1. More frames fail the connection with 1009. Fragments are
    /// joined in one buffer, so this does not limit memory: it limits the work that a flood of
    /// empty frames can cause.
    pub const fn max_fragments(mut self, frames: usize) -> Self {
        self.max_fragments = if frames == 0 { 1 } else { frames };
        self
    }

    /// Number of queued bytes at which senders wait.
    ///
    /// Default 64 KiB, at least 1. A connection queues at most this much and one message.
    pub const fn write_high_water(mut self, bytes: usize) -> Self {
        self.write_high_water = if bytes == 0 { 1 } else { bytes };
        self
    }

    /// When a silent peer is pinged, and when it is given up: see [`KeepAlive`].
    ///
    /// Default: a ping after 30 seconds of silence, and the end after 30 more.
    /// [`KeepAlive::OFF`] turns it off.
    pub const fn keep_alive(mut self, keep_alive: KeepAlive) -> Self {
        self.keep_alive = keep_alive;
        self
    }

    /// How long a message may take, from its first byte to its last.
    ///
    /// Default `None`: no limit. A message that takes longer fails the connection with 1008 and
    /// [`ProtocolError::MessageTimeout`](crate::ProtocolError::MessageTimeout) (RFC 6455, section
    /// 10.4). The time runs from the turn of the connection's task in which the message began,
    /// and neither the bytes that drip in nor control frames between its fragments extend it. An
    /// incomplete control frame has the same time. While reading is paused because the handler does
    /// not receive, the time does not run, and it starts again afterwards.
    ///
    /// Zero counts as a millisecond, and more than 24 days as `None`.
    pub const fn message_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.message_timeout = timeout;
        self
    }

    /// How long output may wait without the transport taking a single byte of it.
    ///
    /// Default 2 minutes. A peer that does not read for so long loses its connection:
    /// [`Loss::WriteStalled`](crate::Loss::WriteStalled). The transport is cut without a Close
    /// frame, which could not be read either. `None` lets output wait forever.
    ///
    /// Once the connection closes, [`close_timeout`](Self::close_timeout) applies instead. Zero
    /// counts as a millisecond, and more than 24 days as `None`.
    pub const fn write_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// How long a connection may live. It is then closed with 1001.
    ///
    /// Default `None`: no limit. Each connection is closed up to a sixteenth of this earlier, a
    /// random share that differs between connections, so that those opened together do not end
    /// together. It is never closed later. The closing handshake is as after any Close that this
    /// side sends: nothing more can be sent, and receiving goes on until the peer's Close.
    ///
    /// Zero counts as a millisecond.
    pub const fn max_lifetime(mut self, limit: Option<Duration>) -> Self {
        self.max_lifetime = limit;
        self
    }

    /// How long closing may go on without progress by the peer.
    ///
    /// Default 5 seconds. Closing begins with our Close frame, or our answer to the peer's. It
    /// ends with the transport, which is dropped when the time is over. Progress extends the time,
    /// up to [`max_close_time`](Self::max_close_time). The peer makes progress when it takes
    /// output up to our Close, finishes a message that it had begun, or sends its Close. Input
    /// that we discard is not progress. Neither are pongs that the peer takes.
    ///
    /// Buffers between us and a slow peer hide whether it reads. So if much was sent lately, the
    /// time may be longer than this timeout:
    ///
    /// - If the buffers hold everything that was sent, a peer gets the time to read it at 32 KiB a
    ///   second. Below 160 KiB, that is less than the default timeout.
    /// - If the buffers hold 1.5 MiB or more and further output waits, as on a loopback device, a
    ///   peer gets the time to read half of what they hold, but at most eight times this timeout.
    ///
    /// If the peer was seen to read faster, half of its rate counts instead of 32 KiB a second.
    ///
    /// This timeout is also the longest that a handler that is still receiving may delay the reply
    /// to a Close. An HTTP/2 stream is kept for at most half a second after its closing handshake.
    pub const fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// How long all of closing may take, whatever progress the peer makes.
    ///
    /// Default 15 minutes, enough for a peer that reads 32 MiB at 50 KiB a second. If this is less
    /// than [`close_timeout`](Self::close_timeout), `close_timeout` applies instead. A graceful
    /// shutdown waits no longer than this for slow peers.
    pub const fn max_close_time(mut self, limit: Duration) -> Self {
        self.max_close_time = limit;
        self
    }

    /// How long the HTTP connection may take to hand over its transport after the handshake was
    /// answered.
    ///
    /// Default 10 seconds. The peer must take the response in this time. On a client, this limits
    /// the time from connecting to the end of the handshake.
    pub const fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.upgrade_timeout = timeout;
        self
    }
}

/// Reading the settings.
impl Config {
    /// [`max_message_size`](Self::max_message_size), in bytes.
    pub const fn get_max_message_size(&self) -> usize {
        self.max_message_size
    }

    /// [`max_frame_size`](Self::max_frame_size), in bytes; `usize::MAX` if it was not set.
    pub const fn get_max_frame_size(&self) -> usize {
        self.max_frame_size
    }

    /// [`max_fragments`](Self::max_fragments), in frames, at least 1.
    pub const fn get_max_fragments(&self) -> usize {
        self.max_fragments
    }

    /// [`write_high_water`](Self::write_high_water), in bytes, at least 1.
    pub const fn get_write_high_water(&self) -> usize {
        self.write_high_water
    }

    /// [`keep_alive`](Self::keep_alive).
    pub const fn get_keep_alive(&self) -> KeepAlive {
        self.keep_alive
    }

    /// [`message_timeout`](Self::message_timeout), as it was set.
    pub const fn get_message_timeout(&self) -> Option<Duration> {
        self.message_timeout
    }

    /// [`write_timeout`](Self::write_timeout), as it was set.
    pub const fn get_write_timeout(&self) -> Option<Duration> {
        self.write_timeout
    }

    /// [`max_lifetime`](Self::max_lifetime), as it was set.
    pub const fn get_max_lifetime(&self) -> Option<Duration> {
        self.max_lifetime
    }

    /// [`close_timeout`](Self::close_timeout).
    pub const fn get_close_timeout(&self) -> Duration {
        self.close_timeout
    }

    /// [`max_close_time`](Self::max_close_time), as it was set.
    pub const fn get_max_close_time(&self) -> Duration {
        self.max_close_time
    }

    /// [`upgrade_timeout`](Self::upgrade_timeout).
    pub const fn get_upgrade_timeout(&self) -> Duration {
        self.upgrade_timeout
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
