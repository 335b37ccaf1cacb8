//! What values print for those who debug: their names, what tells them apart, and no more.

use std::fmt::Debug;

use tokio::io::duplex;
use tower_websock::{
    Config, ConnectionKey, Connections, Lag, OriginPolicy, ProvidedIo, Subscribe, Topic, TopicKey,
    WebSocket, WebSocketLayer, WebSocketService, WebSocketUpgrade,
};

use crate::support::{echo, handshake};

/// `value` prints `expected`; that may leave out some of it, which it marks by `..`.
#[track_caller]
fn assert_shown(value: impl Debug, expected: &str) {
    let shown = format!("{value:?}");
    let mut rest = &*shown;
    for part in expected.split("..") {
        let Some(at) = rest.find(part) else {
            panic!("{shown}\nis not\n{expected}");
        };
        rest = &rest[at + part.len()..];
    }
    let first = expected.split("..").next().unwrap();
    assert!(shown.starts_with(first), "{shown}\nis not\n{expected}");
}

#[test]
fn settings_are_shown() {
    assert_shown(OriginPolicy::same_host(), "OriginPolicy..SameHost");
    assert_shown(OriginPolicy::any(), "OriginPolicy..Any");
    assert_shown(
        OriginPolicy::list(["https://example.com"]),
        "OriginPolicy..Listed..example.com",
    );
    assert_shown(OriginPolicy::predicate(|_| true), "OriginPolicy..Predicate");

    let connections = Connections::new().max(7).max_per_key(2);
    assert_shown(
        &connections,
        "Connections { len: 0, max: ..7.., max_per_key: ..2..",
    );
    let layer = WebSocketLayer::new(echo)
        .path("/ws")
        .config(Config::new().max_message_size(777))
        .connections(&connections)
        .connection_key(|_| Some(ConnectionKey::from("somebody")))
        .authorize(|_: &mut http::request::Parts| Ok::<_, http::StatusCode>(()))
        .on_end(|_| |_| ());
    assert_shown(
        &layer,
        "WebSocketLayer { settings: ../ws..777..on_end: true",
    );
    assert_shown(
        WebSocketService::new(echo).path("/ws"),
        "WebSocketService { inner: NoInner, settings: ../ws",
    );
    let layer = tower_websock::axum::WebSocketLayer::new(async |_: WebSocket| ()).path("/of-axum");
    assert_shown(&layer, "WebSocketLayer {../of-axum");
}

#[tokio::test]
async fn sockets_are_shown() {
    let (io, _peer) = duplex(64);
    let socket = WebSocket::server(io, &Config::new());
    assert_shown(&socket, "WebSocket { subprotocol: None, closure: None");
    let topic = Topic::new();
    assert_shown(&topic, "Topic { stats: ..");
    assert_shown(TopicKey::from("a\n"), r#"TopicKey("a\n")"#);
    assert_shown(
        Subscribe::new().lag(Lag::Latest).filter(|_| true),
        "Subscribe { lag: ..Latest.., filter: true, notice: false }",
    );
    assert_shown(topic.stream(), "TopicStream { skipped: 0");
    assert_shown(socket.subscribe(&topic), "Subscription { skipped: 0");
    assert_shown(socket.sender(), "Sender {");
    let (sends, receives) = socket.split();
    assert_shown(&sends, "SendHalf {");
    assert_shown(&receives, "RecvHalf {");
}

#[tokio::test]
async fn upgrades_are_shown() {
    let io = ProvidedIo::new(duplex(64).0);
    assert_shown(&io, "ProvidedIo {");
    let mut request = handshake();
    request.extensions_mut().insert(io);
    let (mut parts, ()) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    assert_shown(&upgrade, "WebSocketUpgrade {");
    let (_response, accepting) = upgrade.accept::<String>().unwrap();
    assert_shown(&accepting, "Accepting { subprotocol: None");
    let supervise = accepting.supervise(echo);
    assert_shown(&supervise, "Supervise {");
}
