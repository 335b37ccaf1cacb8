//! Compressed messages that wait, and inflating them in steps.

use bytes::Bytes;

use super::{inflated::Inflated, work::Work};
use crate::{
    config::Config,
    deflate::Inflation,
    message::Message,
    wire::{OpCode, ProtocolError},
};

/// Compressed bytes that are inflated in one go. Others have their turn before the next ones.
pub(super) const PIECE: usize = 4 * 1024;

/// A compressed message that was received, and is not inflated, or not to its end.
///
/// Messages refer to those before them (RFC 7692, section 7.1.1), so they must be inflated in the
/// order of arrival.
#[derive(Debug)]
pub(crate) struct Compressed {
    stage: Stage,
    /// What is not inflated yet.
    rest: Bytes,
}

#[derive(Debug)]
enum Stage {
    /// It is as it came, and its size is not known.
    Waits(OpCode),
    Begun(Box<Inflated>),
}

impl Compressed {
    pub(super) const fn new(opcode: OpCode, payload: Bytes) -> Self {
        Self {
            stage: Stage::Waits(opcode),
            rest: payload,
        }
    }

    /// Bytes that wait: none once the user has come to it.
    pub(crate) const fn len(&self) -> usize {
        match self.stage {
            Stage::Waits(_) => self.rest.len(),
            Stage::Begun(_) => 0,
        }
    }

    /// Inflates it to its end, or until the work is done: `Err` has what is left then.
    pub(super) fn inflate(
        self,
        inflation: &mut Inflation,
        work: &mut Work,
        limits: &Config,
    ) -> Result<Result<Message, ProtocolError>, Self> {
        let mut rest = self.rest;
        let mut message = match self.stage {
            Stage::Waits(opcode) => Box::new(Inflated::new(opcode)),
            Stage::Begun(message) => message,
        };
        loop {
            let piece = rest.split_to(PIECE.min(rest.len()));
            let is_last = rest.is_empty();
            let pushed = push(inflation, work, &mut message, &piece, is_last, limits);
            if let Err(error) = pushed {
                return Ok(Err(error));
            }
            if is_last {
                // It is not held while the parts of the message are joined.
                drop((piece, rest));
                return Ok(message.finish());
            }
            if work.is_done() {
                let stage = Stage::Begun(message);
                return Err(Self { stage, rest });
            }
        }
    }
}

/// Inflates the whole payload of a message.
pub(super) fn inflate(
    inflation: &mut Inflation,
    work: &mut Work,
    opcode: OpCode,
    payload: &[u8],
    limits: &Config,
) -> Result<Message, ProtocolError> {
    let mut message = Inflated::new(opcode);
    push(inflation, work, &mut message, payload, true, limits)?;
    message.finish()
}

fn push(
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
