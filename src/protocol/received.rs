//! What is received, and in which form it is wanted.

use bytes::Bytes;

use super::{deflate::Inflation, inflated::Inflated, work::Work};
use crate::{
    config::Config,
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
    pub(super) fn inflate(
        self,
        inflation: &mut Inflation,
        work: &mut Work,
        limits: &Config,
    ) -> Result<Message, ProtocolError> {
        let inflated = inflate(inflation, work, self.opcode, &self.payload, limits);
        // It is not held while its parts are joined.
        drop(self.payload);
        inflated.and_then(Inflated::finish)
    }

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

/// Inflates the payload of a message.
pub(super) fn inflate(
    inflation: &mut Inflation,
    work: &mut Work,
    opcode: OpCode,
    payload: &[u8],
    limits: &Config,
) -> Result<Inflated, ProtocolError> {
    let (mut message, max) = (Inflated::new(opcode), limits.max_message_size);
    work.spend_inflating(payload.len());
    inflation.inflate(payload, max, |output| {
        work.spend_inflated(output.len());
        message.push(output, max)
    })?;
    Ok(message)
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
