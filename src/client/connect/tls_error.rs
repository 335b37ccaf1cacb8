//! Why TLS could not be set up.

use std::{error, fmt, io};

use crate::wire::WithCauses;

/// Why there is no TLS connection.
///
/// As with [`Error`](crate::client::Error), `Display` includes the causes, and
/// [`source`](error::Error::source) is `None`.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// The feature `rustls` is off. Turn it on, or connect TLS yourself and use
    /// [`Builder::handshake`](crate::client::Builder::handshake).
    NoFeature,
    /// There is nothing to check certificates with: a PEM text has no certificate or a wrong one,
    /// or the system has no certificate authorities. The text says which.
    Roots(String),
    /// No certificate can be for this host: it is neither a DNS name nor an IP address.
    Host(String),
    /// The server's certificate failed a check: which, and what rustls says of it.
    Certificate(CertificateFault, String),
    /// The TLS handshake failed: the server does not speak TLS, or not a version or cipher of
    /// ours, it sent an alert, or the connection was lost.
    Handshake(io::Error),
}

/// Which check a certificate failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// No authority that is trusted has signed it, or the server does not send the certificates
    /// between it and such an authority.
    UnknownIssuer,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It is for other names than the URI's host.
    WrongName,
    /// Its authority has revoked it.
    Revoked,
    /// Any other check. The text tells.
    Other,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFeature => f.write_str(
                "wss needs the feature `rustls` of tower-websock, \
                 or TLS of your own and Builder::handshake over it",
            ),
            Self::Roots(problem) => write!(f, "no certificate can be checked: {problem}"),
            Self::Host(host) => write!(f, "no certificate can be for the host {host}"),
            Self::Certificate(fault, detail) => {
                write!(f, "the server's certificate {fault}: {detail}")
            }
            Self::Handshake(error) => {
                write!(f, "the TLS handshake failed: {}", WithCauses(error))
            }
        }
    }
}

impl error::Error for TlsError {}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "has an unknown issuer",
            Self::Expired => "has expired",
            Self::NotYetValid => "is not valid yet",
            Self::WrongName => "is for another name",
            Self::Revoked => "is revoked",
            Self::Other => "is not valid",
        })
    }
}
