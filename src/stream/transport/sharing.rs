//! Streams of HTTP/2 that share a connection.
//!
//! h2 ends a connection, with all its streams, on which too many small DATA frames lie
//! unread. Large ones are held back by the window of their stream.

/// h2 counts DATA frames with fewer bytes.
const SMALL: usize = 256;

/// Bytes that may be read of small frames whose messages nobody has room for.
const HOARDED: usize = 48 * 1024;

/// Whether what a transport does not read harms others.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::stream) struct Siblings {
    may_exist: bool,
    was_read_small: bool,
}

/// What to do with a transport for whose bytes there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stream) enum Unread {
    /// It may wait.
    Waits,
    /// It must not.
    ReadOn,
    /// It must not, and there is too much of it.
    TooMuch,
}

impl Siblings {
    pub(in crate::stream) const fn of(is_multiplexed: bool) -> Self {
        Self {
            may_exist: is_multiplexed,
            was_read_small: false,
        }
    }

    pub(in crate::stream) const fn may_exist(self) -> bool {
        self.may_exist
    }

    /// A read brought `bytes`.
    pub(in crate::stream) const fn note_read(&mut self, bytes: usize) {
        self.was_read_small = bytes < SMALL;
    }

    /// `held` bytes were read that could not be decoded yet.
    pub(in crate::stream) const fn unread(self, held: usize) -> Unread {
        match (self.may_exist && self.was_read_small, held < HOARDED) {
            (false, _) => Unread::Waits,
            (true, true) => Unread::ReadOn,
            (true, false) => Unread::TooMuch,
        }
    }
}
