//! The closing handshake (RFC 6455, section 7).

use crate::{message::CloseFrame, wire::ProtocolError};

/// How far closing has come.
///
/// ```text
///            close()                 Close received
///   Open ───────────────> CloseSent ──────────────────┐
///    │                        │                       v
///    ├── Close received, ─────┼────────────────────> Ended(Clean)
///    │   answer queued        │
///    ├── violation ───────────┴────────────────────> Ended(Failed)
///    └── end of input ────────┴────────────────────> Ended(Lost)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Messages go both ways.
    Open,
    /// Our Close is queued or sent; the peer may still send until it answers.
    CloseSent,
    /// Nothing that comes is interpreted any more. What is queued is still written.
    Ended(Closure),
}

/// How a connection ended (RFC 6455, section 7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closure {
    /// Both sides sent a Close frame (7.1.4).
    Clean {
        /// Who sent it first.
        initiator: Initiator,
        /// What the peer's Close frame said; `None` if it had no code (1005).
        frame: Option<CloseFrame>,
    },
    /// The peer broke the protocol (7.1.7). It was sent the matching code, unless a Close had been
    /// sent before.
    Failed(ProtocolError),
    /// The transport ended without a Close frame from the peer, or the peer did not close in time
    /// (1006).
    Lost,
}

impl Closure {
    /// Whether the closing handshake was completed.
    pub const fn is_clean(&self) -> bool {
        matches!(self, Closure::Clean { .. })
    }
}

/// The side that started to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiator {
    /// This side.
    Local,
    /// The peer.
    Remote,
}
