//! What errors of TLS say, and timeouts.

use std::io;

use crate::{
    client::{CertificateFault, Error, Stage, TlsError},
    wire::assert_sentences,
};

#[test]
fn every_error_of_tls_says_its_cause_once() {
    let certificate = |fault| TlsError::Certificate(fault, "so it is".to_owned());
    let rows = [
        (
            TlsError::NoFeature,
            "wss needs the feature `rustls` of tower-websock, \
             or TLS of your own and Builder::handshake over it",
        ),
        (
            TlsError::Roots("there are none".to_owned()),
            "no certificate can be checked: there are none",
        ),
        (
            TlsError::Host("127.1".to_owned()),
            "no certificate can be for the host 127.1",
        ),
        (
            certificate(CertificateFault::UnknownIssuer),
            "the server's certificate has an unknown issuer: so it is",
        ),
        (
            certificate(CertificateFault::Expired),
            "the server's certificate has expired: so it is",
        ),
        (
            certificate(CertificateFault::NotYetValid),
            "the server's certificate is not valid yet: so it is",
        ),
        (
            certificate(CertificateFault::WrongName),
            "the server's certificate is for another name: so it is",
        ),
        (
            certificate(CertificateFault::Revoked),
            "the server's certificate is revoked: so it is",
        ),
        (
            certificate(CertificateFault::Other),
            "the server's certificate is not valid: so it is",
        ),
        (
            TlsError::Handshake(io::Error::from_raw_os_error(104)),
            "the TLS handshake failed: Connection reset by peer (os error 104)",
        ),
    ];
    assert_sentences::<_, 10>(rows, |error| match error {
        TlsError::NoFeature => 0,
        TlsError::Roots(_) => 1,
        TlsError::Host(_) => 2,
        TlsError::Handshake(_) => 3,
        TlsError::Certificate(fault, _) => match fault {
            CertificateFault::UnknownIssuer => 4,
            CertificateFault::Expired => 5,
            CertificateFault::NotYetValid => 6,
            CertificateFault::WrongName => 7,
            CertificateFault::Revoked => 8,
            CertificateFault::Other => 9,
        },
    });
}

#[test]
fn every_stage_is_told() {
    let rows = [
        (
            Stage::Lookup,
            "no address of the host within upgrade_timeout",
        ),
        (Stage::Connect, "no connection within upgrade_timeout"),
        (
            Stage::Proxy,
            "no tunnel through the proxy within upgrade_timeout",
        ),
        (
            Stage::Tls,
            "no end of the TLS handshake within upgrade_timeout",
        ),
        (Stage::Answer, "no answer within upgrade_timeout"),
    ];
    let rows = rows.map(|(stage, sentence)| (Error::TimedOut(stage), sentence));
    assert_sentences::<_, 5>(rows, |error| match error {
        Error::TimedOut(stage) => *stage as usize,
        _ => unreachable!(),
    });
}
