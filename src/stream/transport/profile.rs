//! What is known about a transport beside its bytes.

use crate::handshake::Opening;

/// A frame of HTTP/2 carries so much (RFC 9113, section 4.2), unless another size is agreed
/// on. hyper copies and queues whatever one write is given, so the peer's window would hold
/// nothing back.
const HTTP2_FRAME: u32 = 16 * 1024;

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
