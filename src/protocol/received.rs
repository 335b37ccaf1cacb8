//! What is received, and in which form it is wanted.

use bytes::Bytes;

use crate::{message::Message, wire::OpCode};

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
