//! Transports that share a connection, as streams of HTTP/2 do.
//!
//! h2 ends a connection, with all its streams, on which too many small DATA frames lie
//! unread. Large ones are held back by the window of their stream.

use super::profile::Profile;

/// h2 counts DATA frames with fewer bytes.
const SMALL: usize = 256;

/// Bytes that may be read of small frames whose messages nobody has room for.
const HOARDED: usize = 48 * 1024;

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
