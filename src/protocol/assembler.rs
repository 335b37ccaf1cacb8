//! A data message that is not complete yet.

use bytes::{Buf, Bytes, BytesMut};

use super::inflated::Inflated;
use crate::{
    message::Message,
    wire::{FrameHeader, OpCode, ProtocolError, Utf8Validator},
};

/// Joins the payloads of a message's frames in one buffer.
///
/// The buffer grows with what arrives, never by what was announced, and not beyond what the
/// message may become.
#[derive(Debug)]
pub(super) enum Assembler {
    /// Text is validated as it comes (8.1).
    Text {
        text: String,
        validator: Utf8Validator,
    },
    Binary(Vec<u8>),
    /// Of compressed frames.
    Inflated(Inflated),
}

impl Assembler {
    pub(super) fn new(opcode: OpCode) -> Self {
        if opcode == OpCode::Text {
            Assembler::Text {
                text: String::new(),
                validator: Utf8Validator::default(),
            }
        } else {
            Assembler::Binary(Vec::new())
        }
    }

    /// Appends unmasked payload bytes, behind which `rest` are announced, of a message of `most`
    /// bytes at the end.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        rest: usize,
        most: usize,
    ) -> Result<(), ProtocolError> {
        let needed = room_for(self.len() + piece.len(), rest);
        match self {
            Assembler::Text { text, validator } => {
                text.reserve_exact(growth(text.len(), text.capacity(), needed, most));
                validator.push(piece, text)
            }
            Assembler::Binary(data) => {
                data.reserve_exact(growth(data.len(), data.capacity(), needed, most));
                data.extend_from_slice(piece);
                Ok(())
            }
            Assembler::Inflated(inflated) => inflated.push(piece, usize::MAX),
        }
    }

    /// Appends what came out of decompression, of which there are at most `max` bytes in all.
    pub(super) fn push_inflated(&mut self, piece: &[u8], max: usize) -> Result<(), ProtocolError> {
        match self {
            Assembler::Inflated(inflated) => inflated.push(piece, max),
            Assembler::Text { .. } | Assembler::Binary(_) => self.push(piece, 0, max),
        }
    }

    /// Where `rest` more bytes of a message of `most` may be read to; `None` if there is too
    /// little yet to make room for more, or for text, which has to be looked at first.
    pub(super) fn direct(&mut self, rest: usize, most: usize) -> Option<&mut Vec<u8>> {
        let Assembler::Binary(data) = self else {
            return None;
        };
        if data.len() < PROMISING {
            return None;
        }
        if data.capacity() == data.len() {
            let needed = room_for(data.len(), rest);
            data.reserve_exact(growth(data.len(), data.capacity(), needed, most));
        }
        Some(data)
    }

    /// The last `count` bytes, which were read and are to be unmasked.
    pub(super) fn last(&mut self, count: usize) -> &mut [u8] {
        match self {
            Assembler::Text { .. } | Assembler::Inflated(_) => &mut [],
            Assembler::Binary(data) => {
                let begin = data.len() - count;
                &mut data[begin..]
            }
        }
    }

    /// Gives back room for much more than has arrived.
    pub(super) fn shrink(&mut self) {
        let is_sparse = |len, capacity| capacity >= ROOM && len < capacity / 2;
        match self {
            Assembler::Text { text, .. } if is_sparse(text.len(), text.capacity()) => {
                text.shrink_to_fit();
            }
            Assembler::Binary(data) if is_sparse(data.len(), data.capacity()) => {
                data.shrink_to_fit();
            }
            _ => {}
        }
    }

    /// The final frame is complete.
    pub(super) fn finish(self) -> Result<Message, ProtocolError> {
        match self {
            Assembler::Text { text, validator } => {
                validator.finish()?;
                Ok(Message::Text(text.into()))
            }
            Assembler::Binary(data) => Ok(Message::Binary(data.into())),
            Assembler::Inflated(inflated) => inflated.finish(),
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
        } else if payload.len() < COPY_BELOW {
            Message::Binary(Bytes::copy_from_slice(payload))
        } else {
            input.advance(at);
            return Ok(Message::Binary(input.split_to(header.len).freeze()));
        };
        input.advance(end);
        Ok(message)
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        match self {
            Assembler::Text { text, validator } => text.len() + validator.carried(),
            Assembler::Binary(data) => data.len(),
            Assembler::Inflated(inflated) => inflated.len(),
        }
    }
}

/// Room for what has `arrived` and for the `rest` that is announced, but never for much more
/// than has arrived.
fn room_for(arrived: usize, rest: usize) -> usize {
    let promised = match arrived {
        PROMISING..ROOM => ROOM,
        arrived => arrived,
    };
    arrived + rest.min(promised)
}

/// By how much a buffer of `len` bytes grows to have room for `needed`: to twice what it had, so
/// that moving it costs no more than receiving did, but not beyond the `most` that will come.
fn growth(len: usize, capacity: usize, needed: usize, most: usize) -> usize {
    if needed <= capacity {
        return 0;
    }
    needed.max(capacity.saturating_mul(2).min(most)) - len
}

/// What arrives of a payload before room is made for what may follow in one go. What of
/// that is not used is [given back](Assembler::shrink) before the connection waits.
const PROMISING: usize = 4 * 1024;
const ROOM: usize = 64 * 1024;

/// Payloads below this size are copied out of the read buffer (65 KiB), which they would else
/// keep: a message holds little more than four times its size.
const COPY_BELOW: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// A payload of which little has come does not keep the room that it was offered.
    #[test]
    fn room_that_is_not_used_is_given_back() {
        for opcode in [OpCode::Text, OpCode::Binary] {
            let mut message = Assembler::new(opcode);
            let room = |message: &Assembler| match message {
                Assembler::Text { text, .. } => text.capacity(),
                Assembler::Binary(data) => data.capacity(),
                Assembler::Inflated(_) => unreachable!("nothing is compressed"),
            };
            let mut push = |len: usize| {
                let piece = vec![b'a'; len];
                message.push(&piece, 1 << 20, usize::MAX).expect("ASCII");
                room(&message)
            };
            assert!(push(1000) < 4000, "little has come");
            assert!(push(4000) >= 5000 + ROOM);
            message.shrink();
            assert!(room(&message) < 10_000);
            for (len, rest) in [(70_000, 1 << 20), (30_000, 0)] {
                let piece = vec![b'a'; len];
                message.push(&piece, rest, usize::MAX).expect("ASCII");
            }
            message.shrink();
            assert!(room(&message) >= 140_000, "most of it is used");
            let whole = message.finish().expect("ASCII").into_data();
            assert_eq!(whole, vec![b'a'; 105_000]);
        }
    }
}
