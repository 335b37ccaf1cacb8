//! What is received, and in which form it is wanted.

use bytes::Bytes;

use super::{inflated::Inflated, work::Work};

use crate::{
    config::Config,
    deflate::Inflation,
    message::Message,
    wire::{OpCode, ProtocolError},
};

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Message(Message),
    Compressed(Compressed),
}

/// A compressed message as it came. Its size is not known yet.
///
/// Messages refer to those before them (RFC 7692, section 7.1.1), so they must be inflated in the
/// order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compressed {
    pub(super) opcode: OpCode,
    pub(super) payload: Bytes,
}

impl Compressed {
    /// Bytes held.
    pub(crate) fn len(&self) -> usize {
        self.payload.len()
    }
}

/// Which compressed messages are wanted inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// All: the user takes them at once, and none before them is held as it came.
    Message,
    /// Those of which it is found at once that they are short; others stay as they came. None
    /// before them is held so.
    Short,
    /// None.
    AsItCame,
}

/// Compressed bytes that are inflated in one go. Others have their turn before the next ones.
pub(super) const PIECE: usize = 4 * 1024;

/// A message that is being inflated.
#[derive(Debug)]
pub(super) struct Inflating {
    message: Inflated,
    /// What is not inflated yet.
    rest: Bytes,
}

impl Inflating {
    pub(super) fn new(message: Compressed) -> Self {
        Self {
            message: Inflated::new(message.opcode),
            rest: message.payload,
        }
    }

    /// Inflates a piece. Returns whether it was the last.
    pub(super) fn step(
        &mut self,
        inflation: &mut Inflation,
        work: &mut Work,
        limits: &Config,
    ) -> Result<bool, ProtocolError> {
        let piece = self.rest.split_to(PIECE.min(self.rest.len()));
        let is_last = self.rest.is_empty();
        inflate_piece(inflation, work, &mut self.message, &piece, is_last, limits)?;
        Ok(is_last)
    }

    pub(super) fn finish(self) -> Result<Message, ProtocolError> {
        // It is not held while the parts of the message are joined.
        drop(self.rest);
        self.message.finish()
    }
}

/// Inflates the payload of a message.
pub(super) fn inflate(
    inflation: &mut Inflation,
    work: &mut Work,
    opcode: OpCode,
    payload: &[u8],
    limits: &Config,
) -> Result<Inflated, ProtocolError> {
    let mut message = Inflated::new(opcode);
    inflate_piece(inflation, work, &mut message, payload, true, limits)?;
    Ok(message)
}

fn inflate_piece(
    inflation: &mut Inflation,
    work: &mut Work,
    message: &mut Inflated,
    piece: &[u8],
    is_last: bool,
    limits: &Config,
) -> Result<(), ProtocolError> {
    let (len, max) = (message.len(), limits.max_message_size);
    work.spend_inflating(piece.len());
    inflation.inflate(piece, is_last, len, max, |output| {
        work.spend_inflated(output.len());
        message.push(output, max)
    })
}

/// The same if it is a short message that is as usual.
pub(super) fn inflate_short(
    inflation: &mut Inflation,
    work: &mut Work,
    opcode: OpCode,
    payload: &[u8],
    limits: &Config,
) -> Option<Inflated> {
    let (mut message, max) = (Inflated::new(opcode), limits.max_message_size);
    work.spend_inflating(payload.len());
    inflation.inflate_short(payload, max, |output| {
        work.spend_inflated(output.len());
        message.push(output, max)?;
        // 8.1: nor does text end inside a code point.
        message.check_end()
    })?;
    Some(message)
}

/// 10.4: a compressed message that has `size` bytes on the wire may have what encoders give at
/// worst, an eighth and a little more than they are given.
pub(super) fn check_size(size: u64, limits: &Config) -> Result<(), ProtocolError> {
    let max = limits.max_message_size;
    let most = max as u64;
    if size > most.saturating_add(most / 8 + most / 64 + 1024) {
        return Err(ProtocolError::CompressedTooBig { size, max });
    }
    Ok(())
}
