//! The request line and the headers of section 4.2.1.

use super::*;

/// 1.2, 1.3: the RFC's own sample is accepted.
#[test]
fn sample_of_the_rfc_is_accepted() {
    let parts = Request::get("/chat")
        .header("Host", "server.example.com")
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Origin", "http://example.com")
        .header("Sec-WebSocket-Protocol", "chat, superchat")
        .header("Sec-WebSocket-Version", "13")
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let handshake = Handshake::check(&parts, None).unwrap();
    assert_eq!(names(&handshake), ["chat", "superchat"]);
    assert_eq!(handshake.accept.unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/// 4.2.1 items 1, 3 and 4; RFC 8441, section 5: what says all of that is a request for a WebSocket,
/// however bad its other headers are.
#[test]
fn request_is_told_by_what_makes_it_one() {
    let asked = |parts: &Parts| is_request(&parts.method, parts.version, &parts.headers, None);
    let mut bare = sample();
    for name in [
        header::HOST,
        header::SEC_WEBSOCKET_KEY,
        header::SEC_WEBSOCKET_VERSION,
    ] {
        bare.headers.remove(name);
    }
    assert!(asked(&bare));
    for name in [header::UPGRADE, header::CONNECTION] {
        assert!(!asked(&sample_with(&name, &["other"])), "{name}");
    }
    let mut parts = sample();
    parts.method = Method::POST;
    assert!(!asked(&parts));
    let mut parts = sample();
    parts.version = Version::HTTP_10;
    assert!(!asked(&parts));
    // What HTTP/1.1 asks for it says in another way.
    parts.version = Version::HTTP_2;
    for (protocol, is_one) in [(None, false), (Some("WebSocket"), true), (Some("x"), false)] {
        let asked = is_request(&parts.method, parts.version, &parts.headers, protocol);
        assert_eq!(asked, is_one, "{protocol:?}");
    }
}

/// RFC 8441: a stream of HTTP/2 has others beside it.
#[test]
fn only_streams_of_http2_are_multiplexed() {
    for (version, is_multiplexed) in [(Version::HTTP_11, false), (Version::HTTP_2, true)] {
        assert_eq!(
            Opening::of(version).unwrap().is_multiplexed(),
            is_multiplexed
        );
    }
}

/// 4.1 item 10: the subprotocols stand in the order of the client.
#[test]
fn offers_can_be_asked_for() {
    let parts = sample_with(&header::SEC_WEBSOCKET_PROTOCOL, &["b, a"]);
    let handshake = Handshake::check(&parts, None).unwrap();
    let offered = handshake.offered().iter().map(Subprotocol::as_str);
    assert_eq!(offered.collect::<Vec<_>>(), ["b", "a"]);
}

/// 4.2.1 item 1: GET, whose letters have a case.
#[test]
fn method_other_than_get_is_refused() {
    for method in [
        "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "get", "GETS", "X",
    ] {
        let mut parts = sample();
        parts.method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(verdict(&parts), Err(Rejection::Method), "{method}");
    }
}

/// 4.2.1 item 1: HTTP/1.1 or higher. RFC 9110, section 7.8: not HTTP/1.0, whatever it says.
#[test]
fn version_below_1_1_is_refused() {
    for version in [Version::HTTP_09, Version::HTTP_10] {
        let mut parts = sample();
        parts.version = version;
        assert_eq!(verdict(&parts), Err(Rejection::HttpVersion), "{version:?}");
    }
}

/// 4.2.1 item 2; RFC 9112, section 3.2: one `Host` that says something.
#[test]
fn host_must_stand_once_and_not_be_empty() {
    let name = header::HOST;
    assert_each(&name, &[&[]], Err(Rejection::HostMissing));
    let repeated: &[&[&str]] = &[&["a", "a"], &["a", "b"], &["a", ""], &["", ""]];
    assert_each(&name, repeated, Err(Rejection::HostRepeated));
    let malformed = ["", " \t ", "%2Ftmp%2Fx", "a/b", "a:x", "u@a", "a b"];
    assert_each_line(&name, &malformed, Err(Rejection::Host));
    let accepted = [
        "a",
        "a:80",
        " a ",
        "[::1]:8080",
        "[::]",
        "[::]:80",
        "127.0.0.1",
    ];
    assert_each_line(&name, &accepted, OK);
}

/// 4.2.1 item 3: `Upgrade` lists "websocket", in any case, on any of its lines.
#[test]
fn upgrade_lists_websocket() {
    let accepted: &[&[&str]] = &[
        &["websocket"],
        &["WebSocket"],
        &["WEBSOCKET"],
        &["wEbSoCkEt"],
        &[" websocket\t"],
        &["h2c, WebSocket"],
        &["h2c,websocket"],
        &["h2c \t,\t websocket , foo/1"],
        &["websocket, h2c"],
        &["h2c", "websocket"],
        &["websocket", "h2c"],
        &["", "websocket"],
        &[",websocket"],
        &[",, ,websocket,,"],
        &["websocket, websocket"],
    ];
    assert_each(&header::UPGRADE, accepted, OK);
}

/// 4.2.1 item 3: a part of another word, or something close to it, is not "websocket".
#[test]
fn upgrade_without_websocket_is_refused() {
    let refused: &[&[&str]] = &[
        &[],
        &[""],
        &[","],
        &["websocketx"],
        &["xwebsocket"],
        &["not-websocket"],
        &["web socket"],
        &["web", "socket"],
        &["web,socket"],
        &["websocket h2c"],
        &["websocket;h2c"],
        &["websocket; q=1"],
        &["\"websocket\""],
        &["websocket/13"],
        &["h2c", "websocketx"],
        &["web\u{17f}ocket"],
        &["websoc\u{212a}et"],
        &["\u{e9}websocket"],
    ];
    assert_each(&header::UPGRADE, refused, Err(Rejection::Upgrade));
}

/// 4.2.1 items 3 and 4; RFC 9110, 7.6.1 and 7.8: beside what is wanted, there are only tokens, and
/// versions behind a slash.
#[test]
fn malformed_lists_are_refused() {
    for (name, wanted, rejection) in [
        (header::UPGRADE, "websocket", Rejection::UpgradeMalformed),
        (
            header::CONNECTION,
            "upgrade",
            Rejection::ConnectionMalformed,
        ),
    ] {
        for element in ["@", "a b", "a/b/c", "a/", "/1", "\"a\"", "a;q=1", "\u{e9}"] {
            let behind = format!("{wanted}, {element}");
            assert_each_line(&name, &[&behind], Err(rejection));
            let before: &[&[&str]] = &[&[element, wanted]];
            assert_each(&name, before, Err(rejection));
        }
    }
}

/// 4.2.1 item 4: `Connection` lists "upgrade", in any case, on any of its lines.
#[test]
fn connection_lists_upgrade() {
    let accepted: &[&[&str]] = &[
        &["upgrade"],
        &["Upgrade"],
        &["UPGRADE"],
        &["uPgRaDe"],
        &[" Upgrade "],
        &["keep-alive, Upgrade"],
        &["Upgrade,keep-alive"],
        &["keep-alive\t,\tUpgrade\t,\tTE"],
        &["keep-alive", "Upgrade"],
        &["Upgrade", "keep-alive"],
        &[",,Upgrade,"],
    ];
    assert_each(&header::CONNECTION, accepted, OK);
}

/// 4.2.1 item 4: "Upgrade" as a part of another word does not count.
#[test]
fn connection_without_upgrade_is_refused() {
    let refused: &[&[&str]] = &[
        &[],
        &[""],
        &[",,"],
        &["keep-alive"],
        &["not-upgraded"],
        &["notupgrade"],
        &["upgraded"],
        &["xupgrade"],
        &["upgrade-insecure-requests"],
        &["up", "grade"],
        &["keep-alive Upgrade"],
        &["keep-alive; Upgrade"],
        &["\"Upgrade\""],
        &["close"],
        &["\u{e9}upgrade"],
    ];
    assert_each(&header::CONNECTION, refused, Err(Rejection::Connection));
}

/// 4.2.1 item 6: 13. 4.3: without a leading zero. 11.3.5: once.
#[test]
fn websocket_version_is_13_once() {
    let name = header::SEC_WEBSOCKET_VERSION;
    assert_each_line(&name, &["13", " 13", "13 ", "\t13 \t"], OK);
    let refused: &[&[&str]] = &[
        &[],
        &[""],
        &["8"],
        &["7"],
        &["0"],
        &["4"],
        &["12"],
        &["14"],
        &["25"],
        &["130"],
        &["113"],
        &["1 3"],
        &["013"],
        &["13.0"],
        &["+13"],
        &["0x0d"],
        &["1\u{e9}3"],
        &["13, 8"],
        &["8, 13"],
        &["13,"],
        &["13, 13"],
        &["13", "13"],
        &["13", "8"],
        &["8", "13"],
        &["13", ""],
        &["\"13\""],
    ];
    assert_each(&name, refused, Err(Rejection::Version));
}

/// No clause (see `Rejection::Body`): only an absent body, or an empty one by length, passes.
#[test]
fn body_is_refused() {
    let chunked = ("transfer-encoding", "chunked");
    let rows: [(&[(&'static str, &str)], _); 17] = [
        (&[], OK),
        (&[("content-length", "0")], OK),
        (&[("content-length", " 0\t")], OK),
        (&[("content-length", "0"), ("content-length", "0")], OK),
        (&[("content-length", "5")], Err(Rejection::Body)),
        // RFC 9110, section 8.6: digits, which hyper reads as we do.
        (&[("content-length", "00")], OK),
        (&[("content-length", "0"), ("content-length", "000")], OK),
        (&[("content-length", "0x0")], Err(Rejection::Body)),
        (&[("content-length", "0 0")], Err(Rejection::Body)),
        (&[("content-length", "-0")], Err(Rejection::Body)),
        (&[("content-length", "")], Err(Rejection::Body)),
        (&[("content-length", "0, 0")], Err(Rejection::Body)),
        (
            &[("content-length", "0"), ("content-length", "5")],
            Err(Rejection::Body),
        ),
        (&[chunked], Err(Rejection::Body)),
        (&[("transfer-encoding", "")], Err(Rejection::Body)),
        (&[("transfer-encoding", "identity")], Err(Rejection::Body)),
        (&[("content-length", "0"), chunked], Err(Rejection::Body)),
    ];
    for (headers, expected) in rows {
        let mut parts = sample();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            parts.headers.append(*name, value);
        }
        assert_eq!(verdict(&parts), expected, "{headers:?}");
    }
}

/// 4.2.1 item 10: what the server does not know is ignored.
#[test]
fn unknown_headers_are_ignored() {
    for name in ["cookie", "x-unknown", "sec-websocket-accept", "expect"] {
        let name = HeaderName::from_static(name);
        assert_each_line(&name, &["", "x", "\u{e9}, \"", "websocket"], OK);
    }
}

/// 4.2.1: the rules are checked in this order, so that the first sentence is the most useful.
#[test]
fn first_broken_rule_is_the_one_reported() {
    let mut parts = sample();
    parts.version = Version::HTTP_10;
    parts.method = Method::POST;
    parts.headers.clear();
    for name in ["content-length", "sec-websocket-protocol"] {
        let value = const { HeaderValue::from_static("5 5") };
        parts.headers.insert(name, value);
    }
    let value = const { HeaderValue::from_static("x;") };
    parts.headers.insert("sec-websocket-extensions", value);

    assert_eq!(verdict(&parts), Err(Rejection::HttpVersion));
    parts.version = Version::HTTP_11;
    assert_eq!(verdict(&parts), Err(Rejection::Method));
    parts.method = Method::GET;
    for (name, value, rejection) in [
        ("host", "h", Rejection::HostMissing),
        ("upgrade", "websocket", Rejection::Upgrade),
        ("connection", "upgrade", Rejection::Connection),
        ("sec-websocket-version", "13", Rejection::Version),
        (
            "sec-websocket-key",
            "AQIDBAUGBwgJCgsMDQ4PEC==",
            Rejection::Key,
        ),
        ("content-length", "0", Rejection::Body),
        ("sec-websocket-protocol", "p", Rejection::Subprotocols),
        ("sec-websocket-extensions", "x", Rejection::Extensions),
    ] {
        assert_eq!(verdict(&parts), Err(rejection));
        parts.headers.insert(name, HeaderValue::from_static(value));
    }
    assert_eq!(verdict(&parts), OK);
}

/// RFC 9110, section 7.8: `Upgrade` means nothing in HTTP/1.0; in HTTP/2 it must not occur.
#[test]
fn attempt_is_http_1_1_with_websocket_or_a_key() {
    let rows: [(&[(&'static str, &'static str)], bool); 9] = [
        (&[], false),
        (&[("upgrade", "h2c")], false),
        (&[("upgrade", "websocketx")], false),
        (&[("connection", "upgrade")], false),
        (&[("sec-websocket-version", "13")], false),
        (&[("upgrade", "h2c, WebSocket")], true),
        (&[("upgrade", "h2c"), ("upgrade", "WEBSOCKET")], true),
        (&[("sec-websocket-key", "")], true),
        (&[("sec-websocket-key", "x"), ("upgrade", "h2c")], true),
    ];
    for (lines, expected) in rows {
        let mut headers = http::HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        assert_eq!(
            is_attempt(Version::HTTP_11, &headers, None),
            expected,
            "{lines:?}"
        );
        for version in [
            Version::HTTP_09,
            Version::HTTP_10,
            Version::HTTP_2,
            Version::HTTP_3,
        ] {
            assert!(
                !is_attempt(version, &headers, None),
                "{version:?} {lines:?}"
            );
        }
    }
    // RFC 8441, section 4: an extended CONNECT tells by its `:protocol` alone.
    let headers = http::HeaderMap::new();
    for (protocol, expected) in [
        ("websocket", true),
        ("WebSocket", true),
        ("connect-udp", false),
    ] {
        let is_attempt = |version| is_attempt(version, &headers, Some(protocol));
        assert_eq!(is_attempt(Version::HTTP_2), expected, "{protocol}");
        let others = [Version::HTTP_10, Version::HTTP_11, Version::HTTP_3];
        assert!(!others.into_iter().any(is_attempt), "{protocol}");
    }
}
