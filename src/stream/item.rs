//! What the stream of a connection yields, and how it ends.

use std::{io, mem};

use super::Error;
use crate::{message::Message, wire::ProtocolError};

/// What was received, in the order of arrival.
#[derive(Debug)]
pub(super) enum Item {
    Decoded(Result<Message, ProtocolError>),
    /// The transport failed.
    Io(io::Error),
    /// The transport ended.
    Lost,
}

impl Item {
    /// Whether nothing can follow.
    pub(super) const fn is_last(&self) -> bool {
        !matches!(self, Item::Decoded(Ok(message)) if !matches!(message, Message::Close(_)))
    }

    pub(super) const fn is_ping(&self) -> bool {
        matches!(self, Item::Decoded(Ok(Message::Ping(_))))
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
            _ => 0,
        }
    }

    pub(super) fn into_result(self) -> Result<Message, Error> {
        match self {
            Item::Decoded(Ok(message)) => Ok(message),
            Item::Decoded(Err(error)) => Err(Error::Protocol(error)),
            Item::Io(error) => Err(Error::Io(error)),
            Item::Lost => Err(Error::Lost),
        }
    }
}

/// What follows the items that wait in the queue and in the input. Small, as it is `Open`
/// for most of a connection's life.
#[derive(Debug)]
pub(super) enum End {
    /// More may come.
    Open,
    /// The transport yields nothing more.
    Transport(Box<Item>),
    /// The last item was taken; it is handed over once our answer to it is written.
    Held(Box<Item>),
    /// The last item was handed over.
    Done,
}

impl End {
    /// The transport's end, if that is what comes next.
    pub(super) fn take_transport(&mut self) -> Option<Item> {
        match mem::replace(self, End::Done) {
            End::Transport(item) => Some(*item),
            other => {
                *self = other;
                None
            }
        }
    }
}
