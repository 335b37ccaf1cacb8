//! A data message that is not complete yet.

use bytes::{Buf, Bytes, BytesMut};

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
        let coming = |now| Coming { now, rest, most };
        match self {
            Assembler::Text { text, validator } => {
                let now = validator.carried() + piece.len();
                text.reserve_exact(coming(now).growth(text.len(), text.capacity()));
                validator.push(piece, text)
            }
            Assembler::Binary(data) => {
                data.reserve_exact(coming(piece.len()).growth(data.len(), data.capacity()));
                data.extend_from_slice(piece);
                Ok(())
            }
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
        // Room for one byte at least.
        let coming = Coming {
            now: 1,
            rest: rest - 1,
            most,
        };
        data.reserve_exact(coming.growth(data.len(), data.capacity()));
        Some(data)
    }

    /// The last `count` bytes, which were read and are to be unmasked.
    pub(super) fn last(&mut self, count: usize) -> &mut [u8] {
        match self {
            Assembler::Text { .. } => &mut [],
            Assembler::Binary(data) => {
                let begin = data.len() - count;
                &mut data[begin..]
            }
        }
    }

    /// Gives back room for more than twice what has arrived.
    pub(super) fn shrink(&mut self) {
        let is_sparse = |len, capacity| capacity >= 2 * len + SPARE;
        match self {
            Assembler::Text { text, .. } if is_sparse(text.len(), text.capacity()) => {
                text.shrink_to(2 * text.len());
            }
            Assembler::Binary(data) if is_sparse(data.len(), data.capacity()) => {
                data.shrink_to(2 * data.len());
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
        }
    }
}

/// What comes of a message: bytes now, the announced `rest` behind them, and `most` bytes of it
/// in all.
struct Coming {
    now: usize,
    rest: usize,
    most: usize,
}

impl Coming {
    /// By how much a buffer of `len` bytes grows if it has no room for what comes now: to twice
    /// what it had, so that moving it costs no more than receiving did, but not beyond what
    /// will come.
    ///
    /// Of the rest it gets room for not much more than what has arrived, and what more it gets
    /// is [given back](Assembler::shrink) before the connection waits.
    fn growth(&self, len: usize, capacity: usize) -> usize {
        let arrived = len + self.now;
        if arrived <= capacity {
            return 0;
        }
        let promised = match arrived {
            PROMISING..ROOM => ROOM,
            // Moving what has come would cost more than reading what is left.
            ROOM.. if arrived + self.rest <= LARGE => self.rest,
            arrived => arrived,
        };
        let needed = arrived + self.rest.min(promised);
        needed.max(capacity.saturating_mul(2).min(self.most)) - len
    }
}

/// What arrives of a payload before room is made for what may follow in one go.
const PROMISING: usize = 4 * 1024;
const ROOM: usize = 64 * 1024;

/// A message up to this size gets all its room as soon as [`ROOM`] of it has arrived.
const LARGE: usize = 1024 * 1024;

/// Less is not given back.
const SPARE: usize = 4 * 1024;

/// Payloads below this size are copied out of the read buffer (65 KiB), which they would else
/// keep: a message holds little more than four times its size.
const COPY_BELOW: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    impl Assembler {
        /// Bytes that it has room for.
        pub(in crate::protocol::receive) fn room(&self) -> usize {
            match self {
                Assembler::Text { text, .. } => text.capacity(),
                Assembler::Binary(data) => data.capacity(),
            }
        }
    }

    /// A connection that waits has room for no more than twice what has come.
    #[test]
    fn room_that_is_not_used_is_given_back() {
        for opcode in [OpCode::Text, OpCode::Binary] {
            let mut message = Assembler::new(opcode);
            let mut push = |len: usize, rest: usize| {
                let piece = vec![b'a'; len];
                message.push(&piece, rest, usize::MAX).expect("ASCII");
                let offered = message.room();
                message.shrink();
                let kept = message.room();
                assert!(kept < 2 * message.len() + SPARE, "{len}: {kept}");
                offered
            };
            assert!(push(1000, 1 << 30) < 4000, "little has come");
            assert!(push(4000, 1 << 30) >= 5000 + ROOM);
            assert!(push(65_000, 1 << 30) <= 140_000, "it may never come");
            assert!(push(71_000, 499_000) >= 640_000);
            assert_eq!(push(499_000, 0), 640_000, "all is there");
            let whole = message.finish().expect("ASCII").into_data();
            assert_eq!(whole, vec![b'a'; 640_000]);
        }
    }

    /// Room that is given back is what is beyond twice the content, if that is [`SPARE`] or more.
    #[test]
    fn little_room_is_not_given_back() {
        for (capacity, kept) in [(2 * 5000 + SPARE - 1, 14_095), (2 * 5000 + SPARE, 10_000)] {
            let mut data = vec![b'a'; 5000];
            data.reserve_exact(capacity - 5000);
            let mut text = String::with_capacity(capacity);
            text.push_str(&"a".repeat(5000));
            let text = Assembler::Text {
                text,
                validator: Utf8Validator::default(),
            };
            for mut message in [Assembler::Binary(data), text] {
                message.shrink();
                assert_eq!(message.room(), kept, "{capacity}");
            }
        }
    }

    /// The room that is made, case by case: (len, capacity), (now, rest, most), growth.
    #[test]
    fn buffers_grow_by_what_came_and_what_is_promised() {
        const ALL: usize = usize::MAX;
        let cases = [
            // It has room.
            ((0, 10), (10, 1 << 30, ALL), 0),
            // One byte too little; nothing follows.
            ((0, 10), (11, 0, 11), 11),
            // So much again as has arrived, or 64 KiB once 4 KiB have.
            ((0, 0), (4095, 1 << 30, ALL), 8190),
            ((0, 0), (4096, 1 << 30, ALL), 4096 + 65_536),
            ((0, 0), (65_535, 1 << 30, ALL), 65_535 + 65_536),
            ((0, 0), (65_536, 1 << 30, ALL), 65_536 + 65_536),
            // All of a message of a mebibyte.
            ((0, 0), (65_536, (1 << 20) - 65_536, 1 << 20), 1 << 20),
            ((0, 0), (65_536, (1 << 20) - 65_535, ALL), 65_536 + 65_536),
            // What is announced is less.
            ((0, 0), (5000, 10, ALL), 5010),
            // Twice what it had, if that is more, but not more than will come.
            ((1000, 1000), (1, 0, ALL), 1000),
            ((1000, 1000), (1, 0, 1500), 500),
            ((1000, 1000), (1, 999, 2000), 1000),
        ];
        for ((len, capacity), (now, rest, most), growth) in cases {
            let found = Coming { now, rest, most }.growth(len, capacity);
            assert_eq!(found, growth, "{len} {capacity} {now} {rest} {most}");
        }
    }

    /// Direct reads begin with 4 KiB of a binary message, and get room for all that is promised.
    #[test]
    fn direct_reads_have_room_for_what_is_announced() {
        let filled = |opcode, len| {
            let mut message = Assembler::new(opcode);
            message.push(&vec![b'a'; len], 0, len).expect("ASCII");
            message
        };
        assert!(filled(OpCode::Text, 4096).direct(1000, 5096).is_none());
        assert!(filled(OpCode::Binary, 4095).direct(1000, 5095).is_none());
        let mut message = filled(OpCode::Binary, 4096);
        let data = message.direct(1000, 5096).expect("enough has come");
        assert_eq!((data.len(), data.capacity()), (4096, 5096));
    }

    /// A small payload does not keep the input, and a large one is not copied out of it.
    #[test]
    fn large_payloads_stay_where_they_were_read() {
        for (len, is_shared) in [(16_383, false), (16_384, true)] {
            let mut input = BytesMut::zeroed(4 + len);
            let read_to = input[4..].as_ptr();
            let header = FrameHeader::plain(OpCode::Binary, len);
            let message = Assembler::whole(&header, 4, &mut input).expect("binary");
            let data = message.into_data();
            assert_eq!(data.len(), len);
            assert_eq!(data.as_ptr() == read_to, is_shared, "{len}");
        }
    }

    /// Making room and giving it back costs no more than receiving, however little comes at
    /// a time.
    #[test]
    #[cfg_attr(miri, ignore = "too slow: every case")]
    fn slow_message_is_seldom_moved() {
        for len in [100_000, LARGE, 3 * LARGE] {
            let mut message = Assembler::new(OpCode::Binary);
            let mut moved = 0;
            for rest in (0..len).rev() {
                let before = (message.len(), message.room());
                message.push(b"a", rest, len).expect("binary");
                message.shrink();
                if message.room() != before.1 {
                    moved += before.0;
                }
            }
            println!("{len} bytes, one at a time: {moved} moved");
            assert!(moved <= 2 * len, "{len}: {moved}");
        }
    }
}
