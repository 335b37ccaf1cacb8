//! Which side of the connection this endpoint is.

/// The side of the connection that an endpoint is on (RFC 6455, section 1.2).
///
/// It decides who masks (5.1) and who closes the transport first (7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that opened the connection; it masks every frame.
    Client,
    /// The side that accepted the connection; it never masks.
    Server,
}

impl Role {
    /// Whether frames that this side receives must be masked (RFC 6455, section 5.1).
    pub(crate) const fn receives_masked(self) -> bool {
        matches!(self, Role::Server)
    }
}
