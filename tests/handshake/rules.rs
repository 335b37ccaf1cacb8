//! Rules of the opening handshake that others overlook, through the public interface.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::{HeaderValue, Request, Version, request::Parts};
use tokio::io::duplex;
use tower::ServiceExt;
use tower_websock::{
    OriginPolicy, ProvidedIo, Rejection, WebSocket, WebSocketService, WebSocketUpgrade,
};

use crate::support::raw::KEY;

fn parts() -> Parts {
    let (_client, server) = duplex(64);
    Request::get("/ws")
        .header("host", "good.com")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", KEY)
        .header("sec-websocket-version", "13")
        .extension(ProvidedIo::new(server))
        .body(())
        .unwrap()
        .into_parts()
        .0
}

fn with(name: &'static str, value: &[u8]) -> Result<(), Rejection> {
    let mut parts = parts();
    parts
        .headers
        .insert(name, HeaderValue::from_bytes(value).unwrap());
    WebSocketUpgrade::from_parts(&mut parts).map(drop)
}

/// RFC 9112, section 3.2: a `Host` "with an invalid field value" MUST be answered with 400.
#[test]
fn host_that_is_no_host_is_refused() {
    for host in [
        b"\xff".as_slice(),
        b"a b",
        b"a/b",
        b"user@good.com",
        b"a, b",
        b"a:x",
        b"a?b",
        b"[::1",
    ] {
        assert_eq!(
            with("host", host),
            Err(Rejection::Host),
            "{}",
            host.escape_ascii()
        );
    }
}

/// 4.2.1: "any violations of the ABNF grammar" (RFC 9110, section 7.6.1: connection-option = token).
#[test]
fn malformed_connection_is_refused() {
    for value in [
        b"\xff, upgrade".as_slice(),
        b"a b, upgrade",
        b"\"x, upgrade, y\"",
        b"a;b, upgrade",
    ] {
        assert_eq!(
            with("connection", value),
            Err(Rejection::ConnectionMalformed),
            "{}",
            value.escape_ascii()
        );
    }
}

/// 4.2.1: as above (RFC 9110, section 7.8: protocol = token [ "/" token ]).
#[test]
fn malformed_upgrade_is_refused() {
    for value in [
        b"\xe9, websocket".as_slice(),
        b"a b, websocket",
        b"\"x, websocket, y\"",
        b"a/b/c, websocket",
    ] {
        assert_eq!(
            with("upgrade", value),
            Err(Rejection::UpgradeMalformed),
            "{}",
            value.escape_ascii()
        );
    }
}

/// RFC 9113, sections 8.2.2, 8.6: HTTP/2 has neither Upgrade nor 101.
#[test]
fn handshake_of_rfc_6455_over_http_2_is_refused() {
    for version in [Version::HTTP_2, Version::HTTP_3] {
        let mut parts = parts();
        parts.version = version;
        assert!(
            WebSocketUpgrade::from_parts(&mut parts).is_err(),
            "{version:?}"
        );
    }
}

/// As above: the service alone answers such a request "there is no WebSocket endpoint at this path".
#[tokio::test]
async fn service_alone_does_not_blame_the_path_for_http_2() {
    let mut request = Request::from_parts(parts(), ());
    *request.version_mut() = Version::HTTP_2;
    let service = WebSocketService::new(async |_: WebSocket| {});
    let response = service.oneshot(request).await.unwrap();
    assert_ne!(response.extensions().get(), Some(&Rejection::Path));
}

/// RFC 3986, section 6.2.3: an empty port is the default port.
#[test]
fn host_with_an_empty_port_is_the_same_host() {
    let mut parts = parts();
    parts
        .headers
        .insert("host", HeaderValue::from_static("good.com:"));
    parts
        .headers
        .insert("origin", HeaderValue::from_static("https://good.com"));
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    assert_eq!(upgrade.accept::<()>().err(), None);
}

/// RFC 3986, section 3.1: schemes have no case (`OriginPolicy::list` compares them so).
#[test]
fn scheme_of_the_origin_has_no_case() {
    for policy in [
        OriginPolicy::list(["https://good.com"]),
        OriginPolicy::same_host(),
    ] {
        let mut parts = parts();
        parts
            .headers
            .insert("origin", HeaderValue::from_static("HTTPS://good.com"));
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        assert_eq!(
            upgrade.origin(policy.clone()).accept::<()>().err(),
            None,
            "{policy:?}"
        );
    }
}

/// 9.1: extensions that are not configured are ignored; none is answered that is not in use.
#[test]
fn compression_is_not_answered_unless_it_is_configured() {
    let mut parts = parts();
    parts.headers.insert(
        "sec-websocket-extensions",
        HeaderValue::from_static("permessage-deflate; client_max_window_bits"),
    );
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let (response, _accepting) = upgrade.accept::<()>().unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(response.headers().get("sec-websocket-extensions"), None);
}

/// 10.2, DNS rebinding: `Host` and `Origin` agree, and the name is not the server's. Every mount
/// refuses it, no handler runs, and a page of the server's own passes.
#[tokio::test]
async fn abuse_19_rebound_name_is_refused_by_every_mount() {
    let request = |host: &'static str, origin: Option<&'static str>| {
        let mut parts = parts();
        let host = HeaderValue::from_static(host);
        parts.headers.insert("host", host);
        if let Some(origin) = origin {
            let origin = HeaderValue::from_static(origin);
            parts.headers.insert("origin", origin);
        }
        parts
    };
    let own = ("localhost:3000", Some("http://localhost:3000"));
    let rebound = ("evil.test:3000", Some("http://evil.test:3000"));
    for policy in [
        OriginPolicy::loopback(),
        OriginPolicy::hosts(["localhost:3000", "*.example.com"]),
    ] {
        for ((host, origin), accepted) in [
            (own, true),
            (("localhost:3000", None), true),
            (rebound, false),
            (("evil.test:3000", None), false),
        ] {
            let calls = Arc::new(AtomicUsize::new(0));
            let counter = calls.clone();
            let handler = move |_: WebSocket| {
                counter.fetch_add(1, Ordering::Relaxed);
                async {}
            };
            let parts = request(host, origin);

            let upgrade = WebSocketUpgrade::from_parts(&mut parts.clone()).unwrap();
            let refused = upgrade.origin(policy.clone()).accept::<()>().err();
            let expected = (!accepted).then_some(Rejection::ForeignHost);
            assert_eq!(refused, expected, "{host}");

            let service = WebSocketService::new(handler.clone()).origin(policy.clone());
            let request = Request::from_parts(parts.clone(), ());
            let response = service.oneshot(request).await.unwrap();
            let answers = vec![(response.status(), response.extensions().get().copied())];

            #[cfg(feature = "axum")]
            let answers = {
                let policy = policy.clone();
                let upgrade = async move |upgrade: tower_websock::axum::WebSocketUpgrade| {
                    let upgrade = upgrade.origin(policy);
                    upgrade.on_upgrade(move |socket| handler(socket.into_inner()))
                };
                let router = axum::Router::new().route("/ws", axum::routing::any(upgrade));
                // The layer has taken the transport.
                let (_client, server) = duplex(64);
                let mut parts = parts.clone();
                parts.extensions.insert(ProvidedIo::new(server));
                let request = Request::from_parts(parts, axum::body::Body::empty());
                let response = router.oneshot(request).await.unwrap();
                let answer = (response.status(), response.extensions().get().copied());
                [answers, vec![answer]].concat()
            };
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            for (status, rejection) in &answers {
                assert_eq!(*rejection, expected, "{host}");
                let expected = if accepted { 101 } else { 403 };
                assert_eq!(status.as_u16(), expected);
            }
            let expected = if accepted { answers.len() } else { 0 };
            assert_eq!(calls.load(Ordering::Relaxed), expected);
        }
    }
}
