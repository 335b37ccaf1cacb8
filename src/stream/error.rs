//! What can go wrong with an open connection.

use std::{error, fmt, io};

use crate::{
    message::InvalidClose,
    protocol::{Loss, SendError},
    wire::{ProtocolError, WithCauses},
};

/// Why receiving or sending failed.
///
/// The variants tell faults of the peer, the caller and the transport apart. `Display` includes
/// the cause, so [`source`](std::error::Error::source) is `None`, and an error reporter that
/// prints all sources prints nothing twice.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke the protocol. It was sent a Close frame with the matching code, unless a
    /// Close had been sent before.
    Protocol(ProtocolError),
    /// The connection ended without a Close frame from the peer (1006); the [`Loss`] says why.
    Lost(Loss),
    /// The transport failed.
    Io(io::Error),
    /// This side left too many messages unread on a stream of HTTP/2. That would have ended the
    /// whole connection, which other streams share. The peer was sent 1008. The unread messages
    /// are lost.
    Overrun,
    /// Nothing more can be sent: a Close was already sent or received, or the transport is gone.
    Closed,
    /// The caller's Close frame must not be sent. Nothing was sent.
    InvalidClose(InvalidClose),
    /// The caller's ping or pong has more than 125 bytes (RFC 6455, section 5.5). Nothing was
    /// sent.
    ControlTooLong(usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Protocol(error) => {
                let (rfc, section) = (error.rfc(), error.section());
                write!(
                    f,
                    "peer broke the protocol (RFC {rfc}, section {section}): {error}"
                )
            }
            Error::Lost(why) => {
                write!(f, "connection lost without a closing handshake: {why}")
            }
            Error::Io(error) => write!(f, "transport failed: {}", WithCauses(error)),
            Error::Overrun => f.write_str("too many messages were left unread"),
            Error::Closed => f.write_str("connection is closed for sending"),
            Error::InvalidClose(error) => write!(f, "invalid close frame: {error}"),
            Error::ControlTooLong(len) => {
                write!(f, "ping or pong of {len} bytes exceeds 125")
            }
        }
    }
}

impl error::Error for Error {}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Closed => Error::Closed,
            SendError::ControlTooLong(len) => Error::ControlTooLong(len),
            SendError::InvalidClose(error) => Error::InvalidClose(error),
        }
    }
}

impl From<InvalidClose> for Error {
    fn from(error: InvalidClose) -> Self {
        Error::InvalidClose(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::assert_sentences;

    /// Each variant and what it says, causes included. A reporter that follows the sources adds
    /// nothing.
    #[test]
    fn every_error_says_its_cause_once() {
        let tls = io::Error::new(io::ErrorKind::UnexpectedEof, "no close_notify");
        let rows = [
            (
                Error::Protocol(ProtocolError::MaskedFrame),
                "peer broke the protocol (RFC 6455, section 5.1): frame from a server is masked",
            ),
            (
                Error::Lost(Loss::Ended),
                "connection lost without a closing handshake: the transport ended",
            ),
            (
                Error::Lost(Loss::NoPong),
                "connection lost without a closing handshake: nothing came from the peer in time \
                 (keep_alive)",
            ),
            (
                Error::Lost(Loss::WriteStalled),
                "connection lost without a closing handshake: the peer took no output in time \
                 (write_timeout)",
            ),
            (
                Error::Lost(Loss::CloseTimedOut),
                "connection lost without a closing handshake: the peer did not close in time \
                 (close_timeout)",
            ),
            (
                Error::Lost(Loss::Cut),
                "connection lost without a closing handshake: this side dropped the connection",
            ),
            (
                Error::Io(io::Error::from_raw_os_error(104)),
                "transport failed: Connection reset by peer (os error 104)",
            ),
            (
                Error::Io(io::Error::other(tls)),
                "transport failed: no close_notify",
            ),
            (Error::Overrun, "too many messages were left unread"),
            (Error::Closed, "connection is closed for sending"),
            (
                Error::InvalidClose(InvalidClose::ReasonTooLong(124)),
                "invalid close frame: close reason of 124 bytes exceeds 123; \
                 CloseFrame::new cuts it",
            ),
            (
                Error::ControlTooLong(126),
                "ping or pong of 126 bytes exceeds 125",
            ),
        ];
        assert_sentences::<_, 11>(rows, |error| match error {
            Error::Protocol(_) => 0,
            Error::Io(_) => 1,
            Error::Overrun => 2,
            Error::Closed => 3,
            Error::InvalidClose(_) => 4,
            Error::ControlTooLong(_) => 5,
            Error::Lost(Loss::Ended) => 6,
            Error::Lost(Loss::NoPong) => 7,
            Error::Lost(Loss::WriteStalled) => 8,
            Error::Lost(Loss::CloseTimedOut) => 9,
            Error::Lost(Loss::Cut) => 10,
        });
    }
}
