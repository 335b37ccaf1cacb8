//! Small messages that came together.

#![expect(
    clippy::inline_always,
    reason = "each call on a message's way to the user moves it once more"
)]

use bytes::Bytes;

use crate::{
    message::Message,
    wire::{OpCode, Role, ShortFrame, copy_masked},
};

/// Payload bytes of a batch.
const BLOCK: usize = 1024;

/// Messages of one kind, in the order of arrival, that were decoded in one go.
///
/// Each message is made when it is taken, and has its payload for itself: to count who shares
/// it takes longer than the memory. An empty batch holds none.
#[derive(Debug, Default)]
pub(crate) struct Batch(Option<Box<Contents>>);

#[derive(Debug)]
struct Contents {
    payloads: Payloads,
    lens: [u8; Batch::MAX_LEN],
    /// The messages that are left, and those of them that may be taken now.
    next: usize,
    allowed: usize,
    len: usize,
    /// Where the payload of the next one begins.
    begin: usize,
}

/// The payloads of messages, one behind the other.
#[derive(Debug)]
enum Payloads {
    Text(Box<str>),
    Binary(Box<[u8]>),
}

impl Batch {
    /// Most messages of a batch.
    pub(crate) const MAX_LEN: usize = 32;

    /// Takes the next message, if it may be taken now.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<Message> {
        let contents = self.0.as_deref_mut()?;
        if contents.next == contents.allowed {
            return None;
        }
        let message = contents.pop();
        if contents.next == contents.len {
            self.0 = None;
        }
        Some(message)
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// So many may be taken from now on.
    pub(crate) fn allow(&mut self, count: usize) {
        if let Some(contents) = &mut self.0 {
            contents.allowed = contents.len.min(contents.next.saturating_add(count));
        }
    }

    /// Bytes of all its messages.
    pub(super) fn payload_len(&self) -> usize {
        let contents = self.0.as_deref();
        contents.map_or(0, |contents| contents.payloads.len())
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        let contents = self.0.as_deref();
        contents.map_or(0, |contents| contents.len - contents.next)
    }
}

impl Payloads {
    const fn len(&self) -> usize {
        match self {
            Payloads::Text(all) => all.len(),
            Payloads::Binary(all) => all.len(),
        }
    }
}

impl Contents {
    #[inline(always)]
    fn pop(&mut self) -> Message {
        let len = usize::from(self.lens[self.next % Batch::MAX_LEN]);
        let begin = self.begin;
        self.next += 1;
        self.begin += len;
        match &self.payloads {
            Payloads::Text(all) => {
                let text = all.get(begin..begin + len);
                Message::Text(text.expect("each is valid by itself").into())
            }
            Payloads::Binary(all) => {
                Message::Binary(Bytes::copy_from_slice(&all[begin..begin + len]))
            }
        }
    }
}

/// Decodes plain messages of one kind, the `first` of which is there, with payloads of at most
/// `max` bytes, and not more than `most`; returns how many bytes are left behind them, too. `None`
/// if there are not several, or not all are valid.
#[inline]
pub(super) fn decode(
    first: ShortFrame<'_>,
    opcode: OpCode,
    receiver: Role,
    max: usize,
    most: usize,
) -> Option<(Batch, usize)> {
    let max = max.min(ShortFrame::MAX_LEN);
    let second = ShortFrame::split_off(first.behind, opcode, receiver, max)?;
    fill([first, second], opcode, receiver, max, most)
}

#[inline(never)]
fn fill(
    [first, mut frame]: [ShortFrame<'_>; 2],
    opcode: OpCode,
    receiver: Role,
    max: usize,
    most: usize,
) -> Option<(Batch, usize)> {
    let mut block = [0; BLOCK];
    let mut lens = [0; Batch::MAX_LEN];
    let (mut used, mut left) = (first.payload.len(), first.behind);
    copy(&first, &mut block[..used]);
    lens[0] = len_of(&first);
    let mut len = 1;
    for slot in lens[1..].iter_mut().take(most - 1) {
        let payload = frame.payload;
        let Some(place) = block.get_mut(used..used + payload.len()) else {
            break;
        };
        copy(&frame, place);
        *slot = len_of(&frame);
        used += payload.len();
        len += 1;
        left = frame.behind;
        let Some(next) = ShortFrame::split_off(left, opcode, receiver, max) else {
            break;
        };
        frame = next;
    }
    let contents = Contents {
        payloads: payloads_of(opcode, &block[..used], &lens[..len])?,
        lens,
        next: 0,
        allowed: len,
        len,
        begin: 0,
    };
    Some((Batch(Some(Box::new(contents))), left.len()))
}

#[inline]
fn copy(frame: &ShortFrame<'_>, place: &mut [u8]) {
    // A key of zeros changes nothing.
    copy_masked(frame.mask.unwrap_or_default(), frame.payload, place);
}

#[inline]
fn len_of(frame: &ShortFrame<'_>) -> u8 {
    u8::try_from(frame.payload.len()).expect("the payload is short")
}

/// `None` if a text is not valid.
fn payloads_of(opcode: OpCode, payloads: &[u8], lens: &[u8]) -> Option<Payloads> {
    if opcode != OpCode::Text {
        return Some(Payloads::Binary(payloads.into()));
    }
    // 8.1: if all are valid together, each is that begins and ends with a character.
    let text = simdutf8::basic::from_utf8(payloads).ok()?;
    let mut end = 0;
    let whole = lens.iter().all(|&len| {
        end += usize::from(len);
        text.is_char_boundary(end)
    });
    whole.then(|| Payloads::Text(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three frames of a server's.
    const THREE: &[u8] = b"\x82\x01a\x82\x02bc\x82\x03def";

    /// Each message once, in order, and only as many as may be taken now.
    #[test]
    fn messages_are_taken_as_far_as_is_allowed() {
        let frames = |most| {
            let first = ShortFrame::split_off(THREE, OpCode::Binary, Role::Client, 125)?;
            decode(first, OpCode::Binary, Role::Client, 125, most)
        };
        let (mut batch, left) = frames(10).unwrap();
        assert_eq!((batch.len(), batch.payload_len(), left), (3, 6, 0));
        for (allowed, messages) in [(1, &["a"][..]), (0, &[]), (5, &["bc", "def"])] {
            assert!(!batch.is_empty());
            batch.allow(allowed);
            let before = batch.len();
            for message in messages {
                assert_eq!(batch.pop(), Some(Message::binary(*message)));
            }
            assert_eq!(batch.pop(), None);
            assert_eq!(batch.len(), before - messages.len());
        }
        assert!(batch.is_empty());
        assert_eq!((batch.len(), batch.payload_len()), (0, 0));
        // The third one is left for the next time.
        let (batch, left) = frames(2).unwrap();
        assert_eq!((batch.len(), batch.payload_len(), left), (2, 3, 5));
    }
}
