//! What is wrong with the extensions that a server answers (RFC 6455, section 4.1).

/// Why the extensions of a response fail the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "deflate"),
    expect(dead_code, reason = "nothing is offered")
)]
pub(crate) enum ExtensionsError {
    /// RFC 6455, section 9.1.
    Malformed,
    /// RFC 6455, section 4.1.
    NotOffered,
    /// RFC 7692, section 5: one configuration is agreed on.
    Repeated,
    /// RFC 7692, section 7.1.
    Parameters,
}
