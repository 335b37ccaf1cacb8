//! The closing handshake (RFC 6455, section 7).

use std::fmt;

use super::loss::Loss;
use crate::{
    message::{CloseFrame, Utf8Bytes},
    wire::{
        ProtocolError,
        close_code::{self, CloseCode},
    },
};

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
    /// Nothing that comes is interpreted any more. What is queued is still written. Boxed, as an
    /// open connection has none.
    Ended(Box<Closure>),
}

impl Phase {
    pub(super) fn ended(closure: Closure) -> Self {
        Phase::Ended(Box::new(closure))
    }

    /// The transport is gone before the closing handshake was done.
    pub(super) fn lost(why: Loss) -> Self {
        Self::ended(Closure::Lost(why))
    }
}

/// How a connection ended (RFC 6455, section 7.1).
///
/// ```
/// use tower_websock::{Closure, WebSocket, close_code};
///
/// fn log(socket: &WebSocket) {
///     match socket.closure() {
///         None => println!("open"),
///         Some(closure) if closure.code() == close_code::AWAY => println!("left the page"),
///         // closed by the peer with 4001 "logged out"
///         Some(closure) => println!("{closure}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closure {
    /// Both sides sent a Close frame (7.1.4).
    Clean {
        /// Who sent it first.
        initiator: Initiator,
        /// What the peer's Close frame said; `None` if it had no code (1005).
        frame: Option<CloseFrame>,
        /// What ours said; `None` if it had no code. If the peer began, it is the echo of its code.
        sent: Option<CloseFrame>,
    },
    /// The peer broke the protocol (7.1.7). It was sent the matching code, unless a Close had been
    /// sent before.
    Failed(ProtocolError),
    /// There was no closing handshake, or not all of it (1006).
    Lost(Loss),
}

impl Closure {
    /// Whether the closing handshake was completed.
    pub const fn is_clean(&self) -> bool {
        matches!(self, Closure::Clean { .. })
    }

    /// The code of the Close frame that began the closing: this side's if it began, such as the
    /// 1011 of a handler that failed, or the peer's.
    ///
    /// 1005 if that frame had no code, and 1006 if the connection was lost. If the peer broke the
    /// protocol, it is the code that belongs to the violation.
    pub const fn code(&self) -> CloseCode {
        match self {
            Closure::Clean { .. } => match self.first() {
                Some(frame) => frame.code,
                None => close_code::STATUS,
            },
            Closure::Failed(error) => error.close_code(),
            Closure::Lost(_) => close_code::ABNORMAL,
        }
    }

    /// The reason in the Close frame that began the closing; empty if there is none.
    ///
    /// If the peer broke the protocol, it says how.
    pub fn reason(&self) -> Utf8Bytes {
        match self {
            Closure::Clean { .. } => self.first().map(|frame| frame.reason.clone()),
            Closure::Failed(error) => Some(CloseFrame::failing(*error).reason),
            Closure::Lost(_) => None,
        }
        .unwrap_or_default()
    }

    /// The side that began to close: it sent the first Close frame.
    ///
    /// If the peer broke the protocol, that is this side, which failed the connection. `None` if
    /// the connection was lost.
    pub const fn initiator(&self) -> Option<Initiator> {
        match self {
            Closure::Clean { initiator, .. } => Some(*initiator),
            Closure::Failed(_) => Some(Initiator::Local),
            Closure::Lost(_) => None,
        }
    }

    /// How the peer broke the protocol, if it did.
    pub const fn error(&self) -> Option<ProtocolError> {
        match self {
            Closure::Failed(error) => Some(*error),
            Closure::Clean { .. } | Closure::Lost(_) => None,
        }
    }

    /// Why the connection was lost, if it was.
    pub const fn loss(&self) -> Option<Loss> {
        match self {
            Closure::Lost(why) => Some(*why),
            Closure::Clean { .. } | Closure::Failed(_) => None,
        }
    }

    /// The Close frame that began the closing handshake, if it had a code.
    const fn first(&self) -> Option<&CloseFrame> {
        match self {
            Closure::Clean {
                initiator: Initiator::Local,
                sent,
                ..
            } => sent.as_ref(),
            Closure::Clean { frame, .. } => frame.as_ref(),
            Closure::Failed(_) | Closure::Lost(_) => None,
        }
    }
}

/// One line for a log. The reason is the peer's text, quoted.
impl fmt::Display for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closure::Clean { initiator, .. } => {
                let who = match initiator {
                    Initiator::Local => "this side",
                    Initiator::Remote => "the peer",
                };
                write!(f, "closed by {who} with {}", self.code())?;
                match self.first() {
                    Some(frame) if !frame.reason.is_empty() => write!(f, " {:?}", &*frame.reason),
                    _ => Ok(()),
                }
            }
            Closure::Failed(error) => {
                write!(f, "peer broke the protocol ({}): {error}", self.code())
            }
            Closure::Lost(why) => {
                write!(f, "connection lost without a closing handshake: {why}")
            }
        }
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

#[cfg(test)]
mod tests {
    use super::{
        Initiator::{Local, Remote},
        *,
    };

    /// 7.1.5, 7.1.6 and 7.1.7: what there is to say of each kind of end.
    #[test]
    fn every_closure_has_a_code_a_reason_and_who_began() {
        let said = |code, reason| Some(CloseFrame::new(code, reason));
        let clean = |initiator, frame, sent| Closure::Clean {
            initiator,
            frame,
            sent,
        };
        let wrong = ProtocolError::UnmaskedFrame;
        #[rustfmt::skip]
        let rows = [
            (clean(Local, said(1000, "bye"), said(1008, "too slow")), 1008, "too slow", Some(Local),
             "closed by this side with 1008 \"too slow\""),
            (clean(Local, said(1000, "bye"), None), 1005, "", Some(Local),
             "closed by this side with 1005"),
            (clean(Remote, said(4001, "a\nb"), said(4001, "")), 4001, "a\nb", Some(Remote),
             "closed by the peer with 4001 \"a\\nb\""),
            (clean(Remote, None, None), 1005, "", Some(Remote), "closed by the peer with 1005"),
            (Closure::Failed(wrong), 1002, "frame from a client is not masked", Some(Local),
             "peer broke the protocol (1002): frame from a client is not masked"),
            (Closure::Lost(Loss::NoPong), 1006, "", None,
             "connection lost without a closing handshake: \
              nothing came from the peer in time (keep_alive)"),
        ];
        for (closure, code, reason, initiator, line) in rows {
            assert_eq!(closure.code(), code, "{closure:?}");
            assert_eq!(&*closure.reason(), reason, "{closure:?}");
            assert_eq!(closure.initiator(), initiator, "{closure:?}");
            assert_eq!(closure.to_string(), line);
            let failed = matches!(closure, Closure::Failed(_));
            assert_eq!(closure.error(), failed.then_some(wrong));
            assert_eq!(closure.loss().is_some(), code == 1006);
        }
    }
}
