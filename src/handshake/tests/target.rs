//! URIs (RFC 6455, section 3).

use std::net::Ipv6Addr;

use super::super::client::{Form, RequestError, Target};

/// 3, 4.1: what becomes of URIs.
#[test]
fn uri_is_taken_apart() {
    for (uri, address, host, resource) in [
        ("ws://h", ("h", 80), "h", "/"),
        ("ws://h:80/", ("h", 80), "h", "/"),
        ("ws://h:/", ("h", 80), "h", "/"),
        ("ws://h:0080/", ("h", 80), "h", "/"),
        ("WSS://h", ("h", 443), "h", "/"),
        ("wss://h:80/a", ("h", 80), "h:80", "/a"),
        ("ws://h:8080?q=1", ("h", 8080), "h:8080", "/?q=1"),
        ("ws://h?", ("h", 80), "h", "/?"),
        ("ws://h//a", ("h", 80), "h", "//a"),
        ("ws://h/a?b?c:@/", ("h", 80), "h", "/a?b?c:@/"),
        (" ws://h/ ", ("h", 80), "h", "/"),
        (
            "ws://a-b_c.example.com./",
            ("a-b_c.example.com.", 80),
            "a-b_c.example.com.",
            "/",
        ),
        ("ws://127.0.0.1:9/", ("127.0.0.1", 9), "127.0.0.1:9", "/"),
        ("ws://[::1]/", ("::1", 80), "[::1]", "/"),
        ("ws://[::1]:9/a/b?c", ("::1", 9), "[::1]:9", "/a/b?c"),
        // As in browsers.
        (r"ws://h\a\b?c\d", ("h", 80), "h", r"/a/b?c\d"),
        (r"ws://good\@evil/", ("good", 80), "good", "/@evil/"),
    ] {
        let target = Target::parse(uri).expect(uri);
        assert_eq!(target.address(), address, "{uri}");
        let (name, port) = address;
        // RFC 9110, section 9.3.6: a proxy is told the port, whichever it is.
        let name = match name.parse::<Ipv6Addr>() {
            Ok(_) => format!("[{name}]"),
            Err(_) => name.to_owned(),
        };
        let full = format!("{name}:{port}");
        assert_eq!(target.full_authority().as_str(), full);
        assert_forms(&target, host, resource);
    }
}

fn assert_forms(target: &Target, host: &str, resource: &str) {
    assert_eq!(target.authority().as_str(), host);
    assert_eq!(target.uri(Form::Origin), resource);
    let absolute = target.uri(Form::Absolute);
    assert_eq!(absolute.authority().expect("one").as_str(), host);
    assert_eq!(absolute.path_and_query().expect("one").as_str(), resource);
}

/// 3; WHATWG URL: what must not stand in a request line is percent-encoded, in each form, and what
/// is encoded already stays.
#[test]
fn path_and_query_are_percent_encoded() {
    for (written, sent) in [
        ("/ws?ß=水", "/ws?%C3%9F=%E6%B0%B4"),
        ("/ß/水", "/%C3%9F/%E6%B0%B4"),
        ("/\u{1F600}", "/%F0%9F%98%80"),
        ("/a b?c d", "/a%20b?c%20d"),
        ("/\"<>^`{|}", "/%22%3C%3E%5E%60%7B|%7D"),
        ("/?\"<>'^`{|}", "/?%22%3C%3E%27^`{|}"),
        ("/%C3%9F%20%23?%2f", "/%C3%9F%20%23?%2f"),
        ("/100%?%zz%", "/100%?%zz%"),
        ("/'[]!$&()*+,;=:@~", "/'[]!$&()*+,;=:@~"),
        ("/\0\x01\x1f\x7f?\x7f", "/%00%01%1F%7F?%7F"),
        ("?水", "/?%E6%B0%B4"),
    ] {
        let uri = format!("ws://h{written}");
        let target = Target::parse(&uri).expect(&uri);
        assert_forms(&target, "h", sent);
    }
}

/// RFC 1035, 2.3.4: 253 bytes of a name, and a dot. Path and query have a limit, too.
#[test]
fn longest_hosts_and_paths_are_taken() {
    let name = format!("{}.com", "a".repeat(249));
    for (uri, is_taken) in [
        (format!("ws://{name}/"), true),
        (format!("ws://{name}./"), true),
        (format!("ws://a{name}/"), false),
        (format!("ws://a{name}./"), false),
        (format!("ws://h/{}", "p".repeat(64_999)), true),
        (format!("ws://h/{}", "p".repeat(65_000)), false),
        // As it is sent: each is three bytes then.
        (format!("ws://h/a?{}", "<".repeat(21_665)), true),
        (format!("ws://h/a?{}", "<".repeat(21_666)), false),
    ] {
        assert_eq!(Target::parse(&uri).is_ok(), is_taken, "{} bytes", uri.len());
    }
}

/// What is wrong is told without the part of the request that has it.
#[test]
fn problem_of_a_request_is_told() {
    let header = http::header::HOST;
    for (error, problem) in [
        (RequestError::Uri("uri"), "uri"),
        (
            RequestError::InvalidHeader(header.clone(), "value"),
            "value",
        ),
        (RequestError::Header(header), "it must not be set"),
    ] {
        assert_eq!(error.problem(), problem);
    }
}

/// Any character makes a request line of visible ASCII, or is refused.
#[test]
fn no_character_breaks_the_request_line() {
    let others = (0x300..=0x10_FFFF).step_by(499);
    for c in (0..0x300).chain(others).filter_map(char::from_u32) {
        for uri in [format!("ws://h/a{c}b"), format!("ws://h/?a{c}b")] {
            match Target::parse(&uri) {
                Ok(target) => {
                    let line = target.uri(Form::Origin).to_string();
                    assert!(line.bytes().all(|byte| byte.is_ascii_graphic()), "{line:?}");
                }
                Err(_) => assert!(['\t', '\n', '\r', '#'].contains(&c), "{c:?}"),
            }
        }
    }
}

/// 3: what is no WebSocket URI is refused, and the part named that is wrong.
#[test]
fn wrong_part_of_a_uri_is_named() {
    let long = format!("ws://h/{}", "a".repeat(65_000));
    let long_when_encoded = format!("ws://h/?{}", "水".repeat(8000));
    let long_host = format!("ws://{}/", "a".repeat(255));
    for (uri, part) in [
        ("", "scheme"),
        ("h", "scheme"),
        ("/ws", "scheme"),
        ("://h/", "scheme"),
        ("h:80/ws", "scheme"),
        ("http://h/", "scheme"),
        ("wsß://h/", "scheme"),
        ("ws:", "host"),
        ("ws:h", "host"),
        ("ws:/h", "host"),
        ("ws://", "host"),
        ("ws:///ws", "host"),
        ("ws://?q", "host"),
        ("ws://:80/", "host"),
        ("ws://h h/", "host"),
        ("ws://h\r\n/", "host"),
        ("ws://%41/", "host"),
        ("ws://h|/", "host"),
        ("ws://bücher.example/", "host is not ASCII"),
        ("ws://水/", "Punycode"),
        ("ws://[::1/", "host lacks a closing bracket"),
        ("ws://[::1]x/", "host"),
        ("ws://[h]/", "host is no IPv6 address"),
        ("ws://[fe80::1%25eth0]/", "host is no IPv6 address"),
        (&*long_host, "host"),
        ("ws://h:99999/", "port"),
        ("ws://h:65536/", "port"),
        ("ws://h:+80/", "port"),
        ("ws://h:-1/", "port"),
        ("ws://h:http/", "port"),
        ("ws://h:8 0/", "port"),
        ("ws://h:80:80/", "port"),
        ("ws://[::1]:x/", "port"),
        ("ws://h:８０/", "port"),
        ("ws://u:p@h/", "user info"),
        ("ws://u@h/", "user info"),
        ("ws://@h/", "user info"),
        ("ws://h/\r\nx: y", "path"),
        ("ws://h/\t", "path"),
        ("ws://h/?\n", "query"),
        (&*long, "path"),
        (&*long_when_encoded, "query"),
        ("ws://h/#f", "fragment"),
        ("ws://h/#", "fragment"),
        ("ws://h/?q#f", "fragment"),
    ] {
        match Target::parse(uri) {
            Err(RequestError::Uri(problem)) => {
                assert!(problem.contains(part), "{uri:?}: {problem}");
            }
            other => panic!("{uri:?}: {other:?}"),
        }
    }
}
