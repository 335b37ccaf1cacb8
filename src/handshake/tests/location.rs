//! Where redirects lead (RFC 9110, section 10.2.2; RFC 3986, section 5).

use http::{HeaderMap, HeaderValue, header};
use proptest::{collection::vec, prelude::*, sample::select};

use super::super::client::{Form, RequestError, Target};

fn target(uri: &str) -> Target {
    Target::parse(uri).expect(uri)
}

/// Scheme, host and resource, in one line.
fn shown(target: &Target) -> String {
    let uri = target.uri(Form::Absolute).to_string();
    uri.replacen("http", "ws", 1)
}

/// RFC 3986, section 5.4: its own examples. Fragments are left out, and an empty path is "/".
#[test]
fn reference_is_resolved_as_in_the_examples_of_the_rfc() {
    let base = target("ws://a/b/c/d;p?q");
    for (reference, expected) in [
        // 5.4.1: normal ones.
        ("g", "ws://a/b/c/g"),
        ("./g", "ws://a/b/c/g"),
        ("g/", "ws://a/b/c/g/"),
        ("/g", "ws://a/g"),
        ("//g", "ws://g/"),
        ("?y", "ws://a/b/c/d;p?y"),
        ("g?y", "ws://a/b/c/g?y"),
        ("#s", "ws://a/b/c/d;p?q"),
        ("g#s", "ws://a/b/c/g"),
        ("g?y#s", "ws://a/b/c/g?y"),
        (";x", "ws://a/b/c/;x"),
        ("g;x", "ws://a/b/c/g;x"),
        ("g;x?y#s", "ws://a/b/c/g;x?y"),
        ("", "ws://a/b/c/d;p?q"),
        (".", "ws://a/b/c/"),
        ("./", "ws://a/b/c/"),
        ("..", "ws://a/b/"),
        ("../", "ws://a/b/"),
        ("../g", "ws://a/b/g"),
        ("../..", "ws://a/"),
        ("../../", "ws://a/"),
        ("../../g", "ws://a/g"),
        // 5.4.2: abnormal ones.
        ("../../../g", "ws://a/g"),
        ("../../../../g", "ws://a/g"),
        ("/./g", "ws://a/g"),
        ("/../g", "ws://a/g"),
        ("g.", "ws://a/b/c/g."),
        (".g", "ws://a/b/c/.g"),
        ("g..", "ws://a/b/c/g.."),
        ("..g", "ws://a/b/c/..g"),
        ("./../g", "ws://a/b/g"),
        ("./g/.", "ws://a/b/c/g/"),
        ("g/./h", "ws://a/b/c/g/h"),
        ("g/../h", "ws://a/b/c/h"),
        ("g;x=1/./y", "ws://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "ws://a/b/c/y"),
        ("g?y/./x", "ws://a/b/c/g?y/./x"),
        ("g?y/../x", "ws://a/b/c/g?y/../x"),
        ("g#s/./x", "ws://a/b/c/g"),
        ("g#s/../x", "ws://a/b/c/g"),
    ] {
        let resolved = base.resolve(reference).expect(reference);
        assert_eq!(shown(&resolved), expected, "{reference:?}");
    }
}

/// What stands in the `Location` of real servers, and of bad ones.
#[test]
fn location_is_resolved_as_by_browsers() {
    for (base, reference, expected) in [
        // `http` and `https` stand for `ws` and `wss`.
        ("ws://h/a", "http://h/b", "ws://h/b"),
        ("ws://h/a", "HTTPS://h/b", "wss://h/b"),
        ("wss://h/a", "wss://h:444/b?c", "wss://h:444/b?c"),
        ("wss://h:444/a", "//i", "wss://i/"),
        ("ws://h/a", "http://i", "ws://i/"),
        ("ws://h/a", "http://i?q", "ws://i/?q"),
        ("ws://h/a", "http://i/x/../y/./", "ws://i/y/"),
        ("ws://h:81/a/b", "c", "ws://h:81/a/c"),
        ("ws://[::1]:81/a?q", "/b", "ws://[::1]:81/b"),
        ("ws://h", "b", "ws://h/b"),
        ("ws://h?q", "?r", "ws://h/?r"),
        ("ws://h/a?q", "?", "ws://h/a?"),
        // An address in the query is only that.
        (
            "ws://h/a",
            "/login?next=http://evil/",
            "ws://h/login?next=http://evil/",
        ),
        ("ws://h/a", "b/c:d", "ws://h/b/c:d"),
        ("ws://h/a", "./c:d", "ws://h/c:d"),
        ("ws://h/a", "/a//../b", "ws://h/a/b"),
        ("ws://h/a", "/..//i/b", "ws://h//i/b"),
        // A backslash is a slash before the query.
        ("ws://h/a", r"\\i\b?c\d", r"ws://i/b?c\d"),
        ("ws://h/a", r"/\i", "ws://i/"),
        ("ws://h/a", r"http:\\i\..\b", "ws://i/b"),
        // Raw, as many servers send it.
        ("ws://h/ä?ö", "?ü", "ws://h/%C3%A4?%C3%BC"),
        ("ws://h/ä?ö", "", "ws://h/%C3%A4?%C3%B6"),
        ("ws://h/a", "/b c", "ws://h/b%20c"),
        ("ws://h/a", " /b ", "ws://h/b"),
    ] {
        let resolved = target(base).resolve(reference).expect(reference);
        assert_eq!(shown(&resolved), expected, "{base} {reference:?}");
    }
}

/// What leads nowhere is told by its part.
#[test]
fn location_that_leads_nowhere_is_told() {
    for (reference, part) in [
        ("ftp://h/", "the scheme"),
        ("javascript:alert(1)", "the scheme"),
        ("file:///etc/passwd", "the scheme"),
        ("localhost:8080/ws", "the scheme"),
        ("http:b", "behind the scheme"),
        ("https:/b", "behind the scheme"),
        ("//", "no host"),
        ("///b", "no host"),
        ("http://", "no host"),
        ("http://h:99999/", "the port"),
        ("http://h:x/", "the port"),
        ("http://[::1/", "bracket"),
        ("http://user:secret@h/", "user info"),
        ("//user@h/", "user info"),
        ("http://h,i/", "the host"),
        ("http://b\u{fc}cher/", "the host"),
        ("/a\tb", "the path"),
        ("/a?b\tc", "the query"),
    ] {
        match target("ws://h/a").resolve(reference) {
            Err(RequestError::Uri(problem)) => {
                assert!(problem.contains(part), "{reference:?}: {problem}");
            }
            other => panic!("{reference:?}: {other:?}"),
        }
    }
}

/// RFC 9110, section 10.2.2: one `Location`, as text.
#[test]
fn location_stands_once() {
    let base = target("ws://h/a");
    let mut answer = HeaderMap::new();
    assert!(base.location(&answer).is_none());
    answer.append(header::LOCATION, HeaderValue::from_static("/b"));
    let there = base.location(&answer).expect("one").expect("a path");
    assert_eq!(shown(&there), "ws://h/b");
    answer.append(header::LOCATION, HeaderValue::from_static("/b"));
    let problem = base.location(&answer).expect("two");
    assert!(matches!(
        problem,
        Err(RequestError::Uri("there is more than one"))
    ));
    let latin1 = HeaderValue::from_bytes(b"/\xFC").expect("obs-text");
    answer.insert(header::LOCATION, latin1);
    let problem = base.location(&answer).expect("one");
    assert!(matches!(problem, Err(RequestError::Uri("it is not UTF-8"))));
}

/// RFC 6454, section 5: who may see what was meant for another.
#[test]
fn origin_is_scheme_host_and_port() {
    let base = target("ws://h:80/a?b");
    for (uri, is_same_origin, is_same) in [
        ("ws://h/a?b", true, true),
        ("ws://H/a?b", true, true),
        ("ws://h/a", true, false),
        ("ws://h/A?b", true, false),
        ("ws://h:81/a?b", false, false),
        ("wss://h:80/a?b", false, false),
        ("wss://h/a?b", false, false),
        ("ws://i.h/a?b", false, false),
        ("ws://h./a?b", false, false),
    ] {
        assert_eq!(base.is_same_origin(&target(uri)), is_same_origin, "{uri}");
        assert_eq!(base.is_same(&target(uri)), is_same, "{uri}");
    }
}

proptest! {
    #![proptest_config(crate::randomised::cases(1024))]

    /// RFC 3986, section 5.2: no reference makes it panic, what it leads to can be asked for, and
    /// only one that names a host leads to another.
    #[test]
    fn no_reference_breaks_the_request_line(
        reference in vec(
            select(vec!["/", "\\", ".", "..", ":", "//", "?", "#", "@", "http", "i", "%2e", " ", "ß"]),
            0..12,
        ),
    ) {
        let reference = reference.concat();
        let base = target("ws://h:81/a/b?c");
        if let Ok(resolved) = base.resolve(&reference) {
            let line = resolved.uri(Form::Origin).to_string();
            prop_assert!(line.starts_with('/'), "{line:?}");
            prop_assert!(line.bytes().all(|byte| byte.is_ascii_graphic()), "{line:?}");
            let path = resolved.uri(Form::Origin).path().to_owned();
            prop_assert!(!path.split('/').any(|segment| [".", ".."].contains(&segment)), "{path}");
            let plain = reference.replace('\\', "/");
            let plain = plain.trim_matches(' ');
            let names_a_host = plain.starts_with("//") || plain.starts_with("http:");
            prop_assert!(names_a_host || resolved.is_same_origin(&base), "{reference:?}");
            prop_assert!(base.resolve(&shown(&resolved)).expect("a URI").is_same(&resolved));
        }
    }
}
