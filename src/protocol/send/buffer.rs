//! Small messages that are sent together, encoded apart from their connection.

use std::mem;

use crate::{
    message::{Message, PreparedMessage},
    wire::{OpCode, ShortFrame},
};

/// Bytes of a buffer, whose memory a thread keeps.
const ROOM: usize = 16 * 1024;

/// Small messages that the handler of a server sends in its turn.
///
/// It takes what nothing has to be looked at for. What it may take, and where its frames will stand
/// among all that is sent, the [protocol](crate::protocol::Protocol) said when it opened it.
#[derive(Debug)]
pub(crate) struct SendBuffer {
    /// The position in the stream of staged bytes that its frames belong to, and how many large
    /// payloads stand before them.
    pub(super) behind: (usize, usize),
    /// It takes frames as long as it holds less than so many bytes.
    most: usize,
    /// Messages that it has taken since it was allowed to, and may take in all.
    taken: usize,
    allowed: usize,
    /// Those that it took before.
    earlier: usize,
    /// Bytes of `memory` that hold frames.
    len: usize,
    memory: Vec<u8>,
}

impl SendBuffer {
    /// It takes nothing.
    pub(crate) const CLOSED: Self = Self {
        behind: (0, 0),
        most: 0,
        taken: 0,
        allowed: 0,
        earlier: 0,
        len: 0,
        memory: Vec::new(),
    };

    /// Lets it take as many `messages`, in frames of up to `most` bytes in all.
    pub(super) fn open(&mut self, behind: (usize, usize), messages: usize, most: usize) {
        debug_assert!(self.is_empty());
        self.behind = behind;
        self.most = most.min(ROOM);
        self.taken = 0;
        self.earlier = 0;
        self.allowed = messages;
        self.memory.resize(ROOM + ShortFrame::MAX_LEN + 2, 0);
    }

    /// It may take so many from now on; returns how many it has taken before.
    #[inline]
    pub(crate) const fn allow(&mut self, messages: usize) -> usize {
        self.allowed = messages;
        self.earlier += self.taken;
        mem::replace(&mut self.taken, 0)
    }

    /// Whether it is for messages of this size.
    pub(crate) const fn suits(payload_len: usize) -> bool {
        payload_len <= ShortFrame::MAX_LEN
    }

    /// Appends a message if it is a small one and there is room; else nothing is done.
    #[inline]
    pub(crate) fn push(&mut self, message: &Message) -> bool {
        if self.taken >= self.allowed || self.len >= self.most {
            return false;
        }
        let Some((opcode, data)) = data_of(message) else {
            return false;
        };
        let Some(header) = ShortFrame::header(opcode, data.len()) else {
            return false;
        };
        let Some(frame) = self.room_for(header.len() + data.len()) else {
            return false;
        };
        let (head, payload) = frame.split_at_mut(header.len());
        head.copy_from_slice(&header);
        payload.copy_from_slice(data);
        true
    }

    /// The same for one that was prepared.
    #[inline]
    pub(crate) fn push_prepared(&mut self, message: &PreparedMessage) -> bool {
        if self.taken >= self.allowed || self.len >= self.most || !Self::suits(message.len()) {
            return false;
        }
        let Some(frame) = self.room_for(message.frame().len()) else {
            return false;
        };
        frame.copy_from_slice(message.frame());
        true
    }

    /// Room for a frame that it takes. There is room for one more, always.
    #[inline]
    fn room_for(&mut self, len: usize) -> Option<&mut [u8]> {
        let end = self.len + len;
        let frame = self.memory.get_mut(self.len..end)?;
        self.len = end;
        self.taken += 1;
        Some(frame)
    }

    #[inline]
    pub(crate) const fn is_open(&self) -> bool {
        self.most > 0
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Messages that it holds.
    pub(super) const fn messages(&self) -> usize {
        self.earlier + self.taken
    }

    /// Bytes of their payloads.
    pub(super) const fn payload_len(&self) -> usize {
        self.len - self.messages() * ShortFrame::HEADER
    }

    pub(super) fn frames(&self) -> &[u8] {
        &self.memory[..self.len]
    }

    /// Forgets what it holds, and takes nothing any more. The memory is kept.
    pub(crate) fn close(&mut self) {
        self.most = 0;
        self.taken = 0;
        self.allowed = 0;
        self.earlier = 0;
        self.len = 0;
    }
}

/// The payload of a data message.
#[inline]
pub(super) fn data_of(message: &Message) -> Option<(OpCode, &[u8])> {
    match message {
        Message::Text(text) => Some((OpCode::Text, text.as_bytes())),
        Message::Binary(data) => Some((OpCode::Binary, data)),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn open(messages: usize, most: usize) -> SendBuffer {
        let mut buffer = SendBuffer::CLOSED;
        buffer.open((0, 0), messages, most);
        buffer
    }

    /// Both ways to put a binary message into a buffer.
    const WAYS: [fn(&mut SendBuffer, &'static [u8]) -> bool; 2] = [
        |buffer, data| buffer.push(&Message::Binary(Bytes::from_static(data))),
        |buffer, data| buffer.push_prepared(&PreparedMessage::binary(data)),
    ];

    #[test]
    fn buffer_takes_as_many_messages_as_it_may() {
        for push in WAYS {
            let mut buffer = open(2, 1000);
            assert!(buffer.is_open() && buffer.is_empty());
            let taken = [b"a", b"b", b"c"].map(|data| push(&mut buffer, data));
            assert_eq!(taken, [true, true, false]);
            assert_eq!((buffer.messages(), buffer.payload_len()), (2, 2));
            assert_eq!(buffer.allow(1), 2);
            let taken = [&b"cd"[..], b"e"].map(|data| push(&mut buffer, data));
            assert_eq!(taken, [true, false]);
            assert_eq!((buffer.messages(), buffer.payload_len()), (3, 4));
            assert_eq!(buffer.frames(), b"\x82\x01a\x82\x01b\x82\x02cd");
            assert_eq!((buffer.allow(0), buffer.allow(9)), (1, 0));
            assert_eq!(buffer.messages(), 3);
            assert!(buffer.is_open() && !buffer.is_empty());
            buffer.close();
            assert!(!buffer.is_open() && buffer.is_empty() && !push(&mut buffer, b"f"));
            assert_eq!((buffer.messages(), buffer.allow(9)), (0, 0));
        }
    }

    #[test]
    fn buffer_takes_frames_as_long_as_it_has_fewer_bytes() {
        for push in WAYS {
            for (most, expected) in [(0, 0), (1, 1), (10, 1), (11, 2), (20, 2), (21, 3)] {
                let mut buffer = open(100, most);
                let taken = (0..100).filter(|_| push(&mut buffer, &[7; 8]));
                assert_eq!(taken.count(), expected, "{most}");
            }
            // The last of them is the longest, and has room.
            let mut buffer = open(usize::MAX, usize::MAX);
            let taken = (0..1000).filter(|_| push(&mut buffer, &[7; 125])).count();
            assert_eq!((taken, buffer.frames().len()), (130, 130 * 127));
            assert_eq!(buffer.memory.len(), ROOM + 127);
        }
    }

    #[test]
    fn buffer_takes_small_data_messages_alone() {
        for push in WAYS {
            let mut buffer = open(10, 1000);
            assert!(!push(&mut buffer, &[7; 126]) && buffer.is_empty());
            assert!(push(&mut buffer, &[7; 125]));
        }
        let mut buffer = open(10, 1000);
        for control in [Message::Ping, Message::Pong].map(|kind| kind(Bytes::new())) {
            assert!(!buffer.push(&control));
        }
        assert!(!buffer.push(&Message::Close(None)) && buffer.is_empty());
        assert!(buffer.push(&Message::text("t")));
        assert_eq!(buffer.frames(), b"\x81\x01t");
    }
}
