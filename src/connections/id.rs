//! What a connection is called.

use std::{fmt, num::NonZeroU64};

/// The number of a connection among those of its [`Connections`](crate::Connections).
///
/// The first connection is 1. Later connections have greater numbers. No number is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(NonZeroU64);

impl ConnectionId {
    pub(super) const FIRST: Self = Self(NonZeroU64::MIN);

    /// As a number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The next one. At a million connections a second they last for 500,000 years.
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl From<ConnectionId> for u64 {
    fn from(id: ConnectionId) -> Self {
        id.get()
    }
}

impl TryFrom<u64> for ConnectionId {
    type Error = std::num::TryFromIntError;

    /// For an id that was printed, such as one in an admin's request.
    ///
    /// # Errors
    ///
    /// For 0, which is no connection's.
    fn try_from(id: u64) -> Result<Self, Self::Error> {
        NonZeroU64::try_from(id).map(Self)
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
