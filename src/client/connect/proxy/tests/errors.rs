//! What errors of proxies say.

use std::io;

use http::Response;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::super::ProxyError;
use crate::{client::TlsError, wire::assert_sentences};

async fn of_hyper() -> hyper::Error {
    let (io, _) = tokio::io::duplex(64);
    let handshake = http1::handshake::<_, String>(TokioIo::new(io));
    let (mut sender, connection) = handshake.await.expect("nothing is sent yet");
    drop(connection);
    sender
        .send_request(http::Request::new(String::new()))
        .await
        .expect_err("broken")
}

#[tokio::test]
async fn every_error_says_its_cause_once() {
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    let refused = || io::Error::from_raw_os_error(111);
    let rows = [
        (
            ProxyError::Connect(refused()),
            "cannot connect to the proxy: Connection refused (os error 111)",
        ),
        (
            ProxyError::Tls(TlsError::Roots("none".to_owned())),
            "no TLS to the proxy: no certificate can be checked: none",
        ),
        (
            ProxyError::Credentials("the user is empty"),
            "the proxy cannot be told who asks: the user is empty",
        ),
        (
            ProxyError::Refused(Box::new(response)),
            "the proxy refused with 407 Proxy Authentication Required",
        ),
        (
            ProxyError::SocksRefused(5),
            "the proxy refused with 5: connection refused",
        ),
        (
            ProxyError::SocksRefused(99),
            "the proxy refused with 99: unknown reply",
        ),
        (
            ProxyError::SocksCredentials,
            "the proxy wants a user and a password, or others",
        ),
        (
            ProxyError::Http(of_hyper().await),
            "the exchange with the proxy failed: operation was canceled: connection was not ready",
        ),
        (
            ProxyError::Io(refused()),
            "the exchange with the proxy failed: Connection refused (os error 111)",
        ),
        (
            ProxyError::Answer("it is not of SOCKS 5"),
            "the proxy's answer breaks its protocol: it is not of SOCKS 5",
        ),
    ];
    assert_sentences::<_, 9>(rows, |error| match error {
        ProxyError::Connect(_) => 0,
        ProxyError::Tls(_) => 1,
        ProxyError::Credentials(_) => 2,
        ProxyError::Refused(_) => 3,
        ProxyError::SocksRefused(_) => 4,
        ProxyError::SocksCredentials => 5,
        ProxyError::Http(_) => 6,
        ProxyError::Io(_) => 7,
        ProxyError::Answer(_) => 8,
    });
}
