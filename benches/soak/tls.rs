//! A certificate for both sides, made at start.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::CertificateDer},
};

pub(crate) const HOST: &str = "localhost";

/// Who speaks TLS, and the certificate in hexadecimal digits.
pub(crate) fn acceptor() -> (TlsAcceptor, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([HOST.to_owned()]).expect("a certificate");
    let digits = cert.der().iter().map(|byte| format!("{byte:02x}"));
    let digits = digits.collect::<String>();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.into()], signing_key.into())
        .expect("its key");
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    (TlsAcceptor::from(Arc::new(config)), digits)
}

/// Who trusts that certificate.
pub(crate) fn connector(digits: &str) -> TlsConnector {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    let der: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(der)).expect("a certificate");
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}
