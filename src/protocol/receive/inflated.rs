//! A message that comes out of decompression and is not complete yet.

use std::mem;

use crate::{
    message::Message,
    wire::{OpCode, ProtocolError, Utf8Validator},
};

/// Joins what comes out in one buffer, and never holds more than the limit before the message
/// is complete.
///
/// A buffer that grows exists twice while it is moved. So it grows as long as both have room
/// within the limit; what comes then is held in further parts, and joined at the end.
#[derive(Debug)]
pub(super) enum Inflated {
    /// Text is validated as it comes (8.1).
    Text {
        parts: Parts<String>,
        validator: Utf8Validator,
    },
    Binary(Parts<Vec<u8>>),
}

impl Inflated {
    pub(super) fn new(opcode: OpCode) -> Self {
        if opcode == OpCode::Text {
            Inflated::Text {
                parts: Parts::default(),
                validator: Utf8Validator::default(),
            }
        } else {
            Inflated::Binary(Parts::default())
        }
    }

    /// Appends `piece`; there are at most `max` bytes in all.
    pub(super) fn push(&mut self, mut piece: &[u8], max: usize) -> Result<(), ProtocolError> {
        while !piece.is_empty() {
            match self {
                Inflated::Text { parts, validator } => {
                    let carried = validator.carried();
                    let now = parts.next(&mut piece, carried, max);
                    validator.push(now, &mut parts.last)?;
                }
                Inflated::Binary(parts) => {
                    let now = parts.next(&mut piece, 0, max);
                    parts.last.extend_from_slice(now);
                }
            }
        }
        Ok(())
    }

    /// The message is complete.
    pub(super) fn finish(self) -> Result<Message, ProtocolError> {
        match self {
            Inflated::Text { parts, validator } => {
                validator.finish()?;
                Ok(Message::Text(parts.join().into()))
            }
            Inflated::Binary(parts) => Ok(Message::Binary(parts.join().into())),
        }
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        match self {
            Inflated::Text { parts, validator } => parts.len() + validator.carried(),
            Inflated::Binary(parts) => parts.len(),
        }
    }
}

/// The parts of a message. All but the last are full.
#[derive(Debug, Default)]
pub(super) struct Parts<T> {
    full: Vec<T>,
    /// The length of all that are full.
    full_len: usize,
    last: T,
}

impl<T: Part> Parts<T> {
    /// Splits off what of `piece` fits in the last part, behind `carried` bytes; makes room
    /// first if there is none.
    fn next<'a>(&mut self, piece: &mut &'a [u8], carried: usize, max: usize) -> &'a [u8] {
        let taken = self.last.len() + carried;
        if self.last.capacity() <= taken {
            // As much again as there is, but not beyond the limit.
            let len = self.len() + carried;
            let more = len.min(max.saturating_sub(len)).max(piece.len()) + carried;
            self.make_room(more, max);
        }
        let room = self.last.capacity() - self.last.len() - carried;
        let (now, later) = piece.split_at(room.min(piece.len()));
        *piece = later;
        now
    }

    fn make_room(&mut self, additional: usize, max: usize) {
        let capacity = self.last.capacity();
        let while_growing = capacity.saturating_mul(2).saturating_add(additional);
        if capacity == 0 || self.full.is_empty() && while_growing <= max {
            self.last.reserve_exact(additional);
            return;
        }
        let mut part = T::default();
        part.reserve_exact(additional);
        self.full_len += self.last.len();
        self.full.push(mem::replace(&mut self.last, part));
    }

    fn join(self) -> T {
        if self.full.is_empty() {
            return self.last;
        }
        let len = self.len();
        let mut parts = self.full.into_iter().chain([self.last]);
        let mut whole = parts.next().unwrap_or_default();
        whole.reserve_exact(len - whole.len());
        for part in parts {
            whole.append(&part);
        }
        whole
    }

    fn len(&self) -> usize {
        self.full_len + self.last.len()
    }
}

/// What a part is: text or bytes.
pub(super) trait Part: Default {
    fn len(&self) -> usize;
    fn capacity(&self) -> usize;
    fn reserve_exact(&mut self, additional: usize);
    fn append(&mut self, other: &Self);
}

impl Part for String {
    fn len(&self) -> usize {
        self.len()
    }

    fn capacity(&self) -> usize {
        self.capacity()
    }

    fn reserve_exact(&mut self, additional: usize) {
        self.reserve_exact(additional);
    }

    fn append(&mut self, other: &Self) {
        self.push_str(other);
    }
}

impl Part for Vec<u8> {
    fn len(&self) -> usize {
        self.len()
    }

    fn capacity(&self) -> usize {
        self.capacity()
    }

    fn reserve_exact(&mut self, additional: usize) {
        self.reserve_exact(additional);
    }

    fn append(&mut self, other: &Self) {
        self.extend_from_slice(other);
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn room<T: Part>(parts: &Parts<T>) -> usize {
        parts.full.iter().map(Part::capacity).sum::<usize>() + parts.last.capacity()
    }

    proptest! {
        #![proptest_config(crate::randomised::cases(256))]

        /// 5.4: a message is what came, in order, and as long as it is not complete there is
        /// room for no more than twice what came, nor than the limit.
        #[test]
        fn inflated_pieces_become_one_message_within_their_bounds(
            lens in vec(prop_oneof![1..5_usize, 1..2000_usize, 1..16_384_usize], 0..60),
            is_exact in any::<bool>(),
        ) {
            // Code points of 1 to 4 bytes, cut anywhere.
            let text = "a\u{e9}\u{5929}\u{1f98a}".repeat(1 + lens.iter().sum::<usize>() / 10);
            let max = if is_exact { text.len() } else { usize::MAX };
            for opcode in [OpCode::Text, OpCode::Binary] {
                let mut inflated = Inflated::new(opcode);
                let mut rest = text.as_bytes();
                for len in lens.iter().chain([&16_384]).copied().cycle() {
                    let (piece, later) = rest.split_at(len.min(rest.len()));
                    rest = later;
                    inflated.push(piece, max).expect("it is text");
                    prop_assert_eq!(inflated.len(), text.len() - rest.len());
                    let (room, count) = match &inflated {
                        Inflated::Text { parts, .. } => (room(parts), parts.full.len() + 1),
                        Inflated::Binary(parts) => (room(parts), parts.full.len() + 1),
                    };
                    // A code point that is cut leaves up to three bytes free in a part.
                    let bound = max.min(2 * inflated.len());
                    prop_assert!(room <= bound + 3 * count, "{} {}", room, bound);
                    if rest.is_empty() {
                        break;
                    }
                }
                let message = inflated.finish().expect("it is text");
                let is_text = matches!(message, Message::Text(_));
                prop_assert_eq!(is_text, opcode == OpCode::Text);
                prop_assert!(message.into_data() == text.as_bytes());
            }
        }
    }

    /// A buffer is moved if both fit within the limit; the first part always has room, and behind
    /// a part there are only parts.
    #[test]
    fn parts_grow_as_long_as_both_buffers_fit() {
        let made = |full: Vec<Vec<u8>>, len, additional, max| {
            let mut parts = Parts {
                full_len: full.iter().map(Vec::len).sum(),
                full,
                last: vec![0; len],
            };
            parts.make_room(additional, max);
            (parts.full.len(), parts.full_len, parts.last.capacity())
        };
        assert_eq!(made(Vec::new(), 0, 10, 5), (0, 0, 10));
        assert_eq!(made(Vec::new(), 100, 50, 250), (0, 0, 150));
        assert_eq!(made(Vec::new(), 100, 50, 249), (1, 100, 50));
        assert_eq!(made(vec![vec![0; 7]], 100, 50, 1000), (2, 107, 50));
    }

    /// The joined message has room for itself and no more.
    #[test]
    fn joined_parts_have_no_room_left() {
        let parts = Parts {
            full: vec![vec![1; 100], vec![2; 30]],
            full_len: 130,
            last: vec![3; 7],
        };
        let whole = parts.join();
        assert_eq!((whole.len(), whole.capacity()), (137, 137));
        assert_eq!(whole, [vec![1; 100], vec![2; 30], vec![3; 7]].concat());
    }

    /// 8.1: text that ends inside a code point is refused, also at the seam of two parts.
    #[test]
    fn incomplete_inflated_text_is_refused() {
        for len in 32_760..32_780 {
            let text = [&vec![b'a'; len][..], b"\xF0\x9F\xA6"].concat();
            let mut inflated = Inflated::new(OpCode::Text);
            for piece in text.chunks(16_384) {
                inflated.push(piece, 50_000).expect("more may come");
            }
            let outcome = inflated.finish();
            assert_eq!(outcome.unwrap_err(), ProtocolError::InvalidUtf8);
        }
    }
}
