//! Which check of rustls a certificate failed.

use std::io;

use tokio_rustls::rustls::{CertificateError, Error};

use super::tls_error::{CertificateFault, TlsError};

/// What a handshake failed of.
pub(super) fn of_handshake(error: io::Error) -> TlsError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(Error::InvalidCertificate(problem)) => {
            TlsError::Certificate(fault(problem), problem.to_string())
        }
        _ => TlsError::Handshake(error),
    }
}

fn fault(problem: &CertificateError) -> CertificateFault {
    match problem {
        CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        CertificateError::Revoked => CertificateFault::Revoked,
        _ => CertificateFault::Other,
    }
}
