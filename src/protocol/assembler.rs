//! A data message that is not complete yet.

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    message::Message,
    wire::{FrameHeader, OpCode, ProtocolError, Utf8Validator},
};

/// Joins the payloads of a message's frames in one buffer.
///
/// The buffer grows with what arrives, never by what was announced.
#[derive(Debug)]
pub(super) enum Assembler {
    /// Text is validated as it comes (8.1).
    Text {
        text: String,
        validator: Utf8Validator,
    },
    Binary(BytesMut),
}

impl Assembler {
    pub(super) fn new(opcode: OpCode) -> Self {
        if opcode == OpCode::Text {
            Assembler::Text {
                text: String::new(),
                validator: Utf8Validator::default(),
            }
        } else {
            Assembler::Binary(BytesMut::new())
        }
    }

    /// Appends unmasked payload bytes, behind which `rest` are announced.
    pub(super) fn push(&mut self, piece: &[u8], rest: usize) -> Result<(), ProtocolError> {
        // Room for what is announced, but never for more than has arrived once more.
        let arrived = self.len() + piece.len();
        let room = piece.len() + rest.min(arrived);
        match self {
            Assembler::Text { text, validator } => {
                text.reserve(validator.carried() + room);
                validator.push(piece, text)
            }
            Assembler::Binary(data) => {
                data.reserve(room);
                data.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    /// The final frame is complete.
    pub(super) fn finish(self) -> Result<Message, ProtocolError> {
        match self {
            Assembler::Text { text, validator } => {
                validator.finish()?;
                Ok(Message::Text(text.into()))
            }
            Assembler::Binary(data) => Ok(Message::Binary(data.freeze())),
        }
    }

    /// Takes an unfragmented frame, whose unmasked payload follows its header of `at` bytes.
    pub(super) fn whole(
        header: &FrameHeader,
        at: usize,
        input: &mut BytesMut,
    ) -> Result<Message, ProtocolError> {
        let end = at + header.len;
        let payload = &input[at..end];
        let message = if header.opcode == OpCode::Text {
            let text = simdutf8::basic::from_utf8(payload);
            Message::Text(text.map_err(|_| ProtocolError::InvalidUtf8)?.into())
        } else if payload.len() <= COPY_UP_TO {
            Message::Binary(Bytes::copy_from_slice(payload))
        } else {
            input.advance(at);
            return Ok(Message::Binary(input.split_to(header.len).freeze()));
        };
        input.advance(end);
        Ok(message)
    }

    /// A message of a few unmasked bytes; `None` if it is text that is not UTF-8.
    #[inline]
    pub(super) fn short(opcode: OpCode, payload: Vec<u8>) -> Option<Message> {
        Some(if opcode == OpCode::Text {
            // So short a text is validated as fast by the standard library, in place.
            Message::Text(String::from_utf8(payload).ok()?.into())
        } else {
            Message::Binary(payload.into())
        })
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        match self {
            Assembler::Text { text, validator } => text.len() + validator.carried(),
            Assembler::Binary(data) => data.len(),
        }
    }
}

/// Payloads up to this size are copied out of the read buffer (64 KiB), which they would
/// else keep: a message holds at most four times its size.
const COPY_UP_TO: usize = 16 * 1024;
