//! Small messages that came together.

use std::mem;

use bytes::Bytes;

use crate::{
    message::{Message, Utf8Bytes},
    wire::{FrameHeader, OpCode, Role, apply_mask},
};

/// Payload bytes of a batch. Whoever keeps one of its messages keeps them all.
const BLOCK: usize = 1024;

/// The largest payload in a batch; from the next on, headers are longer.
const MAX_PAYLOAD: usize = 125;

/// Messages of one kind, in the order of arrival, that were decoded in one go.
///
/// Their payloads share one block of memory, which costs less than one each. An empty batch
/// holds no memory.
#[derive(Debug, Default)]
pub(crate) struct Batch(Option<Box<Contents>>);

#[derive(Debug)]
struct Contents {
    payloads: Payloads,
    /// Where each payload ends, and the next begins.
    ends: [u16; Batch::MAX_LEN],
    /// The messages that are left.
    next: usize,
    len: usize,
    begin: usize,
}

#[derive(Debug)]
enum Payloads {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl Batch {
    /// Most messages of a batch.
    pub(crate) const MAX_LEN: usize = 32;

    /// Takes the next message.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Message> {
        let contents = self.0.as_deref_mut()?;
        let message = contents.pop();
        if contents.next == contents.len {
            self.0 = None;
        }
        message
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        let contents = self.0.as_deref();
        contents.map_or(0, |contents| contents.len - contents.next)
    }
}

impl Contents {
    #[inline]
    fn pop(&mut self) -> Option<Message> {
        let end = usize::from(*self.ends.get(self.next)?);
        let range = mem::replace(&mut self.begin, end)..end;
        self.next += 1;
        match &self.payloads {
            Payloads::Text(text) => text.slice(range).map(Message::Text),
            Payloads::Binary(data) => Some(Message::Binary(data.slice(range))),
        }
    }
}

/// Decodes plain messages of one kind at the start of `input`, with payloads of at most `max`
/// bytes; returns how many bytes they took, too. `None` if there are none, or not all are valid.
#[inline]
pub(super) fn decode(
    input: &[u8],
    receiver: Role,
    max: usize,
    most: usize,
) -> Option<(Batch, usize)> {
    let max = max.min(MAX_PAYLOAD);
    let (first, _) = FrameHeader::decode_plain(input, receiver, max)?;
    Block::new(first.opcode, input.len()).fill(input, receiver, max, most)
}

/// The payloads of a batch that is being decoded, one behind the other.
struct Block {
    opcode: OpCode,
    payloads: Vec<u8>,
    ends: [u16; Batch::MAX_LEN],
    len: usize,
}

impl Block {
    /// For messages of one kind, whose frames take at most `room` bytes.
    fn new(opcode: OpCode, room: usize) -> Self {
        Self {
            opcode,
            payloads: Vec::with_capacity(room.min(BLOCK)),
            ends: [0; Batch::MAX_LEN],
            len: 0,
        }
    }

    fn fill(
        mut self,
        input: &[u8],
        receiver: Role,
        max: usize,
        most: usize,
    ) -> Option<(Batch, usize)> {
        let mut taken = 0;
        while self.len < most
            && let Some((header, at)) = FrameHeader::decode_plain(&input[taken..], receiver, max)
            && let Some(payload) = input[taken + at..].get(..header.len)
            && self.push(&header, payload)
        {
            taken += at + header.len;
        }
        Some((self.finish()?, taken))
    }

    /// Appends the payload of a plain frame; `false` if it does not belong here.
    #[inline]
    fn push(&mut self, header: &FrameHeader, payload: &[u8]) -> bool {
        let begin = self.payloads.len();
        let end = begin + payload.len();
        let Some(slot) = self.ends.get_mut(self.len) else {
            return false;
        };
        if header.opcode != self.opcode || end > self.payloads.capacity() {
            return false;
        }
        *slot = u16::try_from(end).expect("a block is small");
        self.len += 1;
        self.payloads.extend_from_slice(payload);
        if let Some(key) = header.mask {
            apply_mask(key, 0, &mut self.payloads[begin..]);
        }
        true
    }

    /// The messages; `None` if there are none, or one of them is not valid.
    fn finish(self) -> Option<Batch> {
        let ends = self.ends.get(..self.len).filter(|ends| !ends.is_empty())?;
        let payloads = if self.opcode == OpCode::Text {
            // 8.1: if all are valid together, each is that begins and ends with a character.
            let text = simdutf8::basic::from_utf8(&self.payloads).ok()?;
            if !ends.iter().all(|&end| text.is_char_boundary(end.into())) {
                return None;
            }
            Payloads::Text(Utf8Bytes::from(text))
        } else {
            Payloads::Binary(Bytes::from(self.payloads))
        };
        Some(Batch(Some(Box::new(Contents {
            payloads,
            ends: self.ends,
            next: 0,
            len: self.len,
            begin: 0,
        }))))
    }
}
