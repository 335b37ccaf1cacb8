//! Why a message was not queued, with the message.

use std::{error, fmt};

use super::Error;
use crate::message::Message;

/// Why [`try_send`](crate::Sender::try_send) queued nothing.
///
/// As with [`Error`], `Display` includes the cause, and [`source`](std::error::Error::source) is
/// `None`.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrySendError {
    /// [`write_high_water`](crate::Config::write_high_water) bytes are queued. Here is the message.
    Full(Message),
    /// Nothing more can be sent, as [`Error::Closed`] says. Here is the message.
    Closed(Message),
    /// The message must not be sent: [`Error::ControlTooLong`] or [`Error::InvalidClose`].
    Invalid(Error),
}

/// Why [`send_timeout`](crate::Sender::send_timeout) queued nothing.
///
/// As with [`Error`], `Display` includes the cause, and [`source`](std::error::Error::source) is
/// `None`.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendTimeoutError {
    /// There was no room in time. Here is the message.
    Timeout(Message),
    /// Nothing more can be sent, as [`Error::Closed`] says. Here is the message.
    Closed(Message),
    /// The message must not be sent: [`Error::ControlTooLong`] or [`Error::InvalidClose`].
    Invalid(Error),
}

impl TrySendError {
    /// The message, unless it must not be sent.
    pub fn into_message(self) -> Option<Message> {
        match self {
            TrySendError::Full(message) | TrySendError::Closed(message) => Some(message),
            TrySendError::Invalid(_) => None,
        }
    }
}

impl SendTimeoutError {
    /// Why nothing was queued when the time was over, or before.
    pub(super) fn of(error: TrySendError) -> Self {
        match error {
            TrySendError::Full(message) => SendTimeoutError::Timeout(message),
            TrySendError::Closed(message) => SendTimeoutError::Closed(message),
            TrySendError::Invalid(error) => SendTimeoutError::Invalid(error),
        }
    }

    /// The message, unless it must not be sent.
    pub fn into_message(self) -> Option<Message> {
        match self {
            SendTimeoutError::Timeout(message) | SendTimeoutError::Closed(message) => Some(message),
            SendTimeoutError::Invalid(_) => None,
        }
    }
}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(_) => f.write_str("no room to queue the message"),
            TrySendError::Closed(_) => Error::Closed.fmt(f),
            TrySendError::Invalid(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for SendTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendTimeoutError::Timeout(_) => f.write_str("no room to queue the message in time"),
            SendTimeoutError::Closed(_) => Error::Closed.fmt(f),
            SendTimeoutError::Invalid(error) => error.fmt(f),
        }
    }
}

impl error::Error for TrySendError {}

impl error::Error for SendTimeoutError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::assert_sentences;

    /// Each says what happened, and gives the message back unless that is to blame.
    #[test]
    fn message_is_given_back_unless_it_must_not_be_sent() {
        let message = || Message::text("a");
        let rows = [
            (
                TrySendError::Full(message()),
                "no room to queue the message",
            ),
            (
                TrySendError::Closed(message()),
                "connection is closed for sending",
            ),
            (
                TrySendError::Invalid(Error::ControlTooLong(126)),
                "ping or pong of 126 bytes exceeds 125",
            ),
        ];
        assert_sentences::<_, 3>(rows, |error| match error {
            TrySendError::Full(_) => 0,
            TrySendError::Closed(_) => 1,
            TrySendError::Invalid(_) => 2,
        });
        let rows = [
            (
                SendTimeoutError::Timeout(message()),
                "no room to queue the message in time",
            ),
            (
                SendTimeoutError::Closed(message()),
                "connection is closed for sending",
            ),
            (
                SendTimeoutError::Invalid(Error::ControlTooLong(126)),
                "ping or pong of 126 bytes exceeds 125",
            ),
        ];
        assert_sentences::<_, 3>(rows, |error| match error {
            SendTimeoutError::Timeout(_) => 0,
            SendTimeoutError::Closed(_) => 1,
            SendTimeoutError::Invalid(_) => 2,
        });
        for (error, given) in [
            (TrySendError::Full(message()), true),
            (TrySendError::Closed(message()), true),
            (TrySendError::Invalid(Error::ControlTooLong(126)), false),
        ] {
            assert_eq!(error.into_message().is_some(), given);
        }
        for (error, given) in [
            (SendTimeoutError::Timeout(message()), true),
            (SendTimeoutError::Closed(message()), true),
            (SendTimeoutError::Invalid(Error::ControlTooLong(126)), false),
        ] {
            assert_eq!(error.into_message().is_some(), given);
        }
    }
}
