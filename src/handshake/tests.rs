//! The rules of section 4.2, one by one.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, Version, header, request::Parts};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    Handshake, OriginPolicy, Rejection, RequestOrigin, is_attempt, key, switching_protocols,
};
use crate::config::Subprotocol;

const OK: Result<(), Rejection> = Ok(());

/// The RFC's sample of a handshake (1.2).
fn sample() -> Parts {
    Request::get("/chat")
        .header("host", "server.example.com")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .body(())
        .unwrap()
        .into_parts()
        .0
}

/// The sample with `lines` for all there is of a header.
fn sample_with<L: AsRef<[u8]>>(name: &HeaderName, lines: &[L]) -> Parts {
    let mut parts = sample();
    parts.headers.remove(name);
    for line in lines {
        let value = HeaderValue::from_bytes(line.as_ref()).unwrap();
        parts.headers.append(name, value);
    }
    parts
}

fn verdict(parts: &Parts) -> Result<(), Rejection> {
    Handshake::check(parts).map(drop)
}

/// Each row is the lines of the header in one request.
fn assert_each(name: &HeaderName, rows: &[&[&str]], expected: Result<(), Rejection>) {
    for lines in rows {
        let parts = sample_with(name, lines);
        assert_eq!(verdict(&parts), expected, "{name}: {lines:?}");
    }
}

/// Each row is the header's only line.
fn assert_each_line(name: &HeaderName, rows: &[&str], expected: Result<(), Rejection>) {
    for line in rows {
        assert_each(name, &[&[line]], expected);
    }
}

// Method, version, host.

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
    let handshake = Handshake::check(&parts).unwrap();
    assert_eq!(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(names(&handshake), ["chat", "superchat"]);
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
    let refused: &[&[&str]] = &[&[], &[""], &[" \t "], &["a", "a"], &["a", "b"], &["a", ""]];
    assert_each(&name, refused, Err(Rejection::Host));
    let accepted = ["a", "a:80", " a ", "[::1]:8080", "127.0.0.1"];
    assert_each_line(&name, &accepted, OK);
}

// Upgrade, connection.

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

// Version, key, body.

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

/// 4.2.2 item 5.4: the accept of the key as it was sent. The first vector is that of 1.3;
/// the second is the key of 4.1 item 7, whose last bits a strict decoder refuses; the
/// others were computed with Python's hashlib.
#[test]
fn accept_is_the_digest_of_the_key_as_sent() {
    for (key, accept) in [
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("AQIDBAUGBwgJCgsMDQ4PEC==", "OfS0wDaT5NoxF2gqm7Zj2YtetzM="),
        ("AQIDBAUGBwgJCgsMDQ4PEA==", "C/0nmHhBztSRGR1CwL6Tf4ZjwpY="),
        ("AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
        ("/////////////////////w==", "XXpj4jYzLM2yUE0C7TIgMwTQh2g="),
        ("++++++++++++++++++++++==", "C0o3Ovh8UpcaIgcDTjj6slVZpdM="),
    ] {
        assert_eq!(key::accept(key.as_bytes()), accept);
        for sent in [key.to_owned(), format!(" \t{key}\t ")] {
            let parts = sample_with(&header::SEC_WEBSOCKET_KEY, &[sent]);
            assert_eq!(Handshake::check(&parts).unwrap().accept, accept);
        }
    }
}

/// 4.2.1 item 5: a base64 value that decodes to 16 bytes. 11.3.1: once.
#[test]
fn key_that_is_not_16_bytes_in_base64_is_refused() {
    let name = header::SEC_WEBSOCKET_KEY;
    let refused: &[&[&str]] = &[
        // None, and an empty one.
        &[],
        &[""],
        &["="],
        &["=="],
        &["===="],
        &["========================"],
        // 15 bytes, 17, 18, 12, 32, and a single one.
        &["AAECAwQFBgcICQoLDA0O"],
        &["AAECAwQFBgcICQoLDA0ODxA="],
        &["AAECAwQFBgcICQoLDA0ODxAR"],
        &["AAECAwQFBgcICQoL"],
        &["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
        &["AA=="],
        // The padding is missing, short, long, or in the wrong place.
        &["AAECAwQFBgcICQoLDA0ODw"],
        &["AAECAwQFBgcICQoLDA0ODw="],
        &["AAECAwQFBgcICQoLDA0ODw==="],
        &["AAECAwQFBgcICQoLDA0OD==="],
        &["==AAECAwQFBgcICQoLDA0ODw"],
        &["AAECAwQFBgcICQoLDA0O=Dw="],
        &["AAECAwQFBgc=ICQoLDA0Ow=="],
        &["AAECAwQFBgcICQoLDA0ODw%3D%3D"],
        // The alphabet of URLs.
        &["-__7__v_-__7__v_-__7_w=="],
        &["AAECAwQFBgcICQoLDA0O_w=="],
        &["AAECAwQFBgcICQoLDA0O-w=="],
        // White space inside.
        &["dGhl IHNhbXBsZSBub25jZQ=="],
        &["dGhlIHNhbXBs ZSBub25jZQ="],
        &["dGhlIHNhbXBs\tZSBub25jZQ="],
        &["dGhlIHNhbXBsZSBub25jZQ ="],
        &["dGhlIHNhbXBsZSBub25jZQ= ="],
        // Other characters.
        &["dGhlIHNhbXBsZSBub25jZ!=="],
        &["dGhlIHNhbXBsZSBub25jZ\u{e9}="],
        &["\"HhlIHNhbXBsZSBub25jZQ\"="],
        &["\"dGhlIHNhbXBsZSBub25jZQ==\""],
        &["dGhlIHNhbXBsZSBub25jZQ==,"],
        &["dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="],
        // Twice.
        &["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="],
        &["dGhlIHNhbXBsZSBub25jZQ==", "AQIDBAUGBwgJCgsMDQ4PEA=="],
        &["dGhlIHNhbXBsZSBub25jZQ==", ""],
        &["", "dGhlIHNhbXBsZSBub25jZQ=="],
    ];
    assert_each(&name, refused, Err(Rejection::Key));
}

/// 4.1 item 7: the trailing bits of the last character are not looked at.
#[test]
fn key_with_any_trailing_bits_is_accepted() {
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".chars() {
        let key = format!("AQIDBAUGBwgJCgsMDQ4PE{last}==");
        assert_each_line(&header::SEC_WEBSOCKET_KEY, &[&key], OK);
    }
}

/// No clause (see `Rejection::Body`): only an absent body, or an empty one by length, passes.
#[test]
fn body_is_refused() {
    let chunked = ("transfer-encoding", "chunked");
    let rows: [(&[(&'static str, &str)], _); 14] = [
        (&[], OK),
        (&[("content-length", "0")], OK),
        (&[("content-length", " 0\t")], OK),
        (&[("content-length", "0"), ("content-length", "0")], OK),
        (&[("content-length", "5")], Err(Rejection::Body)),
        (&[("content-length", "00")], Err(Rejection::Body)),
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
        ("host", "h", Rejection::Host),
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
            is_attempt(Version::HTTP_11, &headers),
            expected,
            "{lines:?}"
        );
        for version in [
            Version::HTTP_09,
            Version::HTTP_10,
            Version::HTTP_2,
            Version::HTTP_3,
        ] {
            assert!(!is_attempt(version, &headers), "{version:?} {lines:?}");
        }
    }
}

// Subprotocols.

fn names(handshake: &Handshake) -> Vec<&str> {
    handshake.offered.iter().map(Subprotocol::as_str).collect()
}

/// 4.1 item 10, 11.3.4: several lines are one list, in the client's order.
#[test]
fn subprotocols_are_offered_in_order() {
    let rows: &[(&[&str], &[&str])] = &[
        (&[], &[]),
        (&["chat"], &["chat"]),
        (&["chat, superchat"], &["chat", "superchat"]),
        (&["superchat,chat"], &["superchat", "chat"]),
        (&["b", "a"], &["b", "a"]),
        (&["c, b", "a"], &["c", "b", "a"]),
        (&[" \ta\t ,\tb "], &["a", "b"]),
        // RFC 9110, section 5.6.1: empty elements are ignored.
        (&[",a,, b ,\t,"], &["a", "b"]),
        (&["", "a", ",", "b"], &["a", "b"]),
        // Tokens are compared case-sensitively.
        (&["chat, Chat"], &["chat", "Chat"]),
        (&["!#$%&'*+-.^_`|~09azAZ"], &["!#$%&'*+-.^_`|~09azAZ"]),
        (&["constructor, __proto__"], &["constructor", "__proto__"]),
    ];
    for (lines, expected) in rows {
        let parts = sample_with(&header::SEC_WEBSOCKET_PROTOCOL, lines);
        let handshake = Handshake::check(&parts).unwrap();
        assert_eq!(names(&handshake), *expected, "{lines:?}");
    }
}

/// 4.1 item 10: one or more elements, each a token, all different.
#[test]
fn malformed_subprotocols_are_refused() {
    let name = &header::SEC_WEBSOCKET_PROTOCOL;
    let refused: &[&[&str]] = &[
        // Nothing but separators.
        &[""],
        &[" \t"],
        &[","],
        &[",,,"],
        &[" , \t, "],
        &["", ","],
        // The same twice.
        &["chat, chat"],
        &["chat,,chat"],
        &["chat", "chat"],
        &["a, b, c, a"],
        &["a, b", "c, b"],
        // No tokens.
        &["two words"],
        &["a, two words, b"],
        &["tab\tbed"],
        &["a;q=1"],
        &["a=b"],
        &["a/b"],
        &["http://example.com"],
        &["(a)"],
        &["<a>"],
        &["a@b"],
        &["[a]"],
        &["{a}"],
        &["a?"],
        &["a\\b"],
        &["\"chat\""],
        &["a", "b c"],
        &["\u{e9}"],
        &["chat, caf\u{e9}"],
    ];
    assert_each(name, refused, Err(Rejection::Subprotocols));
    for byte in 0x80..=0xff {
        let parts = sample_with(name, &[[b'a', byte, b'z']]);
        assert_eq!(verdict(&parts), Err(Rejection::Subprotocols), "{byte:#x}");
    }
}

// Extensions.

/// 9.1: extensions that we do not know are ignored, so every well-formed list is accepted.
#[test]
fn well_formed_extensions_are_accepted() {
    let accepted: &[&[&str]] = &[
        &[],
        &["foo"],
        &["permessage-deflate"],
        &["permessage-deflate; client_max_window_bits"],
        &["permessage-deflate; server_max_window_bits=10"],
        &["permessage-deflate; server_max_window_bits=\"10\""],
        &["permessage-deflate;a;b=c;d=\"e\", permessage-deflate"],
        // The examples of 9.1.
        &["foo", "bar; baz=2"],
        &["foo, bar; baz=2"],
        &["deflate-stream"],
        &["mux; max-channels=4; flow-control, deflate-stream"],
        &["private-extension"],
        // White space wherever tokens meet.
        &["\t foo \t;\t bar \t=\t baz \t,\t qux \t"],
        &["foo ; bar = \"baz\" ; qux , x"],
        // RFC 9110, section 5.6.1: empty elements are ignored.
        &[",foo"],
        &["foo,"],
        &["foo,,bar"],
        &[", \t,foo, ,"],
        &["", "foo"],
        &["foo", ",,"],
        // The same twice, in one list and in one extension.
        &["foo, foo"],
        &["foo; a; a=1; a=2"],
        // Every character of a token.
        &["!#$%&'*+-.^_`|~09azAZ; !#$%&'*+-.^_`|~09azAZ=!#$%&'*+-.^_`|~09azAZ"],
        &["x; y=\"!#$%&'*+-.^_`|~09azAZ\""],
        // Quoted pairs, one, many, all.
        &["x; y=\"\\a\""],
        &["x; y=\"a\\b\""],
        &["x; y=\"\\a\\b\\c\""],
        &["x; y=\"\\1\\0\""],
        // Names that have crashed others.
        &["constructor"],
        &["__proto__; constructor=hasOwnProperty"],
    ];
    assert_each(&header::SEC_WEBSOCKET_EXTENSIONS, accepted, OK);
}

/// 9.1: a malformed list fails the handshake, also of extensions that we do not know.
#[test]
fn malformed_extensions_are_refused() {
    let refused = [
        // No extension.
        "",
        " \t",
        ",",
        " , \t,,",
        // Semicolons without a parameter, or without an extension.
        ";",
        "foo;",
        "foo; ",
        "foo;;",
        "foo;;a",
        "foo; ;a",
        "foo;a;",
        ";a",
        ", ;a",
        "foo;,bar",
        "foo;a;,bar",
        // Equals signs without a name, or without a value.
        "=",
        "foo=bar",
        "foo; =",
        "foo; =b",
        "foo; a=",
        "foo; a= ",
        "foo; a=;b",
        "foo; a=,bar",
        "foo; a==b",
        "foo; a=b=c",
        "foo; a=b\"c\"",
        // Two words where one belongs.
        "foo bar",
        "foo\tbar",
        "foo; a b",
        "foo; a=b c",
        "foo; a=\"b\" c",
        "foo; a \"b\"",
        "foo, bar baz",
        // Characters that no token has.
        "foo/1",
        "(foo)",
        "foo; a=(b)",
        "foo; a=b@c",
        "foo; a=[b]",
        "foo; a={b}",
        "foo; a=<b>",
        "foo; a=b:c",
        "foo; a=b?",
        "foo; a=\\b",
        "foo; \\a=b",
        "\\foo",
    ];
    let name = &header::SEC_WEBSOCKET_EXTENSIONS;
    assert_each_line(name, &refused, Err(Rejection::Extensions));
    let refused: &[&[&str]] = &[
        &["", ""],
        &[",", " "],
        &["foo", "bar;"],
        &["foo;", "a"],
        &["foo; a", "=b"],
    ];
    assert_each(name, refused, Err(Rejection::Extensions));
}

/// 9.1: a value in quotes, once it is unescaped, is a token; quotes stand nowhere else.
#[test]
fn malformed_quotes_are_refused() {
    let refused = [
        // Quotes where a token belongs.
        "\"foo\"",
        "foo; \"a\"",
        "foo; \"a\"=b",
        "foo, \"bar\"",
        // Quoted values that are no token once they are unescaped.
        "foo; a=\"\"",
        "foo; a=\" \"",
        "foo; a=\"b c\"",
        "foo; a=\"b\tc\"",
        "foo; a=\"b,c\"",
        "foo; a=\"b;c\"",
        "foo; a=\"b=c\"",
        "foo; a=\"b/c\"",
        "foo; a=\" b\"",
        "foo; a=\"b \"",
        "foo; a=\"\\ \"",
        "foo; a=\"\\\t\"",
        "foo; a=\"\\,\"",
        "foo; a=\"\\\"\"",
        "foo; a=\"\\\\\"",
        "foo; a=\"b\\\"c\"",
        // Quotes that are not closed, or not opened.
        "foo; a=\"",
        "foo; a=\"b",
        "foo; a=\"\\",
        "foo; a=\"\\\"",
        "foo; a=\"b\\",
        "foo; a=\"b\\\"",
        "foo; a=\"b, bar",
        "foo; a=b\"",
        "foo; a=\"b\"\"",
        "foo; a=\"b\"c",
        "foo; a=\"b\"\"c\"",
        "foo; a='b c'",
    ];
    let name = &header::SEC_WEBSOCKET_EXTENSIONS;
    assert_each_line(name, &refused, Err(Rejection::Extensions));
    // Lines are joined by a comma, also between quotes.
    let refused: &[&[&str]] = &[&["foo; a=\"b", "c\""], &["foo; a=\"b\\", "\""]];
    assert_each(name, refused, Err(Rejection::Extensions));
}

/// 9.1: a token is ASCII.
#[test]
fn extensions_beyond_ascii_are_refused() {
    let refused = [
        "\u{e9}",
        "foo\u{e9}",
        "foo; \u{e9}",
        "foo; a=\u{e9}",
        "foo; a=\"\u{e9}\"",
        "foo; a=\"\\\u{e9}\"",
        "foo, \u{e9}",
    ];
    let name = &header::SEC_WEBSOCKET_EXTENSIONS;
    assert_each_line(name, &refused, Err(Rejection::Extensions));
    for byte in 0x80..=0xff {
        for line in [[byte].as_slice(), &[b'a', byte], b"a;b=\"\\\xff\""] {
            let parts = sample_with(name, &[line]);
            assert_eq!(verdict(&parts), Err(Rejection::Extensions), "{byte:#x}");
        }
    }
}

// Origin.

fn origin_verdict(policy: &OriginPolicy, host: &str, origins: &[&str]) -> Result<(), Rejection> {
    let mut parts = sample_with(&header::HOST, &[host]);
    for origin in origins {
        let origin = HeaderValue::from_bytes(origin.as_bytes()).unwrap();
        parts.headers.append(header::ORIGIN, origin);
    }
    RequestOrigin::of(&parts.headers).check(policy)
}

/// 10.2: without `Origin` the client is not a page, and every policy lets it pass.
#[test]
fn request_without_origin_passes_every_policy() {
    for policy in [
        OriginPolicy::default(),
        OriginPolicy::same_host(),
        OriginPolicy::list(["https://good.com"]),
        OriginPolicy::list([""; 0]),
        OriginPolicy::any(),
    ] {
        assert_eq!(origin_verdict(&policy, "good.com", &[]), OK, "{policy:?}");
    }
}

/// 4.2.2 item 2, 10.2: by default the host and the port of the page are those of `Host`.
#[test]
fn page_of_the_same_host_passes() {
    for policy in [OriginPolicy::default(), OriginPolicy::same_host()] {
        for (host, origin) in [
            ("good.com", "http://good.com"),
            ("good.com", "https://good.com"),
            ("GOOD.com", "https://good.COM"),
            (" good.com ", "\thttps://good.com "),
            // A default port is the same as none.
            ("good.com", "http://good.com:80"),
            ("good.com", "https://good.com:443"),
            ("good.com:80", "http://good.com"),
            ("good.com:443", "https://good.com"),
            ("good.com:80", "http://good.com:80"),
            ("good.com:443", "https://good.com:443"),
            ("good.com:8080", "http://good.com:8080"),
            ("good.com:8080", "https://good.com:8080"),
            ("localhost:3000", "http://localhost:3000"),
            ("127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("[::1]", "http://[::1]"),
            ("[::1]:80", "http://[::1]"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("[2001:DB8::1]", "https://[2001:db8::1]:443"),
        ] {
            let passed = origin_verdict(&policy, host, &[origin]);
            assert_eq!(passed, OK, "{origin} at {host}");
        }
    }
}

/// 4.2.2 item 2, 10.2: every other page is refused.
#[test]
fn page_of_another_host_is_refused() {
    let policy = OriginPolicy::same_host();
    for (host, origin) in [
        ("good.com", ""),
        ("good.com", "null"),
        ("good.com", "good.com"),
        ("good.com", "//good.com"),
        ("good.com", "https:good.com"),
        ("good.com", "https:/good.com"),
        ("good.com", "https://"),
        ("good.com", "https:///good.com"),
        ("good.com", "https://evil.com"),
        // What starts or ends like it.
        ("good.com", "https://good.com.evil"),
        ("good.com", "https://good.com."),
        ("good.com", "https://good.comevil"),
        ("good.com", "https://good.co"),
        ("good.com", "https://evil-good.com"),
        ("good.com", "https://evilgood.com"),
        ("good.com", "https://www.good.com"),
        ("good.com", "https://.good.com"),
        // What carries it elsewhere.
        ("good.com", "https://good.com@evil"),
        ("good.com", "https://good.com:443@evil"),
        ("good.com", "https://good.com:@evil"),
        ("good.com", "https://evil@good.com"),
        ("good.com", "https://evil/good.com"),
        ("good.com", "https://evil?good.com"),
        ("good.com", "https://evil#good.com"),
        ("good.com", "https://evil\\good.com"),
        ("good.com", "https://evil\\@good.com"),
        // An origin has no path.
        ("good.com", "https://good.com/"),
        ("good.com", "https://good.com/chat"),
        ("good.com", "https://good.com?"),
        ("good.com", "https://good.com#"),
        ("good.com", "https://good.com:443/"),
        // Other ports.
        ("good.com", "http://good.com:443"),
        ("good.com", "https://good.com:80"),
        ("good.com", "http://good.com:8080"),
        ("good.com:80", "https://good.com"),
        ("good.com:443", "http://good.com"),
        ("good.com:8080", "http://good.com"),
        ("good.com:8080", "http://good.com:8081"),
        // No ports.
        ("good.com", "https://good.com:"),
        ("good.com", "https://good.com:x"),
        ("good.com", "https://good.com:+443"),
        ("good.com", "https://good.com:0443"),
        ("good.com", "https://good.com:443:443"),
        ("good.com", "https://good.com:000000443"),
        // Other schemes.
        ("good.com", "ws://good.com"),
        ("good.com", "wss://good.com"),
        ("good.com", "ftp://good.com"),
        ("good.com", "file://good.com"),
        ("good.com", "chrome-extension://good.com"),
        ("good.com", "xhttps://good.com"),
        ("good.com", "httpss://good.com"),
        ("good.com", " x https://good.com"),
        // Addresses.
        ("[::1]", "http://[::2]"),
        ("[::1]", "http://::1"),
        ("::1", "http://::1"),
        ("[::1]:8080", "http://[::1]"),
        ("[::1]", "http://[::1]:8080"),
        ("[::1]", "http://[::1]evil"),
        ("127.0.0.1", "http://localhost"),
        // Several origins in one line.
        ("good.com", "https://good.com https://good.com"),
        ("good.com", "https://good.com https://evil.com"),
        ("good.com", "https://good.com, https://good.com"),
        ("good.com", "https://good.com,https://evil.com"),
        // Bytes beyond ASCII.
        ("good.com", "https://good.com\u{e9}"),
        ("good.com", "https://g\u{f6}\u{f6}d.com"),
        ("good.com", "\u{e9}"),
        // A host of no use, though the origin says the same.
        ("good.com/chat", "https://good.com/chat"),
        ("good.com?", "https://good.com?"),
        ("good.com#", "https://good.com#"),
        ("good.com\\", "https://good.com\\"),
        ("evil@good.com", "https://evil@good.com"),
        ("good.com evil", "https://good.com evil"),
        ("good.com:x", "https://good.com:x"),
        (":443", "https://:443"),
        ("good.com@evil", "https://evil"),
        ("good.com, evil", "https://evil"),
    ] {
        let refused = origin_verdict(&policy, host, &[origin]);
        assert_eq!(refused, Err(Rejection::Origin), "{origin} at {host}");
    }
}

/// RFC 6454, section 7.3: two `Origin` headers say nothing, so no policy lets them pass.
#[test]
fn two_origins_are_refused_by_every_policy() {
    for policy in [
        OriginPolicy::same_host(),
        OriginPolicy::list(["https://good.com"]),
        OriginPolicy::any(),
    ] {
        for second in ["https://good.com", "https://evil.com", ""] {
            for origins in [["https://good.com", second], [second, "https://good.com"]] {
                let refused = origin_verdict(&policy, "good.com", &origins);
                assert_eq!(refused, Err(Rejection::Origin), "{policy:?}, {origins:?}");
            }
        }
    }
}

/// 10.2: a list takes whole origins, whatever the host is.
#[test]
fn listed_origins_pass_and_no_others() {
    let policy = OriginPolicy::list(["https://good.com", "http://localhost:3000", "null"]);
    for host in ["good.com", "api.internal:9000"] {
        for origin in [
            "https://good.com",
            "HTTPS://Good.COM",
            " https://good.com\t",
            "http://localhost:3000",
            "null",
        ] {
            assert_eq!(origin_verdict(&policy, host, &[origin]), OK, "{origin}");
        }
        for origin in [
            "",
            "http://good.com",
            "https://good.com:443",
            "https://good.com/",
            "https://good.com.evil",
            "https://evil-good.com",
            "https://good.com@evil",
            "https://evil",
            "http://localhost",
            "http://localhost:30000",
            "http://api.internal:9000",
            "https://good.com, null",
            "nul",
            "nullx",
            "https://good.com\u{e9}",
        ] {
            let refused = origin_verdict(&policy, host, &[origin]);
            assert_eq!(refused, Err(Rejection::Origin), "{origin}");
        }
    }
    let nothing = OriginPolicy::list([""; 0]);
    for origin in ["", "null", "https://good.com"] {
        let refused = origin_verdict(&nothing, "good.com", &[origin]);
        assert_eq!(refused, Err(Rejection::Origin), "{origin}");
    }
}

/// 10.2: who wants every page gets it, whatever it calls itself.
#[test]
fn any_origin_passes_if_that_is_the_policy() {
    for origin in ["", "null", "https://evil", "no origin", "\u{e9}"] {
        let passed = origin_verdict(&OriginPolicy::any(), "good.com", &[origin]);
        assert_eq!(passed, OK, "{origin}");
    }
}

// Responses.

/// Written out once more here, so that a change of the table is a decision.
const REJECTIONS: [(Rejection, u16); 14] = [
    (Rejection::Method, 405),
    (Rejection::HttpVersion, 426),
    (Rejection::Host, 400),
    (Rejection::Upgrade, 426),
    (Rejection::Connection, 400),
    (Rejection::Version, 426),
    (Rejection::Key, 400),
    (Rejection::Body, 400),
    (Rejection::Subprotocols, 400),
    (Rejection::Extensions, 400),
    (Rejection::Origin, 403),
    (Rejection::Path, 404),
    (Rejection::SubprotocolNotOffered, 500),
    (Rejection::NotUpgradable, 500),
];

/// 4.2.2 item 5: the response has these headers and no others; RFC 9110, section 8.6: no length.
#[test]
fn response_to_a_valid_handshake_has_the_headers_of_the_rfc() {
    let chat = const { Subprotocol::from_static("chat") };
    for selected in [None, Some(&chat)] {
        let accept = key::accept(b"dGhlIHNhbXBsZSBub25jZQ==");
        let response: Response<Bytes> = switching_protocols(accept, selected);
        assert_eq!(response.status(), 101);
        assert!(response.body().is_empty());
        let mut expected = vec![
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ];
        if selected.is_some() {
            expected.push(("sec-websocket-protocol", "chat"));
        }
        assert_headers(&response, &expected);
    }
}

/// 4.2.2: a refusal is a response with an error status, a reason for people and one for code.
#[test]
fn response_of_a_rejection_tells_its_reason() {
    for (rejection, status) in REJECTIONS {
        // A new variant belongs into the table.
        match rejection {
            Rejection::Method
            | Rejection::HttpVersion
            | Rejection::Host
            | Rejection::Upgrade
            | Rejection::Connection
            | Rejection::Version
            | Rejection::Key
            | Rejection::Body
            | Rejection::Subprotocols
            | Rejection::Extensions
            | Rejection::Origin
            | Rejection::Path
            | Rejection::SubprotocolNotOffered
            | Rejection::NotUpgradable => {}
        }
        assert_eq!(rejection.status(), status);
        let response: Response<Bytes> = rejection.into_response();
        assert_eq!(response.status(), status, "{rejection:?}");
        assert_eq!(response.extensions().get(), Some(&rejection));
        assert_eq!(response.body(), format!("{rejection}\n").as_bytes());

        let sentence = rejection.to_string();
        assert!(sentence.starts_with(|first: char| first.is_lowercase() || first == '\''));
        assert!(!sentence.ends_with('.') && !sentence.contains(['\n', '\r']));

        let length = response.body().len().to_string();
        let mut expected = vec![
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", &length),
        ];
        match status {
            // RFC 9110, sections 15.5.6 and 15.5.22.
            405 => expected.push(("allow", "GET")),
            426 => expected.extend([("upgrade", "websocket"), ("connection", "Upgrade")]),
            _ => {}
        }
        if rejection == Rejection::Version {
            // 4.2.2 item 4, 4.4.
            expected.push(("sec-websocket-version", "13"));
        }
        assert_headers(&response, &expected);
    }
}

fn assert_headers(response: &Response<Bytes>, expected: &[(&str, &str)]) {
    let mut found: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

// Time.

/// CVE-2021-32640, CVE-2020-7662: what a header costs grows no faster than its length.
///
/// Eight times the length may cost 24 times as much; a quadratic rule costs 64.
#[test]
fn hostile_values_cost_linear_time() {
    type Value = fn(usize) -> Vec<u8>;

    fn repeat(unit: &str, len: usize) -> Vec<u8> {
        unit.repeat(len / unit.len()).into_bytes()
    }
    fn numbered(separator: &str, len: usize) -> Vec<u8> {
        let names: Vec<_> = (0..len / 7).map(|n| format!("p{n:05}")).collect();
        names.join(separator).into_bytes()
    }
    let spaces: Value = |len| [b"b", &*b" ".repeat(len), b"x"].concat();
    let padding: Value = |len| {
        let half = " ".repeat(len / 2);
        [half.as_bytes(), b"b", half.as_bytes()].concat()
    };
    let commas: Value = |len| repeat(",", len);
    let spaced_commas: Value = |len| repeat(" , ", len);
    let tokens: Value = |len| numbered(",", len);
    let params: Value = |len| numbered(";", len);
    let token: Value = |len| repeat("t", len);
    let same: Value = |len| repeat("t,", len);
    let pairs: Value = |len| [b"a; b=\"", &*repeat("\\c", len)].concat();
    let quotes: Value = |len| [b"a", &*repeat(";b=\"c\"", len), b";b=\""].concat();
    let obs_text: Value = |len| vec![0xff; len];

    let protocol = header::SEC_WEBSOCKET_PROTOCOL;
    let extensions = header::SEC_WEBSOCKET_EXTENSIONS;
    let rows: [(&HeaderName, Value, Result<(), Rejection>); 28] = [
        (&protocol, spaces, Err(Rejection::Subprotocols)),
        (&protocol, padding, OK),
        (&protocol, commas, Err(Rejection::Subprotocols)),
        (&protocol, spaced_commas, Err(Rejection::Subprotocols)),
        (&protocol, tokens, OK),
        (&protocol, token, OK),
        (&protocol, same, Err(Rejection::Subprotocols)),
        (&protocol, pairs, Err(Rejection::Subprotocols)),
        (&protocol, obs_text, Err(Rejection::Subprotocols)),
        (&extensions, spaces, Err(Rejection::Extensions)),
        (&extensions, padding, OK),
        (&extensions, commas, Err(Rejection::Extensions)),
        (&extensions, spaced_commas, Err(Rejection::Extensions)),
        (&extensions, tokens, OK),
        (&extensions, params, OK),
        (&extensions, token, OK),
        (&extensions, same, OK),
        (&extensions, pairs, Err(Rejection::Extensions)),
        (&extensions, quotes, Err(Rejection::Extensions)),
        (&extensions, obs_text, Err(Rejection::Extensions)),
        (&header::UPGRADE, spaces, Err(Rejection::Upgrade)),
        (&header::UPGRADE, padding, Err(Rejection::Upgrade)),
        (&header::UPGRADE, commas, Err(Rejection::Upgrade)),
        (
            &header::CONNECTION,
            spaced_commas,
            Err(Rejection::Connection),
        ),
        (&header::SEC_WEBSOCKET_KEY, padding, Err(Rejection::Key)),
        (&header::SEC_WEBSOCKET_KEY, token, Err(Rejection::Key)),
        (&header::SEC_WEBSOCKET_KEY, spaces, Err(Rejection::Key)),
        (
            &header::SEC_WEBSOCKET_VERSION,
            spaces,
            Err(Rejection::Version),
        ),
    ];
    for (row, (name, value, expected)) in rows.into_iter().enumerate() {
        let [short, long, huge] = [1, 8, 64].map(|kib| sample_with(name, &[value(kib << 10)]));
        assert_eq!(verdict(&short), expected, "{name}, row {row}");
        assert_eq!(verdict(&long), expected, "{name}, row {row}");
        assert_eq!(verdict(&huge), expected, "{name}, row {row}");
        assert!(costs_at_most(24, &long, &short), "{name}, row {row}");
    }
}

/// Whether `long` takes at most `times` as long to check as `short`, in the best runs of both.
fn costs_at_most(times: u32, long: &Parts, short: &Parts) -> bool {
    let time = |parts: &Parts| {
        let start = Instant::now();
        let _ = black_box(Handshake::check(black_box(parts)));
        start.elapsed()
    };
    let (mut slow, mut fast) = (Duration::MAX, Duration::MAX);
    // What is too fast to measure is fast enough.
    let floor = Duration::from_micros(10);
    // Short runs, and many: the machine may be busy with other things.
    (0..1000).any(|run| {
        fast = fast.min(time(short));
        slow = slow.min(time(long));
        run >= 5 && slow <= times * fast.max(floor)
    })
}

/// CVE-2021-32640: 10,000 subprotocols are read, in order, and a repeated one is found.
#[test]
fn many_subprotocols_are_all_compared() {
    let mut offered: Vec<_> = (0..10_000).map(|n| format!("p{n}")).collect();
    let parts = sample_with(&header::SEC_WEBSOCKET_PROTOCOL, &[offered.join(", ")]);
    assert_eq!(names(&Handshake::check(&parts).unwrap()), offered);
    offered.push("p0".into());
    let parts = sample_with(&header::SEC_WEBSOCKET_PROTOCOL, &[offered.join(", ")]);
    assert_eq!(verdict(&parts), Err(Rejection::Subprotocols));
}

// Properties.

/// The bytes of a header's value (RFC 9110, section 5.5).
fn value_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => select(b" \t,;=\"\\-:/[]@.".as_slice()),
        4 => 0x21..=0x7e_u8,
        1 => 0x80..=0xff_u8,
    ]
}

fn header_line() -> impl Strategy<Value = (HeaderName, Vec<u8>)> {
    let name = select(vec![
        header::HOST,
        header::UPGRADE,
        header::CONNECTION,
        header::SEC_WEBSOCKET_KEY,
        header::SEC_WEBSOCKET_VERSION,
        header::SEC_WEBSOCKET_PROTOCOL,
        header::SEC_WEBSOCKET_EXTENSIONS,
        header::ORIGIN,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::COOKIE,
    ]);
    (name, vec(value_byte(), 0..40))
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(1024))]

    /// 4.2.1: no bytes of a header make the check panic, and what passes has its form.
    #[test]
    fn arbitrary_header_bytes_never_panic(
        keeps_sample in any::<bool>(),
        replaces in any::<bool>(),
        lines in vec(header_line(), 0..6),
    ) {
        let mut parts = sample();
        if !keeps_sample {
            parts.headers.clear();
        }
        for (name, value) in lines {
            let value = HeaderValue::from_bytes(&value).unwrap();
            if replaces {
                parts.headers.insert(name, value);
            } else {
                parts.headers.append(name, value);
            }
        }
        is_attempt(parts.version, &parts.headers);
        for policy in [
            OriginPolicy::same_host(),
            OriginPolicy::list(["https://good.com"]),
            OriginPolicy::any(),
        ] {
            let _ = RequestOrigin::of(&parts.headers).check(&policy);
        }
        match Handshake::check(&parts) {
            Ok(handshake) => {
                prop_assert_eq!(handshake.accept.len(), 28);
                prop_assert!(is_attempt(parts.version, &parts.headers));
            }
            Err(rejection) => prop_assert!(rejection.status().is_client_error()),
        }
    }

    /// 9.1: whatever the grammar makes is accepted.
    #[test]
    fn generated_extensions_are_accepted(lines in extension_lines()) {
        let parts = sample_with(&header::SEC_WEBSOCKET_EXTENSIONS, &lines);
        prop_assert_eq!(verdict(&parts), OK, "{:?}", lines);
    }

    /// 9.1: a recogniser that follows the grammar rule by rule comes to the same verdict.
    #[test]
    fn extensions_are_judged_as_by_the_grammar(
        lines in vec(vec(select(ALPHABET.as_slice()), 0..16), 1..3),
    ) {
        assert_judged_as_by_the_grammar(&lines);
    }

    /// 9.1: as above, of strings that are close to well-formed ones.
    #[test]
    fn damaged_extensions_are_judged_as_by_the_grammar(
        mut lines in extension_lines(),
        line in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        byte in select(ALPHABET.as_slice()),
        inserts in any::<bool>(),
    ) {
        let line = line.get_mut(&mut lines);
        let place = place.index(line.len() + 1);
        if inserts || place == line.len() {
            line.insert(place, byte);
        } else {
            line[place] = byte;
        }
        assert_judged_as_by_the_grammar(&lines);
    }

    /// 10.2: of all that is made of such pieces, four origins are those of `good.com`.
    #[test]
    fn only_the_origins_of_the_host_pass(
        pieces in vec(
            select(vec![
                "http", "https", "://", "good.com", "GOOD.com", "evil", ":", ":80", ":443", "@",
                "/", ".", "-", "[", "]", "\\", "?", "#", " ", ",", "%", "null", "\u{e9}",
            ]),
            0..7,
        ),
    ) {
        let origin = pieces.concat();
        let is_same = [
            "http://good.com",
            "http://good.com:80",
            "https://good.com",
            "https://good.com:443",
        ]
        .contains(&origin.trim().replace("GOOD", "good").as_str());
        let verdict = origin_verdict(&OriginPolicy::same_host(), "good.com", &[&origin]);
        prop_assert_eq!(verdict.is_ok(), is_same, "{}", origin);
    }
}

/// 9.1: every string of up to five characters of the small alphabet.
#[test]
fn short_extensions_are_judged_as_by_the_grammar() {
    let mut accepted = 0;
    let mut strings = vec![Vec::new()];
    for _ in 0..5 {
        strings = strings
            .iter()
            .flat_map(|string| ALPHABET.map(|byte| [string.as_slice(), &[byte]].concat()))
            .collect();
        for string in &strings {
            accepted += usize::from(assert_judged_as_by_the_grammar(std::slice::from_ref(
                string,
            )));
        }
    }
    // Both verdicts occur.
    assert!(accepted > 100, "{accepted}");
}

const ALPHABET: [u8; 9] = *b"a;=,\"\\ \t\xe9";

fn assert_judged_as_by_the_grammar(lines: &[Vec<u8>]) -> bool {
    let parts = sample_with(&header::SEC_WEBSOCKET_EXTENSIONS, lines);
    let expected = if grammar::is_extension_list(lines) {
        OK
    } else {
        Err(Rejection::Extensions)
    };
    let shown: Vec<_> = lines
        .iter()
        .map(|line| line.escape_ascii().to_string())
        .collect();
    assert_eq!(verdict(&parts), expected, "{shown:?}");
    expected.is_ok()
}

/// Lines that the grammar of 9.1 makes, with at least one extension.
fn extension_lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    fn token() -> impl Strategy<Value = String> {
        let chars: Vec<_> = "!#$%&'*+-.^_`|~0189abyzABYZ".chars().collect();
        vec(select(chars), 1..5).prop_map(String::from_iter)
    }
    fn ows() -> impl Strategy<Value = &'static str> {
        select(vec!["", "", " ", "\t", " \t "])
    }
    let quoted = (token(), any::<u8>()).prop_map(|(token, escaped)| {
        let pairs = token.char_indices().map(|(i, c)| match escaped >> i & 1 {
            0 => String::from(c),
            _ => format!("\\{c}"),
        });
        format!("\"{}\"", pairs.collect::<String>())
    });
    let value = prop_oneof![token(), quoted];
    let param = (
        ows(),
        token(),
        prop::option::of((ows(), ows(), value)),
        ows(),
    )
        .prop_map(|(before, name, value, after)| {
            let value = value.map(|(left, right, value)| format!("{left}={right}{value}"));
            format!(";{before}{name}{}{after}", value.unwrap_or_default())
        });
    let extension = (ows(), token(), ows(), vec(param, 0..4))
        .prop_map(|(before, name, after, params)| {
            format!("{before}{name}{after}{}", params.concat())
        })
        .boxed();
    let element = prop_oneof![1 => ows().prop_map(String::from), 3 => extension.clone()];
    let elements = vec(element.boxed(), 0..4);
    (
        vec(elements.clone(), 0..2),
        (elements, extension),
        any::<bool>(),
    )
        .prop_map(|(mut lines, (mut last, extension), is_first)| {
            last.push(extension);
            lines.push(last);
            if is_first {
                lines.reverse();
            }
            lines
                .iter()
                .map(|line| line.join(",").into_bytes())
                .collect()
        })
}

/// The grammar of 9.1, rule by rule: each returns every place where it can end.
mod grammar {
    use std::collections::BTreeSet;

    type Ends = BTreeSet<usize>;

    /// RFC 9110, section 5.3: several lines are one, joined by commas.
    pub(super) fn is_extension_list(lines: &[Vec<u8>]) -> bool {
        let text = lines.join(b", ".as_slice());
        let blank = |from: &Ends| every(from, |at| comma(&text, at));
        // RFC 9110, section 5.6.1.2: [ element ] *( OWS "," OWS [ element ] ), with one element.
        let mut empty = ows(&text, 0);
        let mut filled = Ends::new();
        loop {
            let before = (empty.len(), filled.len());
            filled.extend(every(&empty, |at| extension(&text, at)));
            filled.extend(every(&blank(&filled), |at| extension(&text, at)));
            filled.extend(blank(&filled));
            empty.extend(blank(&empty));
            if before == (empty.len(), filled.len()) {
                let ends = every(&filled, |at| ows(&text, at));
                return ends.contains(&text.len());
            }
        }
    }

    fn every(starts: &Ends, rule: impl Fn(usize) -> Ends) -> Ends {
        starts.iter().flat_map(|&at| rule(at)).collect()
    }

    fn comma(text: &[u8], at: usize) -> Ends {
        let commas = every(&ows(text, at), |at| literal(text, at, b','));
        every(&commas, |at| ows(text, at))
    }

    fn extension(text: &[u8], at: usize) -> Ends {
        let mut ends = token(text, at);
        loop {
            let before = ends.len();
            ends.extend(every(&ends, |at| param(text, at)));
            if before == ends.len() {
                return ends;
            }
        }
    }

    fn param(text: &[u8], at: usize) -> Ends {
        let starts = separated(text, at, b';');
        let mut ends = every(&starts, |at| token(text, at));
        let values = every(&ends, |at| separated(text, at, b'='));
        ends.extend(every(&values, |at| token(text, at)));
        ends.extend(every(&values, |at| quoted_token(text, at)));
        ends
    }

    /// A separator and the white space around it.
    fn separated(text: &[u8], at: usize, separator: u8) -> Ends {
        let separators = every(&ows(text, at), |at| literal(text, at, separator));
        every(&separators, |at| ows(text, at))
    }

    fn quoted_token(text: &[u8], at: usize) -> Ends {
        let mut ends = Ends::new();
        let mut value = Vec::new();
        let mut rest = text[at..].iter();
        if rest.next() != Some(&b'"') {
            return ends;
        }
        while let Some(&byte) = rest.next() {
            match byte {
                b'"' => {
                    if token(&value, 0).contains(&value.len()) {
                        ends.insert(text.len() - rest.len());
                    }
                    break;
                }
                b'\\' => match rest.next() {
                    Some(&byte) => value.push(byte),
                    None => break,
                },
                byte => value.push(byte),
            }
        }
        ends
    }

    fn token(text: &[u8], at: usize) -> Ends {
        let separators = b"()<>@,;:\\\"/[]?={} \t";
        let is_tchar = |&byte: &u8| byte.is_ascii() && byte > 0x1f && byte != 0x7f;
        let len = text[at..]
            .iter()
            .take_while(|&byte| is_tchar(byte) && !separators.contains(byte))
            .count();
        (1..=len).map(|len| at + len).collect()
    }

    fn ows(text: &[u8], at: usize) -> Ends {
        let len = text[at..]
            .iter()
            .take_while(|&byte| b" \t".contains(byte))
            .count();
        (0..=len).map(|len| at + len).collect()
    }

    fn literal(text: &[u8], at: usize, byte: u8) -> Ends {
        (text.get(at) == Some(&byte))
            .then_some(at + 1)
            .into_iter()
            .collect()
    }
}
