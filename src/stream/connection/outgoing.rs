//! What users send.

use crate::{
    message::{Message, PreparedMessage},
    protocol::{Compress, Protocol, SendBuffer, SendError},
};

/// A message, or one that was prepared for many.
pub(crate) trait Outgoing: Sized {
    /// Bytes of the payload.
    fn payload_len(&self) -> usize;

    /// Queues it; nothing is done if that fails.
    fn queue(self, protocol: &mut Protocol, compress: Compress) -> Result<(), SendError>;

    /// Queues it if that costs nothing but a copy, and lets `buffer` take up to `most` small ones
    /// that follow.
    fn queue_small(
        &self,
        protocol: &mut Protocol,
        compress: Compress,
        buffer: &mut SendBuffer,
        most: usize,
    ) -> bool;

    /// Puts it into `buffer` if that takes it.
    fn push(&self, buffer: &mut SendBuffer) -> bool;

    /// For who gets it back.
    fn into_message(self) -> Message;
}

impl Outgoing for Message {
    #[inline]
    fn payload_len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn queue(self, protocol: &mut Protocol, compress: Compress) -> Result<(), SendError> {
        protocol.send_with(self, compress)
    }

    #[inline]
    fn queue_small(
        &self,
        protocol: &mut Protocol,
        compress: Compress,
        buffer: &mut SendBuffer,
        most: usize,
    ) -> bool {
        protocol.send_small(self, compress, buffer, most)
    }

    #[inline]
    fn push(&self, buffer: &mut SendBuffer) -> bool {
        buffer.push(self)
    }

    #[inline]
    fn into_message(self) -> Message {
        self
    }
}

impl Outgoing for &PreparedMessage {
    fn payload_len(&self) -> usize {
        self.len()
    }

    fn queue(self, protocol: &mut Protocol, compress: Compress) -> Result<(), SendError> {
        match compress {
            Compress::IfAgreed => protocol.send_prepared(self),
            Compress::Never => protocol.send_with(self.to_message(), compress),
        }
    }

    fn queue_small(
        &self,
        protocol: &mut Protocol,
        _compress: Compress,
        buffer: &mut SendBuffer,
        most: usize,
    ) -> bool {
        protocol.send_small_prepared(self, buffer, most)
    }

    fn push(&self, buffer: &mut SendBuffer) -> bool {
        buffer.push_prepared(self)
    }

    fn into_message(self) -> Message {
        self.to_message()
    }
}
