//! What has passed over a connection.

use std::time::{Duration, SystemTime};

/// What has passed over a connection since it was opened: see
/// [`WebSocket::stats`](crate::WebSocket::stats).
///
/// A copy of the counters at one moment. They are exact, and go on counting until the transport is
/// gone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_websock::Error> {
/// # #[cfg(feature = "client")] {
/// use tower_websock::{Config, WebSocket};
///
/// let (mut client, mut server) = WebSocket::pair(&Config::new());
/// client.send("hello".into()).await?;
/// server.recv().await.unwrap()?;
///
/// let stats = server.stats();
/// assert_eq!(stats.received.messages, 1);
/// assert_eq!(stats.received.payload_bytes, 5);
/// // A header of two bytes and a mask of four.
/// assert_eq!(stats.received.wire_bytes, 11);
/// assert_eq!(stats.received, client.stats().sent);
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// What came from the peer.
    pub received: Traffic,
    /// What this side sent.
    pub sent: Traffic,
    /// How long the last ping took that this crate sent by itself, from sending it to the pong.
    /// `None` until there was one.
    pub last_rtt: Option<Duration>,
    /// Messages that the [topics](crate::Topic) of the socket had for it, and that were left out
    /// because it was behind, or overtaken: see [`Lag`](crate::Lag). At most 4,294,967,295 are
    /// counted.
    pub skipped: u64,
    /// When the connection was opened: when the socket was made, after the handshake.
    ///
    /// It is what the system's clock says now, less [`age`](Self::age), so it follows a clock that
    /// is set.
    pub opened_at: SystemTime,
    /// Time since then, which a clock that is set does not change.
    pub age: Duration,
}

/// What has passed in one direction of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Text and binary messages.
    ///
    /// A received one counts when it was decoded, which may be before the handler takes it. A
    /// compressed one is decoded when the handler takes it, so those that are thrown away do not
    /// count. A sent one counts when it is queued.
    pub messages: u64,
    /// Frames of every kind: those of messages, pings, pongs and Closes.
    ///
    /// A received one counts when all of it has come and is lawful, a sent one when it is queued.
    pub frames: u64,
    /// Bytes of the messages as the handler sees them: without headers, and not compressed. Those
    /// of pings, pongs and Closes do not count.
    pub payload_bytes: u64,
    /// Bytes that were read from the transport or written to it: with headers, and compressed.
    ///
    /// What is below does not count: TLS, HTTP/2 and TCP; nor does the handshake.
    pub wire_bytes: u64,
    /// Pings, which are among the frames.
    pub pings: u64,
}
