//! What the stream of a connection yields.

use std::io;

use bytes::Bytes;

use crate::{
    message::Message,
    protocol::{Compressed, Loss, Received},
    stream::error::Error,
    wire::ProtocolError,
};

/// Smaller payloads have memory of their own.
const SHARED: usize = 16 * 1024;

/// What was received, in the order of arrival.
#[derive(Debug)]
pub(super) enum Item {
    Decoded(Result<Message, ProtocolError>),
    /// A message that is not inflated, or not to its end; what it is shows when the user takes it.
    Compressed(Compressed),
    /// The transport failed.
    Io(io::Error),
    /// The transport is gone.
    Lost(Loss),
    /// Messages were thrown away since nobody received them; the end follows.
    Overrun,
}

impl Item {
    /// What has come, if something has.
    pub(super) fn of(received: Received) -> Option<Self> {
        Some(match received {
            Received::Data(message) | Received::Control(message) => Item::Decoded(Ok(message)),
            Received::Compressed(message) => Item::Compressed(message),
            Received::Failed(error) => Item::Decoded(Err(error)),
            Received::Stopped | Received::NeedsMore => return None,
        })
    }

    /// Whether nothing can follow.
    pub(super) const fn is_last(&self) -> bool {
        match self {
            Item::Decoded(Ok(message)) => matches!(message, Message::Close(_)),
            Item::Compressed(_) | Item::Overrun => false,
            Item::Decoded(Err(_)) | Item::Io(_) | Item::Lost(_) => true,
        }
    }

    /// Why the connection is lost if this ends it: the transport ended, or failed.
    pub(super) const fn loss(&self) -> Loss {
        match self {
            Item::Lost(why) => *why,
            _ => Loss::Ended,
        }
    }

    pub(super) const fn is_ping(&self) -> bool {
        matches!(self, Item::Decoded(Ok(Message::Ping(_))))
    }

    /// What a pong carries.
    pub(super) const fn as_pong(&self) -> Option<&Bytes> {
        match self {
            Item::Decoded(Ok(Message::Pong(data))) => Some(data),
            _ => None,
        }
    }

    /// Whether it is a ping or a pong.
    pub(super) const fn is_notice(&self) -> bool {
        matches!(self, Item::Decoded(Ok(Message::Ping(_) | Message::Pong(_))))
    }

    /// Whether it is a message of the user's.
    pub(super) const fn is_message(&self) -> bool {
        !self.is_last() && !self.is_notice()
    }

    pub(super) fn payload_len(&self) -> usize {
        match self {
            Item::Decoded(Ok(message)) => message.len(),
            Item::Compressed(message) => message.len(),
            _ => 0,
        }
    }

    /// The same in memory of its own size, as it may wait long: not in a part of a read buffer.
    pub(super) fn compact(self) -> Self {
        match self {
            Item::Decoded(Ok(Message::Binary(data))) if data.len() >= SHARED => {
                Item::Decoded(Ok(Message::Binary(Bytes::copy_from_slice(&data))))
            }
            other => other,
        }
    }

    pub(super) fn into_result(self) -> Result<Message, Error> {
        match self {
            Item::Decoded(Ok(message)) => Ok(message),
            Item::Decoded(Err(error)) => Err(Error::Protocol(error)),
            Item::Io(error) => Err(Error::Io(error)),
            Item::Lost(why) => Err(Error::Lost(why)),
            // It is inflated before it is handed over.
            Item::Compressed(_) => Err(Error::Lost(Loss::Ended)),
            Item::Overrun => Err(Error::Overrun),
        }
    }
}
