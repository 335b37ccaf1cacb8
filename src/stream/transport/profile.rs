//! What is known about a transport beside its bytes.

use crate::handshake::Opening;

/// A frame of HTTP/2 carries so much (RFC 9113, section 4.2), unless another size is agreed
/// on. hyper copies and queues whatever one write is given, so the peer's window would hold
/// nothing back.
const HTTP2_FRAME: u32 = 16 * 1024;

/// h2 ends a connection, with all its streams, on which too many DATA frames with fewer bytes lie
/// unread. Larger ones are held back by the window of their stream.
const SMALL: usize = 256;

/// Bytes that may be read of small frames whose messages nobody has room for.
const HOARDED: usize = 48 * 1024;

/// How a transport is to be treated. Another HTTP version or engine is one more such value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    largest_write: u32,
    is_multiplexed: bool,
}

impl Profile {
    /// A connection of its own.
    pub(crate) const CONNECTION: Self = Self {
        largest_write: u32::MAX,
        is_multiplexed: false,
    };

    /// A stream of an HTTP/2 connection.
    pub(crate) const HTTP2_STREAM: Self = Self {
        largest_write: HTTP2_FRAME,
        is_multiplexed: true,
    };

    /// What hyper hands over after such a handshake.
    pub(super) const fn of(opening: Opening) -> Self {
        match opening {
            Opening::Upgrade => Self::CONNECTION,
            Opening::ExtendedConnect => Self::HTTP2_STREAM,
        }
    }

    /// Bytes of one write that are passed on at once; the rest has to wait for the next one.
    pub(super) const fn largest_write(self) -> usize {
        self.largest_write as usize
    }

    /// Whether the transport shares its connection with others.
    pub(crate) const fn is_multiplexed(self) -> bool {
        self.is_multiplexed
    }
}

/// Whether what a transport does not read harms others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sharing {
    is_multiplexed: bool,
    was_read_small: bool,
}

/// What to do with a transport for whose bytes there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// It may wait.
    Waits,
    /// It must not.
    ReadOn,
    /// It must not, and there is too much of it.
    TooMuch,
}

impl Sharing {
    pub(crate) const fn of(profile: Profile) -> Self {
        Self {
            is_multiplexed: profile.is_multiplexed(),
            was_read_small: false,
        }
    }

    pub(crate) const fn is_multiplexed(self) -> bool {
        self.is_multiplexed
    }

    /// A read brought `bytes`.
    pub(crate) const fn note_read(&mut self, bytes: usize) {
        self.was_read_small = bytes < SMALL;
    }

    /// `held` bytes were read that could not be decoded yet.
    pub(crate) const fn overflow(self, held: usize) -> Overflow {
        match (self.is_multiplexed && self.was_read_small, held < HOARDED) {
            (false, _) => Overflow::Waits,
            (true, true) => Overflow::ReadOn,
            (true, false) => Overflow::TooMuch,
        }
    }
}
