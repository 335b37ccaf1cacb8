//! What errors say.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use http::{Response, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::{super::error::excerpt, *};
use crate::{handshake::AnswerError, wire::assert_sentences};

/// A transport that fails as the system does.
struct Failing;

impl Stream for Failing {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }
}

/// An error of hyper's, whose own sentence hides its cause.
async fn of_hyper() -> hyper::Error {
    let failing = tokio_util::io::StreamReader::new(Failing);
    let io = tokio::io::join(failing, tokio::io::sink());
    let handshake = http1::handshake::<_, String>(TokioIo::new(io));
    let (_sender, connection) = handshake.await.expect("nothing is sent yet");
    connection.await.expect_err("broken")
}

fn refused(status: u16, body: impl Into<Bytes>) -> Error {
    let mut response = Response::new(body.into());
    *response.status_mut() = status.try_into().expect("a status");
    Error::Refused(Box::new(response))
}

/// Each variant and what it says, to the last cause, on one line. A reporter that follows the
/// sources adds nothing.
#[tokio::test]
async fn every_error_says_its_cause_once() {
    let rows = [
        (
            Error::Uri("there is no host"),
            "invalid WebSocket URI: there is no host",
        ),
        (
            Error::Tls(TlsError::NoFeature),
            "wss needs the feature `rustls` of tower-websock, \
             or TLS of your own and Builder::handshake over it",
        ),
        (
            Error::Proxy(ProxyError::SocksRefused(2)),
            "the proxy refused with 2: not allowed by its rules",
        ),
        (
            Error::Lookup(io::Error::other("nowhere.example: it has no address")),
            "cannot look up the host: nowhere.example: it has no address",
        ),
        (
            Error::Header(header::UPGRADE),
            "the header upgrade must not be set: it belongs to the handshake",
        ),
        (
            Error::InvalidHeader(header::HOST, "it was set more than once"),
            "the header host cannot be sent: it was set more than once",
        ),
        (
            Error::Connect(io::Error::from_raw_os_error(111)),
            "cannot connect: Connection refused (os error 111)",
        ),
        (
            // As a service's error that has a cause.
            Error::Service(of_hyper().await.into()),
            "the service failed: connection error: connection reset",
        ),
        (
            Error::Http(of_hyper().await),
            "the HTTP exchange failed: connection error: connection reset",
        ),
        (Error::Ended, "the HTTP/2 connection ended"),
        (refused(403, ""), "the server refused with 403 Forbidden"),
        (
            refused(403, "pages of this origin may not connect\n"),
            "the server refused with 403 Forbidden: pages of this origin may not connect",
        ),
        (
            refused(503, b"\x1f\x8b\x08".as_slice()),
            "the server refused with 503 Service Unavailable",
        ),
        (
            Error::Redirect(RedirectError::Insecure, Box::default()),
            "the redirect of 200 OK was not followed: it leads from wss to ws",
        ),
        (
            Error::HeaderName(r#""two words""#.into()),
            "\"two words\" is not a header name",
        ),
        (
            Error::Answer(AnswerError::Extensions),
            "the server's answer breaks the handshake: \
             the server uses an extension that was not offered",
        ),
        (
            Error::TimedOut(Stage::Answer),
            "no answer within upgrade_timeout",
        ),
    ];
    assert_sentences::<_, 15>(rows, |error| match error {
        Error::Uri(_) => 0,
        Error::Tls(_) => 1,
        Error::Header(_) => 2,
        Error::InvalidHeader(..) => 3,
        Error::Connect(_) => 4,
        Error::Http(_) => 5,
        Error::Ended => 6,
        Error::Refused(_) => 7,
        Error::Answer(_) => 8,
        Error::TimedOut(_) => 9,
        Error::Service(_) => 10,
        Error::Redirect(..) => 11,
        Error::HeaderName(_) => 12,
        Error::Lookup(_) => 13,
        Error::Proxy(_) => 14,
    });
}

/// A body is shown if it can be printed: on one line, shortened, and nothing that a terminal obeys.
#[test]
fn body_of_a_refusal_is_shown_on_one_line() {
    for (body, shown) in [
        (String::new(), None),
        (" \r\n\t ".into(), None),
        ("no".into(), Some("no".into())),
        (" a\r\n\r\n  b\tc \n".into(), Some("a b c".into())),
        (
            "Zutritt verboten: ß水".into(),
            Some("Zutritt verboten: ß水".into()),
        ),
        ("x".repeat(200), Some("x".repeat(200))),
        ("x".repeat(201), Some("x".repeat(200) + "...")),
        ("水".repeat(201), Some("水".repeat(200) + "...")),
        // Of more than 1 KiB only the beginning is looked at.
        (" ".repeat(1024) + "late", None),
        (format!("short{}", " ".repeat(1019)), Some("short".into())),
        (
            format!("short{}late", " ".repeat(1019)),
            Some("short...".into()),
        ),
        ("\u{1b}[2Jgone".into(), None),
        ("a\0b".into(), None),
        ("\u{202e}txt.exe".into(), None),
    ] {
        assert_eq!(excerpt(body.as_bytes(), false), shown, "{body:?}");
        // Maybe there was more.
        let shown = shown.map(|shown| shown.trim_end_matches("...").to_owned() + "...");
        assert_eq!(excerpt(body.as_bytes(), true), shown, "{body:?}");
    }
    assert_eq!(excerpt(b"caf\xe9", false), None);
    // What was cut off, by us, inside a character is text; what ends there by itself is none.
    let text = "水".repeat(400);
    for (len, is_cut_off, is_text) in [
        (1200, false, true),
        (1024, true, true),
        (1000, true, true),
        (1000, false, false),
    ] {
        let shown = excerpt(&text.as_bytes()[..len], is_cut_off);
        assert_eq!(shown.is_some(), is_text, "{len}, {is_cut_off}");
        assert!(shown.is_none_or(|shown| shown.ends_with("水...")));
    }
    assert_eq!(excerpt(&[0xFF; 1024], true), None);
}

/// What a redirect is not followed for.
#[test]
fn every_redirect_error_says_what_is_wrong() {
    let rows = [
        (
            RedirectError::Location("there is no host"),
            "its Location is invalid: there is no host",
        ),
        (RedirectError::Insecure, "it leads from wss to ws"),
        (
            RedirectError::Loop,
            "it leads to where the request was sent before",
        ),
        (
            RedirectError::TooMany(3),
            "there are more than max_redirects (3)",
        ),
    ];
    assert_sentences::<_, 4>(rows, |error| match error {
        RedirectError::Location(_) => 0,
        RedirectError::Insecure => 1,
        RedirectError::Loop => 2,
        RedirectError::TooMany(_) => 3,
    });
}
