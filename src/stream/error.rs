//! What can go wrong with an open connection.

use std::{error, fmt, io};

use crate::{message::InvalidClose, protocol::SendError, wire::ProtocolError};

/// Why receiving or sending failed.
///
/// The variants tell the peer's faults, the caller's and the transport's apart.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke the protocol. It was sent the matching close code.
    Protocol(ProtocolError),
    /// The transport ended without a Close frame from the peer (1006).
    Lost,
    /// The transport failed.
    Io(io::Error),
    /// This side left too many messages unread that share an HTTP/2 connection with other
    /// WebSockets. The peer was told by the code 1008; what was unread is lost.
    Overrun,
    /// Nothing can be sent any more: a Close was sent or received, or the transport is gone.
    Closed,
    /// The caller's Close frame must not be sent. Nothing was sent.
    InvalidClose(InvalidClose),
    /// The caller's ping or pong has more than 125 bytes (RFC 6455, section 5.5). Nothing was sent.
    ControlTooLong(usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Protocol(error) => {
                let (rfc, section) = (error.rfc(), error.section());
                write!(f, "peer broke the protocol (RFC {rfc}, section {section})")
            }
            Error::Lost => f.write_str("connection lost without a closing handshake"),
            Error::Io(_) => f.write_str("transport failed"),
            Error::Overrun => f.write_str("too many messages were left unread"),
            Error::Closed => f.write_str("connection is closed for sending"),
            Error::InvalidClose(_) => f.write_str("invalid close frame"),
            Error::ControlTooLong(len) => {
                write!(f, "ping or pong of {len} bytes exceeds 125")
            }
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Error::Protocol(error) => Some(error),
            Error::Io(error) => Some(error),
            Error::InvalidClose(error) => Some(error),
            Error::Lost | Error::Overrun | Error::Closed | Error::ControlTooLong(_) => None,
        }
    }
}

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
