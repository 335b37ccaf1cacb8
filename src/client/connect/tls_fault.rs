//! Which check of rustls a certificate failed.

use std::io;

use tokio_rustls::rustls::{CertificateError, Error};

use super::tls_error::{CertificateFault, TlsError};

/// What a handshake failed of.
pub(super) fn of_handshake(error: io::Error) -> TlsError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(Error::InvalidCertificate(problem)) => {
            let (fault, detail) = fault(problem);
            TlsError::Certificate(fault, detail)
        }
        _ => TlsError::Handshake(error),
    }
}

fn fault(problem: &CertificateError) -> (CertificateFault, String) {
    match problem {
        CertificateError::UnknownIssuer => {
            let detail = "no trusted authority signed it, or the server does not send all between";
            (CertificateFault::UnknownIssuer, detail.to_owned())
        }
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = days(time.as_secs().saturating_sub(not_after.as_secs()));
            (
                CertificateFault::Expired,
                format!("{ago} ago by this clock"),
            )
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let left = days(not_before.as_secs().saturating_sub(time.as_secs()));
            (
                CertificateFault::NotYetValid,
                format!("in {left} by this clock"),
            )
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names = presented.join(", ");
            let detail = format!("{} is not among [{names}]", expected.to_str());
            (CertificateFault::WrongName, detail)
        }
        CertificateError::Expired => (CertificateFault::Expired, problem.to_string()),
        CertificateError::NotValidYet => (CertificateFault::NotYetValid, problem.to_string()),
        CertificateError::NotValidForName => (CertificateFault::WrongName, problem.to_string()),
        CertificateError::Revoked => (CertificateFault::Revoked, problem.to_string()),
        // A type of webpki's, which rustls does not pass on.
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            let detail = "it is a certificate authority's, not a server's";
            (CertificateFault::Other, detail.to_owned())
        }
        _ => (CertificateFault::Other, problem.to_string()),
    }
}

fn days(seconds: u64) -> String {
    match seconds / (24 * 60 * 60) {
        0 => format!("{seconds} seconds"),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
