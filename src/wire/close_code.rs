//! Close codes (RFC 6455, section 7.4, and the IANA registry that it opens).

/// A number that says why a connection is closed. The registered ones are in [`close_code`](self).
///
/// It is a plain `u16`, as in `axum::extract::ws`: `code: 4001`, `4000..=4999 =>` and
/// `code == close_code::AWAY` need no conversion. [`is_valid`] says which codes may be sent.
pub type CloseCode = u16;

/// 1000: the connection has served its purpose.
pub const NORMAL: CloseCode = 1000;
/// 1001: the endpoint goes away, because a server shuts down or a user leaves the page.
pub const AWAY: CloseCode = 1001;
/// 1002: the peer broke the protocol.
pub const PROTOCOL: CloseCode = 1002;
/// 1003: the peer sent a kind of data that cannot be accepted.
pub const UNSUPPORTED: CloseCode = 1003;
/// 1005: no code was given. Never on the wire.
pub const STATUS: CloseCode = 1005;
/// 1006: the connection ended without a Close frame. Never on the wire.
pub const ABNORMAL: CloseCode = 1006;
/// 1007: data did not match the message's type, such as text that is not UTF-8.
pub const INVALID: CloseCode = 1007;
/// 1008: a message violates the endpoint's policy.
pub const POLICY: CloseCode = 1008;
/// 1009: a message is too big to process.
pub const SIZE: CloseCode = 1009;
/// 1010: the client expected an extension that the server did not negotiate.
pub const EXTENSION: CloseCode = 1010;
/// 1011: an unexpected condition kept the server from completing the request.
pub const ERROR: CloseCode = 1011;
/// 1012: the service restarts.
pub const RESTART: CloseCode = 1012;
/// 1013: try again later.
pub const AGAIN: CloseCode = 1013;
/// 1014: a gateway received an invalid response from its upstream.
pub const GATEWAY: CloseCode = 1014;
/// 1015: the TLS handshake failed. Never on the wire.
pub const TLS: CloseCode = 1015;

/// Whether `code` may be in a Close frame, sent or received (RFC 6455, sections 7.4.1 and 7.4.2).
///
/// These codes may: 1000 to 1003; 1007 to 1014, of which IANA registered 1012 to 1014; and 3000 to
/// 4999, which belong to libraries and applications. 1005, 1006 and 1015 never may. 1004 and all
/// other codes below 3000 are reserved. Stricter: the RFC defines nothing above 4999, and we
/// refuse these codes.
pub const fn is_valid(code: CloseCode) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
