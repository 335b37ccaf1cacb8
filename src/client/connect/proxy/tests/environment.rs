//! The environment's variables.

use super::super::{InvalidProxy, environment::Environment, kind::Kind};
use crate::handshake::Target;

type Variables<'a> = &'a [(&'a str, &'a str)];

fn read(set: Variables<'_>) -> Result<Environment, InvalidProxy> {
    Environment::read(|name| {
        let found = set.iter().find(|(set, _)| *set == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

/// Each scheme has its variable, small letters first.
#[test]
fn variables_name_proxies() {
    let rows: [(Variables<'_>, _, _); 12] = [
        (&[], None, None),
        (&[("http_proxy", "a")], Some("a"), None),
        (&[("HTTP_PROXY", "a")], Some("a"), None),
        (&[("https_proxy", "a")], None, Some("a")),
        (&[("HTTPS_PROXY", "a")], None, Some("a")),
        (&[("all_proxy", "a")], Some("a"), Some("a")),
        (
            &[("ALL_PROXY", "a"), ("HTTPS_PROXY", "b")],
            Some("a"),
            Some("b"),
        ),
        (&[("http_proxy", "a"), ("HTTP_PROXY", "b")], Some("a"), None),
        (&[("http_proxy", ""), ("HTTP_PROXY", "b")], Some("b"), None),
        (&[("ws_proxy", "a"), ("http_proxy", "b")], Some("a"), None),
        (&[("WSS_PROXY", "a"), ("https_proxy", "b")], None, Some("a")),
        // CVE-2016-5385.
        (
            &[
                ("HTTP_PROXY", "evil"),
                ("REQUEST_METHOD", "GET"),
                ("ALL_PROXY", "a"),
            ],
            Some("a"),
            Some("a"),
        ),
    ];
    for (set, ws, wss) in rows {
        let environment = read(set).expect("well-formed");
        for (uri, expected) in [("ws://h/", ws), ("wss://h/", wss)] {
            let target = Target::parse(uri).expect(uri);
            let server = environment.server(&target);
            assert_eq!(
                server.map(|server| server.address().0),
                expected,
                "{set:?} {uri}"
            );
        }
    }
}

/// What is exempt is connected to directly; a port that is left out is the scheme's.
#[test]
fn no_proxy_is_heeded() {
    for name in ["no_proxy", "NO_PROXY"] {
        let set = [
            ("all_proxy", "socks5h://p:9"),
            (name, "example.com:443 .intranet"),
        ];
        let environment = read(&set).expect("well-formed");
        for (uri, is_direct) in [
            ("wss://example.com/", true),
            ("ws://example.com/", false),
            ("ws://a.intranet:9/", true),
            ("ws://other/", false),
        ] {
            let target = Target::parse(uri).expect(uri);
            let server = environment.server(&target);
            assert_eq!(server.is_none(), is_direct, "{uri}");
            assert!(server.is_none_or(|server| server.kind() == Kind::Socks5));
        }
    }
    // Small letters count, unless nothing is in them.
    let target = Target::parse("ws://h/").expect("well-formed");
    for (small, capital, is_direct) in [("", "*", true), ("other", "*", false), ("*", "", true)] {
        let set = [
            ("all_proxy", "p"),
            ("no_proxy", small),
            ("NO_PROXY", capital),
        ];
        let environment = read(&set).expect("well-formed");
        assert_eq!(environment.server(&target).is_none(), is_direct, "{set:?}");
    }
}

/// The variable that is wrong is named, and none that is not used.
#[test]
fn wrong_variable_is_named() {
    let error = read(&[("HTTPS_PROXY", "socks4://u:secret@h")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "HTTPS_PROXY names no proxy: the scheme is none of http, https, socks5 and socks5h"
    );
    let error = read(&[("all_proxy", "h:x")]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("all_proxy names no proxy: the port"),
        "{error}"
    );
    assert!(read(&[("http_proxy", "h"), ("HTTP_PROXY", "://")]).is_ok());
}
