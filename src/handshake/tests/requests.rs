//! What a client asks (4.1; RFC 8441, sections 4 and 5), and which answers accept.

use http::{HeaderMap, StatusCode};

use super::{
    super::{
        AnswerError, ClientHandshake,
        client::{Answer, Form, RequestError, Target, misplaced},
    },
    *,
};

fn names(names: &[&'static str]) -> Vec<Subprotocol> {
    names
        .iter()
        .map(|name| Subprotocol::from_static(name))
        .collect()
}

fn own(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut own = HeaderMap::new();
    for (name, value) in headers {
        own.append(*name, HeaderValue::from_static(value));
    }
    own
}

fn shown(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let shown = headers.iter();
    shown
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect()
}

/// 4.1 items 2 to 12: the request has what the RFC asks for, and what the user adds.
#[test]
fn request_has_the_headers_of_the_rfc() {
    let target = Target::parse("ws://example.com:81/chat?x=1").unwrap();
    let handshake = ClientHandshake::new(*b"the sample nonce", names(&["a", "b"]), &Config::new());
    let added = own(&[("origin", "https://example.com"), ("x-user", "ann")]);
    let asked = handshake.upgrade_request::<()>(&target, Form::Origin, added);
    let asked = asked.unwrap();
    assert_eq!(
        (asked.method(), asked.version()),
        (&Method::GET, Version::HTTP_11)
    );
    assert_eq!(asked.uri(), "/chat?x=1");
    assert_eq!(
        shown(asked.headers()),
        [
            ("host", "example.com:81"),
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "a, b"),
            ("origin", "https://example.com"),
            ("x-user", "ann"),
        ]
    );
    // Neither names nor headers; the user's `Host` takes the place of that of the URI.
    let handshake = ClientHandshake::new(*b"the sample nonce", Vec::new(), &Config::new());
    let added = own(&[("host", "other.example:8080")]);
    let asked = handshake.upgrade_request::<()>(&target, Form::Origin, added);
    let asked = asked.unwrap();
    assert_eq!(asked.headers()["host"], "other.example:8080");
    assert_eq!(asked.headers().len(), 5);
}

/// RFC 8441, sections 4 and 5: a CONNECT with the whole URI, and none of the three headers.
#[cfg(feature = "http2")]
#[test]
fn request_of_http2_has_the_headers_of_its_rfc() {
    let target = Target::parse("wss://example.com/chat").unwrap();
    let handshake = ClientHandshake::http2(names(&["a"]), &Config::new());
    for (added, uri) in [
        (own(&[]), "https://example.com/chat"),
        (
            own(&[("host", "other.example")]),
            "https://other.example/chat",
        ),
    ] {
        let asked = handshake.connect_request::<()>(&target, added).unwrap();
        assert_eq!(
            (asked.method(), asked.version()),
            (&Method::CONNECT, Version::HTTP_2)
        );
        assert_eq!(asked.uri(), uri);
        assert_eq!(
            shown(asked.headers()),
            [
                ("sec-websocket-version", "13"),
                ("sec-websocket-protocol", "a")
            ]
        );
    }
}

/// What belongs to the handshake or to the connection is not the user's to set, and the error says
/// what to do.
#[test]
fn headers_of_the_handshake_are_refused() {
    for (name, why) in [
        ("sec-websocket-protocol", "use Builder::subprotocols"),
        ("sec-websocket-extensions", "use Config::deflate"),
        ("sec-websocket-key", "it belongs to the handshake"),
        ("sec-websocket-new", "it belongs to the handshake"),
        ("upgrade", "it belongs to the handshake"),
        ("connection", "it belongs to the handshake"),
        ("content-length", "a handshake has no body"),
        ("transfer-encoding", "a handshake has no body"),
        ("trailer", "a handshake has no body"),
        ("expect", "a handshake has no body"),
        (
            "te",
            "it is about the connection, which the handshake takes over",
        ),
        (
            "keep-alive",
            "it is about the connection, which the handshake takes over",
        ),
        (
            "proxy-connection",
            "it is about the connection, which the handshake takes over",
        ),
        (
            "http2-settings",
            "it is about the connection, which the handshake takes over",
        ),
    ] {
        assert_eq!(misplaced(&HeaderName::from_static(name)), Some(why));
        let refused = refusal(own(&[(name, "x")]));
        assert!(
            matches!(&refused, RequestError::Header(it) if it == name),
            "{refused:?}"
        );
    }
    for name in [
        "host",
        "origin",
        "authorization",
        "cookie",
        "sec-fetch-mode",
        "x-upgrade",
    ] {
        assert_eq!(misplaced(&HeaderName::from_static(name)), None);
    }
    // RFC 9112, section 3.2, and RFC 6454, section 7.3.
    for (headers, name) in [
        (own(&[("host", "a"), ("host", "b")]), "host"),
        (own(&[("origin", "null"), ("origin", "null")]), "origin"),
        (own(&[("host", "")]), "host"),
        (own(&[("host", "a b")]), "host"),
    ] {
        let refused = refusal(headers);
        assert!(
            matches!(&refused, RequestError::InvalidHeader(it, _) if it == name),
            "{refused:?}"
        );
    }
}

fn refusal(headers: HeaderMap) -> RequestError {
    let target = Target::parse("ws://example.com").unwrap();
    let handshake = ClientHandshake::new([7; 16], Vec::new(), &Config::new());
    let asked = handshake.upgrade_request::<()>(&target, Form::Origin, headers);
    asked.unwrap_err()
}

/// 4.1 item 1; RFC 8441, section 5: 101 accepts over HTTP/1.1, and 2xx over HTTP/2. Another status
/// is to be handled as HTTP says.
#[test]
fn status_tells_whether_it_is_accepted() {
    let response = |status: u16, version| {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        *response.version_mut() = version;
        response
    };
    let upgrade = ClientHandshake::new([7; 16], Vec::new(), &Config::new());
    for status in [200, 301, 401, 404, 503] {
        let answer = upgrade.check(&response(status, Version::HTTP_11));
        assert_eq!(answer, Ok(Answer::Refused), "{status}");
    }
    let (found, needed) = (Version::HTTP_10, Version::HTTP_11);
    assert_eq!(
        upgrade.check(&response(101, found)),
        Err(AnswerError::HttpVersion { found, needed })
    );
    // It accepts, and lacks its headers.
    let answer = upgrade.check(&response(101, Version::HTTP_11));
    assert_eq!(answer, Err(AnswerError::Upgrade));
    #[cfg(feature = "http2")]
    {
        let connect = ClientHandshake::http2(Vec::new(), &Config::new());
        for status in [101, 301, 403, 501] {
            let answer = connect.check(&response(status, Version::HTTP_2));
            assert_eq!(answer, Ok(Answer::Refused), "{status}");
        }
        for status in [200, 204] {
            let answer = connect.check(&response(status, Version::HTTP_2));
            assert!(
                matches!(answer, Ok(Answer::Accepted(_))),
                "{status}: {answer:?}"
            );
        }
    }
}
