//! What hyper judges before us, and what it leaves to us.

use tower_websock::Rejection;

use crate::support::raw::{RawRequest, TEXT, frame};

use super::{FRONTS, assert_rejected, expect_bad_request, expect_plain, get_plain};

/// RFC 9112, section 3.2: hyper leaves `Host` to the application, so it is we who refuse.
#[tokio::test]
async fn host_is_judged_by_us_and_not_by_hyper() {
    let spoiled = |request: RawRequest| {
        [
            (request.clone().without("Host"), Rejection::HostMissing),
            (request.clone().set("Host", ""), Rejection::Host),
            (request.with("Host", "other"), Rejection::HostRepeated),
        ]
    };
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        for (request, _) in spoiled(get_plain()) {
            client.send(request.bytes()).await;
            expect_plain(&mut client).await;
        }
        for (request, rejection) in spoiled(RawRequest::handshake()) {
            client.send(request.bytes()).await;
            assert_rejected(&client.response().await, rejection);
        }
        assert_eq!(server.calls(), 0);
    }
}

/// RFC 9112, section 6.3: what could be a body or none is refused by hyper, before us.
#[tokio::test]
async fn rustsec_2021_0078_handshake_with_a_doubtful_body_never_reaches_us() {
    let valid = RawRequest::handshake();
    let length = |length: &str| valid.clone().with("Content-Length", length);
    let coding = |coding: &str| valid.clone().with("Transfer-Encoding", coding);
    let rows = [
        length("x"),
        length("-0"),
        length("0, 0"),
        length("0").with("Content-Length", "5"),
        coding("gzip"),
        coding("chunked, gzip"),
        coding("identity"),
    ];
    for front in FRONTS {
        let server = front.start().await;
        for request in &rows {
            let mut client = server.connect().await;
            client
                .send([request.bytes(), frame(TEXT, "smuggled")].concat())
                .await;
            expect_bad_request(&mut client).await;
        }
        assert_eq!(server.calls(), 0);
    }
}

/// RFC 9112, sections 2.2, 5.1: what is no HTTP is refused by hyper, before us.
#[tokio::test]
async fn malformed_head_never_reaches_us() {
    let valid = RawRequest::handshake();
    let rows = [
        valid.clone().with("X", "a\0b"),
        valid.clone().with("X", "a\rb"),
        valid.clone().with("X", "a\x7fb"),
        valid.clone().with("Bad Name", "x"),
        valid.clone().with("", "x"),
        valid.clone().with("X", "a\r\n folded"),
        valid.clone().with_line("GET /ws HTTP/1.2"),
        valid.clone().with_line("GET /ws HTTP/2.0"),
        valid.clone().with_line("GET /ws HTTP/0.9"),
        valid.clone().with_line("GET /ws"),
        valid.clone().with_line("GET /w s HTTP/1.1"),
    ];
    for front in FRONTS {
        let server = front.start().await;
        for request in &rows {
            let mut client = server.connect().await;
            client
                .send([request.bytes(), frame(TEXT, "smuggled")].concat())
                .await;
            expect_bad_request(&mut client).await;
        }
        assert_eq!(server.calls(), 0);
    }
}

/// CVE-2024-37890, CVE-2026-54465: a head with too many headers is refused as a whole, so
/// none that we need can be missing.
#[tokio::test]
async fn cve_2024_37890_head_with_too_many_headers_is_refused() {
    // hyper's limit is 100; a handshake has five.
    for (more, status) in [(95, 101), (96, 431), (1000, 431)] {
        let mut request = RawRequest::line("GET /ws HTTP/1.1");
        for _ in 0..more {
            request = request.with("X", "");
        }
        let mut head = request.bytes();
        head.truncate(head.len() - 2);
        let valid = RawRequest::handshake().bytes();
        let line = valid.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        head.extend_from_slice(&valid[line..]);
        for front in FRONTS {
            let server = front.start().await;
            let mut client = server.connect().await;
            client.send(&head).await;
            assert_eq!(client.response().await.status(), status);
            assert_eq!(server.calls(), usize::from(status == 101));
        }
    }
}
