//! For those who do the handshake themselves, through the public interface.

use http::{HeaderValue, Request, Version};
use tower_websock::{derive_accept_key, is_upgrade_request};

use crate::support::{handshake, raw::KEY};

/// 1.3, 4.2.2 item 5.4: the digest is of the key as it was sent, whatever that is.
#[test]
fn accept_key_is_that_of_the_rfc_for_any_key() {
    assert_eq!(
        derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    // Of the GUID alone, and of more than one block.
    assert_eq!(derive_accept_key(b""), "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=");
    for len in [1, 28, 63, 64, 1000] {
        let accept = derive_accept_key(&vec![0xff; len]);
        assert_eq!(accept.len(), 28);
        assert!(HeaderValue::try_from(accept).is_ok());
    }
    assert_ne!(derive_accept_key(KEY.as_bytes()), derive_accept_key(b" "));
}

/// 4.2.1 items 1, 3 and 4: lists may be spread over lines, and names have no case.
#[test]
fn upgrade_request_is_a_get_that_names_the_protocol_and_the_upgrade() {
    type Lines = &'static [(&'static str, &'static str)];
    let rows: [(&str, Lines, bool); 12] = [
        (
            "GET",
            &[("upgrade", "websocket"), ("connection", "Upgrade")],
            true,
        ),
        (
            "GET",
            &[
                ("upgrade", "h2c, WebSocket"),
                ("connection", "keep-alive, UPGRADE"),
            ],
            true,
        ),
        (
            "GET",
            &[
                ("upgrade", "h2c"),
                ("upgrade", "websocket"),
                ("connection", "keep-alive"),
                ("connection", "upgrade"),
            ],
            true,
        ),
        // It need not be valid: there is no host, no key and no version.
        (
            "GET",
            &[
                ("upgrade", "websocket"),
                ("connection", "Upgrade"),
                ("sec-websocket-key", "x"),
            ],
            true,
        ),
        (
            "POST",
            &[("upgrade", "websocket"), ("connection", "Upgrade")],
            false,
        ),
        (
            "CONNECT",
            &[("upgrade", "websocket"), ("connection", "Upgrade")],
            false,
        ),
        ("GET", &[("upgrade", "websocket")], false),
        ("GET", &[("connection", "Upgrade")], false),
        (
            "GET",
            &[("upgrade", "websocketx"), ("connection", "Upgrade")],
            false,
        ),
        (
            "GET",
            &[("upgrade", "h2c"), ("connection", "Upgrade")],
            false,
        ),
        ("GET", &[("sec-websocket-key", KEY)], false),
        ("GET", &[], false),
    ];
    for (method, lines, expected) in rows {
        let request = lines.iter().fold(
            Request::builder().method(method),
            |request, (name, value)| request.header(*name, *value),
        );
        let mut request = request.body("any").unwrap();
        assert_eq!(is_upgrade_request(&request), expected, "{method} {lines:?}");
        // RFC 9110, section 7.8: `Upgrade` means nothing in HTTP/1.0. RFC 9113, section 8.6: nor
        // in HTTP/2.
        for version in [
            Version::HTTP_09,
            Version::HTTP_10,
            Version::HTTP_2,
            Version::HTTP_3,
        ] {
            *request.version_mut() = version;
            assert!(!is_upgrade_request(&request), "{version:?} {lines:?}");
        }
    }
    assert!(is_upgrade_request(&handshake()));
}

/// RFC 8441, sections 4 and 5: a CONNECT whose `:protocol` is `websocket`.
#[cfg(feature = "http2")]
#[test]
fn upgrade_request_over_http2_is_an_extended_connect() {
    for (method, version, protocol, expected) in [
        ("CONNECT", Version::HTTP_2, "websocket", true),
        ("CONNECT", Version::HTTP_2, "WebSocket", true),
        ("CONNECT", Version::HTTP_2, "connect-udp", false),
        ("GET", Version::HTTP_2, "websocket", false),
        ("CONNECT", Version::HTTP_11, "websocket", false),
        ("CONNECT", Version::HTTP_3, "websocket", false),
    ] {
        let request = Request::builder()
            .method(method)
            .version(version)
            .uri("https://good.com/ws")
            .extension(hyper::ext::Protocol::from_static(protocol))
            .body(())
            .unwrap();
        assert_eq!(is_upgrade_request(&request), expected, "{request:?}");
    }
    let request = Request::connect("good.com:443").version(Version::HTTP_2);
    assert!(!is_upgrade_request(&request.body(()).unwrap()));
}
