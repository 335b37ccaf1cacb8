//! Extended CONNECT (RFC 8441, sections 4 and 5).

use super::*;

/// The RFC's sample (5.1).
fn connect() -> Parts {
    Request::connect("https://server.example.com/chat")
        .version(Version::HTTP_2)
        .header("sec-websocket-protocol", "chat, superchat")
        .header("sec-websocket-extensions", "permessage-deflate")
        .header("sec-websocket-version", "13")
        .header("origin", "http://www.example.com")
        .body(())
        .unwrap()
        .into_parts()
        .0
}

fn connect_with(name: &HeaderName, lines: &[&str]) -> Parts {
    let mut parts = connect();
    parts.headers.remove(name);
    for line in lines {
        parts.headers.append(name, line.parse().unwrap());
    }
    parts
}

fn refused(parts: &Parts) -> Option<Rejection> {
    Handshake::check(parts, Some("websocket")).err()
}

#[test]
fn sample_of_the_rfc_is_valid() {
    let handshake = Handshake::check(&connect(), Some("websocket")).unwrap();
    assert_eq!(handshake.accept, None);
    assert_eq!(names(&handshake), ["chat", "superchat"]);
    #[cfg(feature = "deflate")]
    assert!(handshake.deflate.is_some());
}

/// 5; RFC 9110, section 7.8.
#[test]
fn protocol_is_websocket_in_any_case() {
    for protocol in ["websocket", "WebSocket", "WEBSOCKET"] {
        assert!(Handshake::check(&connect(), Some(protocol)).is_ok());
    }
    for protocol in [
        "",
        "websockets",
        "websocket ",
        "webtransport",
        "connect-udp",
    ] {
        let verdict = Handshake::check(&connect(), Some(protocol));
        assert_eq!(verdict.err(), Some(Rejection::Protocol), "{protocol}");
    }
}

/// 5: the key and the answer to it are not used, whatever they are.
#[test]
fn key_is_not_looked_at() {
    for lines in [&["dGhlIHNhbXBsZSBub25jZQ=="] as &[_], &["x"], &["", ""]] {
        let parts = connect_with(&header::SEC_WEBSOCKET_KEY, lines);
        let handshake = Handshake::check(&parts, Some("websocket")).unwrap();
        assert_eq!(handshake.accept, None);
    }
}

/// 5: the version is 13, as in RFC 6455.
#[test]
fn other_version_is_refused() {
    for lines in [&[] as &[_], &["12"], &["013"], &["13", "13"], &["13, 8"]] {
        let parts = connect_with(&header::SEC_WEBSOCKET_VERSION, lines);
        assert_eq!(refused(&parts), Some(Rejection::Http2Version), "{lines:?}");
    }
}

/// 5: what HTTP/1.1 upgrades with must not be there.
#[test]
fn headers_of_the_connection_are_refused() {
    for (name, value) in [
        (header::CONNECTION, "upgrade"),
        (header::CONNECTION, ""),
        (header::UPGRADE, "websocket"),
    ] {
        let parts = connect_with(&name, &[value]);
        assert_eq!(refused(&parts), Some(Rejection::ConnectionSpecific));
    }
}

/// 4; RFC 9113, section 8.3.1: `:authority` is there, and is a host. h2 gives what has none as a
/// path alone, without `:scheme`.
#[test]
fn request_without_a_host_is_refused() {
    for uri in [
        "/chat",
        "https://user@server.example.com/chat",
        "https://[::1/chat",
    ] {
        let mut parts = connect();
        // Not every such URI can be made.
        let Ok(uri) = uri.parse() else { continue };
        parts.uri = uri;
        let refused = refused(&parts);
        assert_eq!(refused, Some(Rejection::Authority), "{}", parts.uri);
    }
}

/// 4, 5: `:scheme` is there, and that of HTTP, in any case; with it there is `:path`.
#[test]
fn request_without_a_scheme_of_http_is_refused() {
    for uri in [
        "server.example.com:443",
        "ws://server.example.com/chat",
        "wss://server.example.com/chat",
        "ftp://server.example.com/chat",
        "httpx://server.example.com/chat",
    ] {
        let mut parts = connect();
        parts.uri = uri.parse().unwrap();
        assert_eq!(refused(&parts), Some(Rejection::Scheme), "{uri}");
    }
    for uri in ["http://server.example.com/", "HTTPS://server.example.com/"] {
        let mut parts = connect();
        parts.uri = uri.parse().unwrap();
        assert_eq!(refused(&parts), None, "{uri}");
    }
}

/// RFC 9113, section 8.3.1: a `Host` beside `:authority` says the same.
#[test]
fn host_differs_from_authority_at_no_time() {
    for lines in [
        &["server.example.com"] as &[_],
        &["Server.Example.COM"],
        // RFC 3986, section 6.2.3: the default port of `:scheme` is the same as none.
        &["server.example.com:443"],
        &["server.example.com:"],
    ] {
        assert_eq!(refused(&connect_with(&header::HOST, lines)), None);
    }
    let host = "server.example.com";
    for lines in [
        &["other.com"] as &[_],
        &[""],
        &["server.example.com:80"],
        &["server.example.com:8443"],
        &["server.example.com."],
    ] {
        let verdict = refused(&connect_with(&header::HOST, lines));
        assert_eq!(verdict, Some(Rejection::HostMismatch), "{lines:?}");
    }
    for lines in [[host, host], [host, "other.com"]] {
        let verdict = refused(&connect_with(&header::HOST, &lines));
        assert_eq!(verdict, Some(Rejection::HostRepeated), "{lines:?}");
    }
}

/// RFC 9110, section 9.3.6: a CONNECT has no content, and h2 holds the stream to any length.
#[test]
fn every_length_is_refused() {
    for lines in [
        &["0"] as &[_],
        &["00"],
        &[" 0"],
        &["0 "],
        &["0", "0"],
        &["0", "5"],
        &["0, 0"],
        &["1"],
        &[""],
        &["x"],
    ] {
        let parts = connect_with(&header::CONTENT_LENGTH, lines);
        assert_eq!(refused(&parts), Some(Rejection::Body), "{lines:?}");
    }
    for line in ["chunked", "identity", ""] {
        let parts = connect_with(&header::TRANSFER_ENCODING, &[line]);
        assert_eq!(refused(&parts), Some(Rejection::Body), "{line}");
    }
}

/// 5: subprotocols and extensions are judged as in RFC 6455.
#[test]
fn malformed_offers_are_refused() {
    for (name, line, rejection) in [
        (
            header::SEC_WEBSOCKET_PROTOCOL,
            "a b",
            Rejection::Subprotocols,
        ),
        (
            header::SEC_WEBSOCKET_PROTOCOL,
            "a, a",
            Rejection::Subprotocols,
        ),
        (
            header::SEC_WEBSOCKET_EXTENSIONS,
            "x; ;",
            Rejection::Extensions,
        ),
    ] {
        assert_eq!(refused(&connect_with(&name, &[line])), Some(rejection));
    }
}

/// 5: the origin is judged as in RFC 6455, beside `:authority`.
#[test]
fn origin_is_that_of_the_authority() {
    let same_host = OriginPolicy::same_host();
    for (origin, verdict) in [
        ("https://server.example.com", OK),
        ("https://server.example.com:443", OK),
        ("https://server.example.com:444", Err(Rejection::Origin)),
        ("http://www.example.com", Err(Rejection::Origin)),
    ] {
        let parts = connect_with(&header::ORIGIN, &[origin]);
        assert_eq!(RequestOrigin::of(&parts).check(&same_host), verdict);
    }
    let anywhere = OriginPolicy::any();
    assert_eq!(RequestOrigin::of(&connect()).check(&anywhere), OK);
    let none = connect_with(&header::ORIGIN, &[]);
    assert_eq!(RequestOrigin::of(&none).check(&same_host), OK);

    let origin = "https://server.example.com";
    let two = connect_with(&header::ORIGIN, &[origin, origin]);
    let verdict = RequestOrigin::of(&two).check(&anywhere);
    assert_eq!(verdict, Err(Rejection::OriginRepeated));
    let null = connect_with(&header::ORIGIN, &["null"]);
    let listed = OriginPolicy::list(["null"]);
    assert_eq!(RequestOrigin::of(&null).check(&listed), OK);
    let verdict = RequestOrigin::of(&null).check(&same_host);
    assert_eq!(verdict, Err(Rejection::Origin));
}

/// As above: `:authority` is the host that must be listed.
#[test]
fn listed_host_is_that_of_the_authority() {
    let origin = connect_with(&header::ORIGIN, &["https://server.example.com"]);
    for (hosts, verdict) in [
        (["server.example.com"], OK),
        (["*.example.com"], OK),
        (["server.example.com:443"], OK),
        (["example.com"], Err(Rejection::ForeignHost)),
        (["server.example.com:8443"], Err(Rejection::ForeignHost)),
    ] {
        let policy = OriginPolicy::hosts(hosts);
        for parts in [&origin, &connect_with(&header::ORIGIN, &[])] {
            assert_eq!(
                RequestOrigin::of(parts).check(&policy),
                verdict,
                "{hosts:?}"
            );
        }
    }
}

/// RFC 9113, section 8.6: HTTP/2 knows no upgrade.
#[test]
fn upgrade_over_http2_is_refused() {
    let mut parts = sample();
    for version in [Version::HTTP_2, Version::HTTP_3] {
        parts.version = version;
        assert_eq!(verdict(&parts), Err(Rejection::ExtendedConnect));
    }
}
