//! What a client makes of an answer whose status accepts (4.1), and what it says of it.

use http::HeaderMap;

use super::{
    super::{AnswerError, ClientHandshake},
    *,
};
use crate::config::Config;

use AnswerError::{
    Accept, Body, Connection, Deflate, DeflateRepeated, Extensions, ExtensionsMalformed,
    HttpVersion, Subprotocol as Name, SubprotocolRepeated, Upgrade,
};

/// The nonce of the RFC's sample.
const NONCE: [u8; 16] = *b"the sample nonce";

const PROTOCOL: &str = "sec-websocket-protocol";
const EXTENSIONS: &str = "sec-websocket-extensions";

/// Compression where it is compiled in.
fn config() -> Config {
    #[cfg(feature = "deflate")]
    return Config::new().deflate(crate::deflate::DeflateConfig::new());
    #[cfg(not(feature = "deflate"))]
    Config::new()
}

fn handshake() -> ClientHandshake {
    let names = vec![Subprotocol::from_static("a"), Subprotocol::from_static("b")];
    ClientHandshake::new(NONCE, names, &config())
}

/// A lawful answer with `lines` for all there is of a header.
fn answer(name: &'static str, lines: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("upgrade", HeaderValue::from_static("websocket"));
    headers.insert("connection", HeaderValue::from_static("Upgrade"));
    let key = key::of_nonce(NONCE);
    headers.insert("sec-websocket-accept", key::accept(key.as_bytes()));
    headers.remove(name);
    for line in lines {
        headers.append(name, HeaderValue::from_static(line));
    }
    headers
}

/// 4.1: what is wrong with an answer, whatever causes it. Of each header: not there, twice, empty,
/// another, and what else can be wrong.
#[test]
fn each_fault_of_an_answer_is_told_from_the_others() {
    let upgrade: &[&[&str]] = &[
        &[],
        &[""],
        &["websocket", "websocket"],
        &["websocket", "h2c"],
        &["websocket, h2c"],
        &["h2c"],
        &["websocketx"],
    ];
    let connection: &[&[&str]] = &[
        &[],
        &[""],
        &["close"],
        &["not-upgrade"],
        &["keep-alive", "x"],
    ];
    let accept: &[&[&str]] = &[
        &[],
        &[""],
        // Of another key.
        &["Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="],
        &[
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ],
    ];
    let not_asked_for: &[&[&str]] = &[&[""], &["c"], &["A"], &["a, b"], &["a b"]];
    let malformed: &[&[&str]] = &[&[""], &[" "], &[","], &["", ""], &[";"], &["x;"], &["x y"]];
    let not_offered: &[&[&str]] = &[&["x"], &["x; y=1"], &["Permessage-Deflate"]];
    for (name, rows, expected) in [
        ("upgrade", upgrade, Upgrade),
        ("connection", connection, Connection),
        ("sec-websocket-accept", accept, Accept),
        (PROTOCOL, not_asked_for, Name),
        (
            PROTOCOL,
            &[&["a", "a"], &["a", "b"], &["", ""]],
            SubprotocolRepeated,
        ),
        (EXTENSIONS, malformed, ExtensionsMalformed),
        (EXTENSIONS, not_offered, Extensions),
    ] {
        for lines in rows {
            let found = handshake().check_headers(&answer(name, lines));
            assert_eq!(found, Err(expected), "{name}: {lines:?}");
        }
    }
}

/// RFC 7692, sections 5 and 7.1.
#[cfg(feature = "deflate")]
#[test]
fn each_fault_of_compression_is_told_from_the_others() {
    let parameters: &[&[&str]] = &[
        &["permessage-deflate; x"],
        &["permessage-deflate; server_max_window_bits=16"],
        &["permessage-deflate; client_max_window_bits"],
    ];
    let repeated: &[&[&str]] = &[
        &["permessage-deflate, permessage-deflate"],
        &["permessage-deflate", "permessage-deflate"],
    ];
    for (rows, expected) in [(parameters, Deflate), (repeated, DeflateRepeated)] {
        for lines in rows {
            let found = handshake().check_headers(&answer(EXTENSIONS, lines));
            assert_eq!(found, Err(expected), "{lines:?}");
        }
    }
    let refused = ["permessage-deflate, x", "x, permessage-deflate"];
    for line in refused {
        let found = handshake().check_headers(&answer(EXTENSIONS, &[line]));
        assert_eq!(found, Err(Extensions), "{line}");
    }
}

/// RFC 9112, sections 6.1 and 6.3; RFC 9110, section 8.6: a 101 has no body, whatever it says.
#[test]
fn body_that_a_101_announces_means_nothing() {
    for (name, lines) in [
        ("transfer-encoding", &["chunked"] as &[_]),
        ("transfer-encoding", &["gzip", "chunked"]),
        ("transfer-encoding", &["identity"]),
        ("content-length", &["0"]),
        ("content-length", &["5"]),
        ("content-length", &["5", "6"]),
        ("content-length", &["x"]),
    ] {
        let found = handshake().check_headers(&answer(name, lines));
        assert!(found.is_ok(), "{name}: {lines:?}: {found:?}");
    }
}

/// Stricter than RFC 9110, section 9.3.6: over HTTP/2 frames would be held to the length.
#[cfg(feature = "http2")]
#[test]
fn body_that_an_answer_over_http2_announces_is_refused() {
    let handshake = ClientHandshake::http2(Vec::new(), &config());
    for (name, line) in [("content-length", "5"), ("transfer-encoding", "chunked")] {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(line));
        assert_eq!(
            handshake.check_headers(&headers),
            Err(Body),
            "{name}: {line}"
        );
    }
    assert!(handshake.check_headers(&HeaderMap::new()).is_ok());
}

/// Each sentence is true of every cause of its variant, and names the header that is wrong.
#[test]
fn every_answer_error_has_its_sentence() {
    let rows = [
        (
            HttpVersion {
                found: Version::HTTP_10,
                needed: Version::HTTP_11,
            },
            "the response is HTTP/1.0, and this handshake needs HTTP/1.1",
        ),
        (
            Upgrade,
            "the response needs exactly one header 'Upgrade: websocket' \
             (a proxy may have removed it)",
        ),
        (
            Connection,
            "the response needs the header 'Connection: Upgrade' (a proxy may have removed it)",
        ),
        (
            Accept,
            "the response needs exactly one header 'Sec-WebSocket-Accept', \
             with the value that follows from this request's key",
        ),
        (Body, "the response announces a body or its length"),
        (
            Name,
            "the value of 'Sec-WebSocket-Protocol' is not a subprotocol that was asked for",
        ),
        (
            SubprotocolRepeated,
            "the response has more than one header 'Sec-WebSocket-Protocol'",
        ),
        (
            Extensions,
            "the server uses an extension that was not offered",
        ),
        (
            ExtensionsMalformed,
            "'Sec-WebSocket-Extensions' is empty or malformed (RFC 6455, section 9.1)",
        ),
        (
            Deflate,
            "the server's parameters of permessage-deflate do not answer the offer \
             (RFC 7692, section 7.1)",
        ),
        (
            DeflateRepeated,
            "the server accepts permessage-deflate more than once",
        ),
    ];
    let mut seen = [false; 11];
    for (error, sentence) in rows {
        assert_eq!(error.to_string(), sentence);
        // A new variant needs a row here, and its causes above.
        let variant = match error {
            HttpVersion { .. } => 0,
            Upgrade => 1,
            Connection => 2,
            Accept => 3,
            Body => 4,
            Name => 5,
            SubprotocolRepeated => 6,
            Extensions => 7,
            ExtensionsMalformed => 8,
            Deflate => 9,
            DeflateRepeated => 10,
        };
        seen[variant] = true;
    }
    assert_eq!(seen, [true; 11]);
}
