//! How proxies are written (RFC 3986).

use super::super::{Proxy, kind::Kind, url};

/// What is left out has a default, and user and password are percent-encoded.
#[test]
fn url_is_taken_apart() {
    for (text, kind, address) in [
        ("h", Kind::Http, ("h", 80)),
        ("h:3128", Kind::Http, ("h", 3128)),
        (" http://h:3128/ ", Kind::Http, ("h", 3128)),
        ("HTTP://[::1]:3128", Kind::Http, ("::1", 3128)),
        ("http://u:p@h", Kind::Http, ("h", 80)),
        ("u:p@h:1", Kind::Http, ("h", 1)),
        ("http://u@d:p%2F@h:1", Kind::Http, ("h", 1)),
        ("socks5://h", Kind::Socks5, ("h", 1080)),
        ("socks5h://h:9", Kind::Socks5, ("h", 9)),
        #[cfg(feature = "rustls")]
        ("https://h", Kind::Https, ("h", 443)),
    ] {
        let server = url::parse(text, Kind::Http).expect(text);
        assert_eq!((server.kind(), server.address()), (kind, address), "{text}");
    }
}

/// User and password are sent as they were before they were written into a URL.
#[test]
fn credentials_are_decoded() {
    // RFC 7617, section 2; as its test vector, in which ':' may stand in the password.
    for (info, basic, socks) in [
        (
            "Aladdin:open%20sesame",
            "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            Some(&b"\x01\x07Aladdin\x0bopen sesame"[..]),
        ),
        (
            "test:123%c2%A3",
            "dGVzdDoxMjPCow==",
            Some(b"\x01\x04test\x05123\xC2\xA3"),
        ),
        ("u:p:q%40", "dTpwOnFA", Some(b"\x01\x01u\x04p:q@")),
        ("u", "dTo=", Some(b"\x01\x01u\x00")),
        (":p", "OnA=", None),
    ] {
        let server = url::parse(&format!("{info}@h"), Kind::Http).expect(info);
        let credentials = server.credentials().expect("some");
        let value = credentials.basic().expect(info);
        assert_eq!(value.to_str().expect("text"), format!("Basic {basic}"));
        assert!(value.is_sensitive());
        assert_eq!(credentials.socks().ok().as_deref(), socks);
    }
    let server = url::parse("a%3Ab:c@h", Kind::Http).expect("well-formed");
    assert!(server.credentials().expect("some").basic().is_err());
}

/// The wrong part is told, and nothing of the URL.
#[test]
fn wrong_part_of_a_url_is_named() {
    for (text, told) in [
        ("", "host"),
        ("http://", "host"),
        ("http://u:secret@", "host"),
        ("http://h h", "host"),
        ("http://ß", "ASCII"),
        ("http://[::1", "bracket"),
        ("http://h:x", "port"),
        ("http://h:65536", "port"),
        ("http://h/secret", "path"),
        ("http://h?secret", "query"),
        // The host is what stands before the path.
        ("http://h/@secret:1", "path"),
        ("http://h?@secret:1", "query"),
        ("http://h#@secret:1", "fragment"),
        ("http://u:secret/@h", "path"),
        ("http://h:1/#secret", "fragment"),
        ("http://u%2:secret@h", "%"),
        ("http://u:secret%zz@h", "%"),
        ("ftp://h", "scheme"),
        ("socks4://h", "scheme"),
        ("socks4a://u:secret@h", "scheme"),
        ("://h", "scheme"),
        #[cfg(not(feature = "rustls"))]
        ("https://h", "the feature `rustls`"),
    ] {
        for error in [Proxy::http(text), Proxy::socks5(text)].map(Result::unwrap_err) {
            let error = format!("{error} {error:?}");
            assert!(error.contains(told), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
    assert!(Proxy::http("socks5://h").is_err());
    assert!(Proxy::socks5("http://h").is_err());
    // As it is meant without a scheme.
    let debug = |proxy: Result<Proxy, _>| format!("{:?}", proxy.expect("well-formed"));
    assert!(debug(Proxy::socks5("h")).contains("Socks5"));
    let shown =
        debug(Proxy::http("http://me:secret@h").map(|proxy| proxy.basic_auth("me", "hidden")));
    assert!(
        !shown.contains("secret") && !shown.contains("hidden"),
        "{shown}"
    );
}
