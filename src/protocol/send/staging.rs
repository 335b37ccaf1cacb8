//! The buffer that small frames are copied to, one behind the other.

use std::{cell::RefCell, mem};

use crate::{
    pool::{self, Pool},
    wire::{FrameHeader, OpCode},
};

/// First allocation: room for what is often sent in one go.
const CAPACITY: usize = 4 * 1024;

/// Buffers that a thread keeps for its connections, and the largest that it keeps.
const KEPT: usize = 4;
const KEPT_CAPACITY: usize = 64 * 1024;

thread_local! {
    static POOL: RefCell<Pool<Vec<u8>>> = const { RefCell::new(Pool::new(KEPT)) };
}

/// Bytes in the order of writing. Has no memory when it is empty and
/// [released](Self::release).
#[derive(Debug, Default)]
pub(super) struct Staging {
    bytes: Vec<u8>,
    /// How many of `bytes` have left.
    sent: usize,
    /// The position of the first of `bytes` in the stream of all; it may wrap.
    base: usize,
}

impl Staging {
    /// Appends a frame; returns its payload, to be masked in place.
    #[inline]
    pub(super) fn push(&mut self, header: &FrameHeader, payload: &[u8]) -> &mut [u8] {
        self.reserve(FrameHeader::MAX_LEN + payload.len());
        header.encode_to(&mut self.bytes);
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        &mut self.bytes[begin..]
    }

    /// Appends an unfragmented data frame as it is, without a mask; returns how many bytes that
    /// are.
    #[inline]
    pub(super) fn push_plain(&mut self, opcode: OpCode, payload: &[u8]) -> usize {
        self.reserve(FrameHeader::MAX_LEN + payload.len());
        let begin = self.bytes.len();
        FrameHeader::plain(opcode, payload.len()).encode_to(&mut self.bytes);
        self.bytes.extend_from_slice(payload);
        self.bytes.len() - begin
    }

    /// Appends a frame that was encoded before.
    #[inline]
    pub(super) fn push_frame(&mut self, frame: &[u8]) {
        self.reserve(frame.len());
        self.bytes.extend_from_slice(frame);
    }

    /// Puts `frames` to the position `at`, behind which nothing has left; returns how many bytes
    /// follow them.
    pub(super) fn insert(&mut self, at: usize, frames: &[u8]) -> usize {
        self.reserve(frames.len());
        let later = self.end().wrapping_sub(at);
        self.bytes.extend_from_slice(frames);
        if later > 0 {
            let at = at.wrapping_sub(self.base);
            self.bytes[at..].rotate_right(frames.len());
        }
        later
    }

    /// The position behind the last byte.
    pub(super) fn end(&self) -> usize {
        self.base.wrapping_add(self.bytes.len())
    }

    /// What waits between two positions.
    pub(super) fn between(&self, from: usize, to: usize) -> &[u8] {
        &self.bytes[from.wrapping_sub(self.base)..to.wrapping_sub(self.base)]
    }

    /// The position of the first byte that waits.
    pub(super) const fn front(&self) -> usize {
        self.base.wrapping_add(self.sent)
    }

    /// The first `count` bytes have left.
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.sent == self.bytes.len() {
            self.base = self.end();
            self.bytes.clear();
            self.sent = 0;
        }
    }

    /// Gives the memory back and forgets what it held.
    pub(super) fn release(&mut self) {
        if self.bytes.capacity() == 0 {
            return;
        }
        let mut bytes = mem::take(self).bytes;
        if bytes.capacity() > KEPT_CAPACITY {
            return;
        }
        bytes.clear();
        pool::take_back(&POOL, bytes);
    }

    #[inline]
    fn reserve(&mut self, additional: usize) {
        if self.bytes.capacity() - self.bytes.len() < additional {
            self.make_room(additional);
        }
    }

    #[cold]
    fn make_room(&mut self, additional: usize) {
        if self.bytes.capacity() == 0 {
            self.bytes = pool::lend(&POOL).unwrap_or_else(|| Vec::with_capacity(CAPACITY));
        } else if self.sent > self.bytes.len() / 2 {
            // Less is moved than has left, so that moving costs no more than writing did.
            self.bytes.drain(..self.sent);
            self.base = self.base.wrapping_add(self.sent);
            self.sent = 0;
        }
        self.bytes.reserve(additional);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(len: usize) -> FrameHeader {
        FrameHeader::plain(OpCode::Binary, len)
    }

    /// A queue that never runs empty does not grow with what has passed through it.
    #[test]
    fn staging_that_never_runs_empty_stays_small() {
        let mut staging = Staging::default();
        let mut expected = Vec::new();
        let mut seen = Vec::new();
        for round in 0..10_000_u32 {
            let payload = round.to_be_bytes();
            staging.push(&header(4), &payload);
            expected.extend_from_slice(&[0x82, 4]);
            expected.extend_from_slice(&payload);
            if round >= 100 {
                let front = staging.front();
                seen.extend_from_slice(staging.between(front, front + 6));
                staging.advance(6);
            }
        }
        seen.extend_from_slice(staging.between(staging.front(), staging.end()));
        assert_eq!(seen, expected);
        assert!(staging.bytes.capacity() <= CAPACITY);
        assert_eq!(staging.end(), expected.len());
    }

    /// The first memory is for what is often sent in one go, and used to its end.
    #[test]
    fn memory_is_made_by_what_is_pushed() {
        let payload = [7; CAPACITY - FrameHeader::MAX_LEN];
        let mut staging = Staging::default();
        staging.push(&header(payload.len()), &payload);
        assert_eq!(staging.bytes.capacity(), CAPACITY);
        let mut staging = Staging::default();
        staging.push_plain(OpCode::Binary, &payload);
        assert_eq!(staging.bytes.capacity(), CAPACITY);
        let mut staging = Staging::default();
        staging.push_plain(OpCode::Binary, b"few");
        assert_eq!(staging.bytes.capacity(), CAPACITY);
    }

    /// What waits is moved to the front if most has left, else the memory grows.
    #[test]
    fn bytes_are_moved_once_most_have_left() {
        for (left, moved) in [(500, 0), (501, 501)] {
            let mut staging = Staging {
                bytes: vec![7; 1000],
                ..Staging::default()
            };
            staging.advance(left);
            staging.push_frame(&[8; 200]);
            assert_eq!(staging.base, moved);
            assert_eq!((staging.front(), staging.end()), (left, 1200));
            let expected = [vec![7; 1000 - left], vec![8; 200]].concat();
            assert_eq!(staging.between(left, 1200), expected);
        }
    }

    /// The thread keeps memory of usual size for the next connection.
    #[test]
    fn large_memory_is_not_kept() {
        for (capacity, kept) in [(65_536, Some(65_536)), (65_537, None)] {
            let mut staging = Staging {
                bytes: Vec::with_capacity(capacity),
                ..Staging::default()
            };
            staging.release();
            assert_eq!(staging.bytes.capacity(), 0);
            assert_eq!(pool::lend(&POOL).map(|bytes| bytes.capacity()), kept);
        }
    }

    /// The payload that is handed out for masking is the one just pushed.
    #[test]
    fn pushed_payload_can_be_changed() {
        let mut staging = Staging::default();
        staging.push(&header(2), b"ab").fill(b'x');
        staging.push(&header(2), b"cd");
        assert_eq!(staging.between(0, 8), b"\x82\x02xx\x82\x02cd");
    }
}
