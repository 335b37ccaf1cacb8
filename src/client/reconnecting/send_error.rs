//! Why a message was not sent.

use std::{error, fmt};

use crate::{Error, message::Message};

/// Why a [`Reconnecting`](super::Reconnecting) did not send.
///
/// As with [`Error`], `Display` includes the cause, and [`source`](std::error::Error::source) is
/// `None`.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The connection ended before everything was flushed. [`send`](super::Reconnecting::send)
    /// gives its message back here. What was sent before is handed back by
    /// [`Event::Lost`](super::Event::Lost) or [`take_unsent`](super::Reconnecting::take_unsent);
    /// until then, nothing else is sent.
    Lost(Option<Message>),
    /// Messages of the last connection wait to be [received](super::Reconnecting::recv). Until
    /// then, nothing is sent and no other connection is opened.
    /// [`send`](super::Reconnecting::send) gives its message back here.
    ReceiveFirst(Option<Message>),
    /// There will be no other connection. [`send`](super::Reconnecting::send) gives its message
    /// back here.
    Stopped(Option<Message>),
    /// The message must not be sent: [`Error::ControlTooLong`] or [`Error::InvalidClose`].
    Invalid(Error),
}

impl SendError {
    /// The message, if it is here and may be sent.
    pub fn into_message(self) -> Option<Message> {
        match self {
            SendError::Lost(message)
            | SendError::ReceiveFirst(message)
            | SendError::Stopped(message) => message,
            SendError::Invalid(_) => None,
        }
    }

    /// The same with the message that was not sent.
    pub(super) fn with(self, message: Option<Message>) -> Self {
        match self {
            SendError::Lost(None) => SendError::Lost(message),
            SendError::ReceiveFirst(None) => SendError::ReceiveFirst(message),
            SendError::Stopped(None) => SendError::Stopped(message),
            other => other,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Lost(_) => f.write_str("the connection ended before all was flushed"),
            SendError::ReceiveFirst(_) => {
                f.write_str("messages of the last connection must be received first")
            }
            SendError::Stopped(_) => f.write_str("there will be no other connection"),
            SendError::Invalid(error) => error.fmt(f),
        }
    }
}

impl error::Error for SendError {}
