//! permessage-deflate in the opening handshake (RFC 7692, section 5), through the public interface.

use http::{HeaderValue, Request, Response};
use tokio::io::{DuplexStream, duplex};
use tower::ServiceExt;
use tower_websock::{
    Config, DeflateConfig, ProvidedIo, Rejection, WebSocket, WebSocketService, WebSocketUpgrade,
};

use crate::support::raw::{ACCEPT, KEY};

const EXTENSIONS: &str = "sec-websocket-extensions";

/// What browsers send.
const BROWSER: &str = "permessage-deflate; client_max_window_bits";

/// A valid handshake with these lines of `Sec-WebSocket-Extensions`, and the client's end.
fn offering(lines: &[&'static str]) -> (DuplexStream, Request<()>) {
    let (client, server) = duplex(64);
    let mut request = Request::get("/ws")
        .header("host", "localhost")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", KEY)
        .header("sec-websocket-version", "13")
        .extension(ProvidedIo::new(server))
        .body(())
        .unwrap();
    for line in lines {
        let line = HeaderValue::from_static(line);
        request.headers_mut().append(EXTENSIONS, line);
    }
    (client, request)
}

fn assert_switches<B>(response: &Response<B>, extensions: Option<&str>) {
    assert_eq!(response.status(), 101);
    let mut expected = vec![
        ("connection", "Upgrade"),
        ("sec-websocket-accept", ACCEPT),
        ("upgrade", "websocket"),
    ];
    if let Some(extensions) = extensions {
        expected.insert(2, (EXTENSIONS, extensions));
    }
    let headers = response.headers().iter();
    let mut found: Vec<_> = headers
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}

/// 5, 7.1; RFC 6455, section 4.2.2: one line answers the offer that is accepted, or none does.
#[tokio::test]
async fn response_has_one_line_for_the_offer_that_is_accepted() {
    let plain = Config::new();
    let deflate = Config::new().deflate(DeflateConfig::new());
    let bounded = Config::new().deflate(
        DeflateConfig::new()
            .client_max_window_bits(11)
            .server_max_window_bits(12)
            .server_no_context_takeover(),
    );
    let rows: [(&Config, &[&'static str], Option<&str>); 9] = [
        (&plain, &[BROWSER], None),
        (&deflate, &[], None),
        (&deflate, &["foo; bar=\"x\""], None),
        (&deflate, &["permessage-deflate; foo"], None),
        (
            &deflate,
            &[BROWSER],
            Some("permessage-deflate; client_max_window_bits=12"),
        ),
        (
            &deflate,
            &[
                "foo, permessage-deflate; foo",
                "",
                "permessage-deflate; server_max_window_bits=\"10\", bar",
            ],
            Some("permessage-deflate; server_max_window_bits=10"),
        ),
        (
            &deflate,
            &["permessage-deflate; server_no_context_takeover", BROWSER],
            Some("permessage-deflate; server_no_context_takeover"),
        ),
        (
            &bounded,
            &["permessage-deflate"],
            Some("permessage-deflate"),
        ),
        (
            &bounded,
            &[BROWSER],
            Some("permessage-deflate; client_max_window_bits=11"),
        ),
    ];
    for (config, lines, expected) in rows {
        let (_client, request) = offering(lines);
        let service = WebSocketService::new(async |_: WebSocket| {}).config(config.clone());
        let response = service.oneshot(request).await.unwrap();
        assert_switches(&response, expected);
    }
}

/// 5: what counts is the configuration at the time of accepting.
#[test]
fn configuration_may_follow_the_check() {
    let deflate = Config::new().deflate(DeflateConfig::new().no_context_takeover());
    let answer = "permessage-deflate; client_no_context_takeover; client_max_window_bits=12";
    let rows: [(&[&Config], Option<&str>); 3] = [
        (&[], None),
        (&[&deflate], Some(answer)),
        (&[&deflate, &Config::new()], None),
    ];
    for (configs, expected) in rows {
        let (_client, request) = offering(&[BROWSER]);
        let mut upgrade = WebSocketUpgrade::from_parts(&mut request.into_parts().0).unwrap();
        for config in configs {
            upgrade = upgrade.config((*config).clone());
        }
        let (response, _accepting) = upgrade.accept::<()>().unwrap();
        assert_switches(&response, expected);
    }
}

/// RFC 6455, section 9.1: a malformed list fails the handshake, whatever stands before.
#[tokio::test]
async fn malformed_list_is_refused_though_an_offer_is_acceptable() {
    for lines in [
        ["permessage-deflate, foo;"].as_slice(),
        &[
            "permessage-deflate",
            "permessage-deflate; server_max_window_bits=",
        ],
    ] {
        let (_client, request) = offering(lines);
        let config = Config::new().deflate(DeflateConfig::new());
        let service = WebSocketService::new(async |_: WebSocket| {}).config(config);
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 400);
        assert_eq!(
            response.extensions().get(),
            Some(&Rejection::Extensions),
            "{lines:?}"
        );
        assert_eq!(response.headers().get(EXTENSIONS), None);
    }
}
