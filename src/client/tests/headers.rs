//! Headers of the user's (RFC 6455, section 4.1 item 12).

use http::{HeaderName, HeaderValue, Request, Uri, header};

use super::*;

const URI: &str = "ws://example.com:81/ws";

fn with(lines: &[(&str, &str)]) -> Builder {
    lines.iter().fold(Builder::new(), |builder, (name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        builder.header(name, HeaderValue::from_str(value).expect("a value"))
    })
}

/// The requests of every version of HTTP.
fn requests(builder: &Builder) -> Vec<Result<Request<()>, Error>> {
    vec![
        builder.request(URI).map(|(request, _)| request),
        #[cfg(feature = "http2")]
        builder.http2_request(URI).map(|(request, _)| request),
    ]
}

/// 4.1, 11.3; RFC 9110, sections 7.6.1, 8.6, 10.1.1; RFC 9113, section 8.2.2: what belongs to the
/// handshake, to a body or to the connection is refused, by its name.
#[test]
fn headers_of_the_handshake_cannot_be_set() {
    for (name, reason) in [
        ("upgrade", "belongs to the handshake"),
        ("connection", "belongs to the handshake"),
        ("sec-websocket-version", "belongs to the handshake"),
        ("sec-websocket-key", "belongs to the handshake"),
        ("sec-websocket-accept", "belongs to the handshake"),
        ("sec-websocket-whatever", "belongs to the handshake"),
        ("sec-websocket-protocol", "Builder::subprotocols"),
        ("sec-websocket-extensions", "Config::deflate"),
        ("content-length", "no body"),
        ("transfer-encoding", "no body"),
        ("trailer", "no body"),
        ("expect", "no body"),
        ("te", "the connection"),
        ("keep-alive", "the connection"),
        ("proxy-connection", "the connection"),
        ("http2-settings", "the connection"),
    ] {
        for value in ["x", "0", ""] {
            for request in requests(&with(&[("x-mine", "1"), (name, value)])) {
                let error = request.expect_err(name);
                let sentence = error.to_string();
                assert!(
                    matches!(error, Error::Header(refused) if refused == name),
                    "{name}"
                );
                assert!(
                    sentence.contains(name) && sentence.contains(reason),
                    "{sentence}"
                );
            }
        }
    }
}

/// RFC 9110, section 7.2: `Host` is that of a virtual host, be it another than the one connected
/// to; RFC 9113, section 8.3.1: over HTTP/2 it is `:authority`, and stands nowhere else.
#[test]
fn host_of_the_user_is_honoured() {
    for host in [
        "virtual.example",
        "virtual.example:8080",
        "example.com",
        "[::1]:81",
        "h:",
    ] {
        let builder = with(&[("host", host)]);
        let (request, _) = builder.request::<()>(URI).expect(host);
        let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
        assert_eq!(hosts, [host]);
        assert_eq!(request.uri(), "http://example.com:81/ws");
        #[cfg(feature = "http2")]
        {
            let (request, _) = builder.http2_request::<()>(URI).expect(host);
            assert!(!request.headers().contains_key(header::HOST));
            assert_eq!(request.uri().authority().expect("one").as_str(), host);
            assert_eq!(request.uri().path(), "/ws");
        }
    }
    let (request, _) = Builder::new().request::<()>(URI).expect(URI);
    assert_eq!(request.headers()[header::HOST], "example.com:81");
}

/// RFC 9112, section 3.2: one host, and maybe a port.
#[test]
fn malformed_host_is_refused() {
    for host in [
        "",
        " ",
        ":80",
        "a b",
        "a,b",
        "user@h",
        "h/path",
        "http://h",
        "h:x",
        "h:99999",
        "h:+80",
        "%2Ftmp%2Fx",
        "::1",
        "[::1",
        "h?",
        "h#f",
        "h:80:80",
    ] {
        let Ok(value) = HeaderValue::from_str(host) else {
            continue;
        };
        for request in requests(&Builder::new().header(header::HOST, value)) {
            match request {
                Err(Error::InvalidHeader(name, _)) => assert_eq!(name, header::HOST),
                other => panic!("{host:?}: {other:?}"),
            }
        }
    }
    let latin1 = HeaderValue::from_bytes(b"b\xFCcher.example").expect("obs-text");
    for request in requests(&Builder::new().header(header::HOST, latin1)) {
        assert!(matches!(request, Err(Error::InvalidHeader(..))));
    }
}

/// RFC 9112, section 3.2; RFC 6454, section 7.3: who sets these twice, also with the same value or
/// by both ways, is told so.
#[test]
fn repeated_host_or_origin_is_refused() {
    let origin = HeaderValue::from_static("https://a.example");
    let one = || with(&[("origin", "https://a.example")]);
    for (builder, name) in [
        (with(&[("host", "a"), ("host", "b")]), header::HOST),
        (with(&[("host", "a"), ("host", "a")]), header::HOST),
        (
            with(&[("origin", "https://a"), ("origin", "https://b")]),
            header::ORIGIN,
        ),
        (one().origin(origin.clone()), header::ORIGIN),
        (
            Builder::new()
                .origin(origin.clone())
                .header(header::ORIGIN, origin.clone()),
            header::ORIGIN,
        ),
    ] {
        for request in requests(&builder) {
            let error = request.expect_err("twice");
            assert!(error.to_string().ends_with("it was set more than once"));
            assert!(matches!(error, Error::InvalidHeader(found, _) if found == name));
        }
    }
    // Either way alone.
    let set_again = Builder::new()
        .origin(HeaderValue::from_static("null"))
        .origin(origin);
    for builder in [one(), set_again] {
        for request in requests(&builder) {
            let request = request.expect("once");
            let origins: Vec<_> = request.headers().get_all(header::ORIGIN).iter().collect();
            assert_eq!(origins, ["https://a.example"]);
        }
    }
}

/// What is neither goes along as it is, line by line.
#[test]
fn other_headers_are_sent() {
    let builder = with(&[
        ("cookie", "a=1"),
        ("x-mine", "1"),
        ("x-mine", "2"),
        ("user-agent", "x"),
    ]);
    for request in requests(&builder) {
        let request = request.expect("harmless");
        let lines: Vec<_> = request.headers().get_all("x-mine").iter().collect();
        assert_eq!(lines, ["1", "2"]);
        assert_eq!(request.headers()[header::COOKIE], "a=1");
        assert_eq!(request.headers()[header::USER_AGENT], "x");
        assert_eq!(
            request.uri().path_and_query(),
            Uri::from_static("/ws").path_and_query()
        );
    }
}

/// Credentials are not shown, nor kept in the tables of HTTP/2 (RFC 7541, section 7.1.3).
#[test]
fn secrets_are_not_shown() {
    let builder = Builder::new()
        .header("authorization", "Bearer secret")
        .header("cookie", "secret=1")
        .header("x-mine", "shown");
    let shown = format!("{builder:?}");
    assert!(
        shown.contains("shown") && !shown.contains("secret"),
        "{shown}"
    );
    for request in requests(&builder) {
        let request = request.expect("harmless");
        for name in [header::AUTHORIZATION, header::COOKIE] {
            assert!(request.headers()[name].is_sensitive());
        }
    }
}

/// Names and values of every type that can become one.
#[test]
fn header_takes_what_can_become_one() {
    let name = HeaderName::from_static("x-mine");
    let value = HeaderValue::from_static("1");
    let (name_of_string, value_of_string) = (String::from("X-Mine"), String::from("1"));
    let builder = Builder::new()
        .header("x-mine", "1")
        .header("X-MINE", String::from("1"))
        .header(String::from("x-mine"), &value_of_string)
        .header(&name_of_string, 1)
        .header(&name, &value)
        .header(name, value)
        .header(b"x-mine".as_slice(), b"1".as_slice())
        .header(b"x-mine".to_vec(), b"1".to_vec())
        .header(header::AUTHORIZATION, "Bearer x");
    for request in requests(&builder) {
        let request = request.expect("valid");
        let lines: Vec<_> = request.headers().get_all("x-mine").iter().collect();
        assert_eq!(lines, ["1"; 8]);
        assert_eq!(request.headers()["authorization"], "Bearer x");
    }
}

/// RFC 9110, sections 5.1 and 5.5: what is no name or no value is told by its name when opening,
/// the first if there are more.
#[test]
fn header_that_is_none_is_told() {
    for (builder, sentence) in [
        (
            Builder::new().header("two words", "1"),
            r#""two words" is not a header name"#,
        ),
        (
            Builder::new().header("", "1").header("x", "a\nb"),
            r#""" is not a header name"#,
        ),
        (
            Builder::new().header("x:", "1"),
            r#""x:" is not a header name"#,
        ),
        (
            Builder::new().header("x\r\ny", "1"),
            r#""x\r\ny" is not a header name"#,
        ),
        (
            Builder::new().header(String::from("größe"), "1"),
            r#""größe" is not a header name"#,
        ),
        (
            Builder::new().header("x-mine", "a\r\nb"),
            "the header x-mine cannot be sent: its value is invalid: it must not have control characters",
        ),
        (
            Builder::new().header("x-mine", "a\nb").header("", ""),
            "the header x-mine cannot be sent: its value is invalid: it must not have control characters",
        ),
        (
            Builder::new().header(header::COOKIE, String::from("\0")),
            "the header cookie cannot be sent: its value is invalid: it must not have control characters",
        ),
    ] {
        // What is wrong later is told later.
        let long = "x".repeat(1 << 16);
        let more = builder.clone().header("upgrade", "x").header(&long, "");
        for request in requests(&builder).into_iter().chain(requests(&more)) {
            assert_eq!(request.expect_err(sentence).to_string(), sentence);
        }
    }
}

/// However many there are.
#[test]
fn too_many_headers_are_told() {
    let many = |lines: usize| {
        let names = (0..lines).map(|number| format!("x-{number}"));
        names.fold(Builder::new(), |builder, name| builder.header(name, 1))
    };
    for request in requests(&many(10_000)) {
        assert!(request.expect("enough").headers().len() > 10_000);
    }
    for request in requests(&many(40_000)) {
        match request {
            Err(Error::InvalidHeader(name, _)) => assert_eq!(name, "x-10000"),
            other => panic!("{other:?}"),
        }
    }
}

/// RFC 9112, section 3.2: `Host` comes first, and the user's headers last, in their order.
#[test]
fn headers_are_in_order() {
    let builder = with(&[("z", "1"), ("a", "1"), ("host", "h"), ("m", "1")]);
    let (request, _) = builder.request::<()>(URI).expect("valid");
    let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names.first(), Some(&"host"));
    assert_eq!(names[names.len() - 3..], ["z", "a", "m"]);
}

/// RFC 9112, section 3.2.1: a connection of one's own needs the path alone.
#[test]
fn request_has_the_form_that_is_asked_for() {
    for (uri, absolute, origin) in [
        ("ws://h:81/a?b", "http://h:81/a?b", "/a?b"),
        ("wss://h", "https://h/", "/"),
        ("ws://h/ß", "http://h/%C3%9F", "/%C3%9F"),
    ] {
        let (request, _) = Builder::new().request::<()>(uri).expect(uri);
        assert_eq!(request.uri(), absolute);
        let (request, _) = Builder::new().request_origin_form::<()>(uri).expect(uri);
        assert_eq!(request.uri(), origin);
        assert_eq!(request.headers().get_all("host").iter().count(), 1);
    }
}
