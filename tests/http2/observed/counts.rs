//! With the feature `metrics`.

use std::convert::Infallible;

use tower::Service;
use tower_websock::{
    CloseFrame, Lag, ProvidedIo, Refusal, Rejection, Subscribe, Topic, TopicConfig, UpgradeError,
    WebSocketUpgrade,
};

use super::{recorder::Sums, *};
use crate::support;

const OPEN: &str = "websocket_connections_open";
const OPENED: &str = "websocket_connections_opened_total";
const CLOSED: &str = "websocket_connections_closed_total";
const REFUSED: &str = "websocket_handshakes_refused_total";
const MESSAGES: &str = "websocket_messages_total";
const RTT: &str = "websocket_ping_rtt_seconds";
const PAYLOAD: &str = "websocket_payload_bytes_total";

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

fn closed(code: &str, initiator: &str) -> String {
    format!("{CLOSED}{{code={code},initiator={initiator}}}")
}

/// Every way in which a connection ends is counted once, with its code and who began; the gauge
/// is back at zero; refusals count by their check, and clients do not count.
#[tokio::test]
async fn metrics_add_up_with_what_was_done() {
    for version in VERSIONS {
        let sums = Sums::default();
        let _guard = metrics::set_default_local_recorder(&sums);
        let addr = serve(obedient, Config::new()).await;
        let mut server = Server::of(version, addr).await;
        let builder = Builder::new();

        // 7 end each in their way, and 1 stays.
        let mut staying = server.open(&builder).await.unwrap();
        for (order, code) in [
            ("echo", Some(1000)),
            ("echo", Some(4001)),
            ("echo", Some(4999)),
        ] {
            let mut socket = server.open(&builder).await.unwrap();
            soon(socket.send(order.into())).await.unwrap();
            expect_echo(&mut socket, Message::text("0123456789")).await;
            let frame = code.map(|code| CloseFrame::new(code, ""));
            soon(socket.close(frame)).await.unwrap();
        }
        let mut socket = server.open(&builder).await.unwrap();
        soon(socket.close(None)).await.unwrap();
        for order in ["fail", "panic"] {
            let mut socket = server.open(&builder).await.unwrap();
            soon(socket.send(order.into())).await.unwrap();
            while soon(socket.recv()).await.is_some() {}
        }
        let mut lost = server.open(&builder).await.unwrap();
        soon(lost.send("hold".into())).await.unwrap();
        soon(lost.recv()).await.unwrap().unwrap();
        assert_eq!(sums.of(OPENED), 8);
        drop(lost);
        until(|| sums.of(OPEN) == 1).await;

        assert_eq!(
            sums.beginning(CLOSED),
            [
                (closed("1000", "remote"), 1),
                (closed("1005", "remote"), 1),
                (closed("1006", "none"), 1),
                (closed("1011", "local"), 2),
                (closed("4xxx", "remote"), 2),
            ],
            "{version:?}"
        );
        // 3 orders to echo, 3 messages and their echoes, 3 orders more, one of them answered.
        assert_eq!(sums.of(&format!("{MESSAGES}{{direction=received}}")), 9);
        assert_eq!(sums.of(&format!("{MESSAGES}{{direction=sent}}")), 4);
        assert_eq!(
            sums.of(&format!("{PAYLOAD}{{direction=received}}")),
            3 * (4 + 10) + 4 + 5 + 4
        );
        assert_eq!(sums.of(&format!("{PAYLOAD}{{direction=sent}}")), 34);

        for _ in 0..3 {
            let error = server.open(&foreign()).await.unwrap_err();
            assert_eq!(error.status(), Some(http::StatusCode::FORBIDDEN));
        }
        let only = (format!("{REFUSED}{{reason=origin}}"), 3);
        assert_eq!(sums.beginning(REFUSED), [only]);

        soon(staying.close(None)).await.unwrap();
        until(|| sums.of(OPEN) == 0).await;
        assert_eq!(sums.of(OPENED), 8);
    }
}

/// What the application refuses is counted once, by a name of its own; a rejection that it hands on
/// is counted by that one's name.
#[tokio::test]
async fn refusals_of_the_application_are_counted() {
    let sums = Sums::default();
    let _guard = metrics::set_default_local_recorder(&sums);
    let refusals: [fn() -> Refusal; 3] = [
        || "not you".into(),
        || http::StatusCode::UNAUTHORIZED.into(),
        || Rejection::Origin.into(),
    ];
    for refusal in refusals {
        let mut service = WebSocketLayer::new(support::hold)
            .authorize(move |_| Err(refusal()))
            .layer(service_fn(async |_: Request<()>| {
                Ok::<_, Infallible>(http::Response::new(Bytes::new()))
            }));
        let mut request = support::handshake();
        request
            .extensions_mut()
            .insert(ProvidedIo::new(tokio::io::empty()));
        let response = service.call(request).await.unwrap();
        assert!(response.status().is_client_error());
    }
    let named = |name, count| (format!("{REFUSED}{{reason={name}}}"), count);
    assert_eq!(
        sums.beginning(REFUSED),
        [named("authorize", 2), named("origin", 1)]
    );
}

/// A connection that is never idle tells how far it is before its end.
#[tokio::test]
async fn busy_connection_is_counted_while_it_is_open() {
    let sums = Sums::default();
    let _guard = metrics::set_default_local_recorder(&sums);
    let mut server = Server::of(Version::HTTP_11, serve(echo, Config::new()).await).await;
    let mut socket = server.open(&Builder::new()).await.unwrap();
    let received = format!("{MESSAGES}{{direction=received}}");
    let mut reports = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        expect_echo(&mut socket, Message::text("0123456789".repeat(100))).await;
        reports.insert(sums.of(&received));
    }
    // Each of 512 KiB on the wire: 2,012 bytes for a message and its echo.
    assert_eq!(reports.len(), 1 + 1000 * 2012 / (512 * 1024));
    assert!(reports.last().unwrap() >= &700, "{reports:?}");
    soon(socket.close(None)).await.unwrap();
    until(|| sums.of(OPEN) == 0).await;
    assert_eq!(sums.of(&received), 1000);
}

/// The keep-alive has a quiet connection tell what little has passed, and how long its pongs take.
#[tokio::test(start_paused = true)]
async fn quiet_connection_is_counted_when_it_is_pinged() {
    let sums = Sums::default();
    let _guard = metrics::set_default_local_recorder(&sums);
    let (client, server) = tokio::io::duplex(1024);
    let task = support::supervise(server, Config::new(), echo);
    let mut peer = support::Peer::new(client);
    peer.send(&support::frame(support::TEXT, b"hello")).await;
    peer.expect(support::TEXT, b"hello").await;
    let received = format!("{MESSAGES}{{direction=received}}");
    assert_eq!((sums.of(&received), sums.of(RTT)), (0, 0));
    let (first, ping) = peer.read().await.unwrap();
    assert_eq!((first, sums.of(&received)), (support::PING, 1));
    peer.send(&support::frame(support::PONG, &ping)).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(sums.of(RTT), 1);
    support::close_by_peer(peer, task).await;
    assert_eq!((sums.of(&received), sums.of(RTT), sums.of(OPEN)), (1, 1, 0));
}

/// Tasks that are aborted, upgrades that fail, and sockets without a supervisor.
#[tokio::test]
async fn gauge_comes_back_whatever_happens() {
    let sums = Sums::default();
    let _guard = metrics::set_default_local_recorder(&sums);

    // An aborted task.
    let (client, server) = tokio::io::duplex(1024);
    let task = support::supervise(server, Config::new(), support::hold);
    tokio::task::yield_now().await;
    assert_eq!(sums.of(OPEN), 1);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(sums.of(OPEN), 0);
    assert_eq!(sums.of(&closed("1006", "none")), 1);
    drop(client);

    // An upgrade that fails, or is dropped, was never open.
    for drops in [false, true] {
        let (mut parts, ()) = support::handshake().into_parts();
        let (provided, release) = tower_websock::ProvidedIo::held(tokio::io::duplex(1024).0);
        parts.extensions.insert(provided);
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let (_, accepting) = upgrade.accept::<()>().unwrap();
        let serving = accepting.supervise(support::hold);
        if drops {
            drop(serving);
        } else {
            drop(release);
            let failed = soon(serving).await;
            assert!(matches!(failed, Err(UpgradeError::NotSent)));
        }
        assert_eq!((sums.of(OPENED), sums.of(OPEN)), (1, 0));
    }

    // A socket without a supervisor, which is dropped, or closed while its owner keeps it.
    let (client, server) = tokio::io::duplex(1024);
    let socket = support::accept(server, Config::new())
        .socket()
        .await
        .unwrap();
    assert_eq!(sums.of(OPEN), 1);
    drop(socket);
    assert_eq!(sums.of(OPEN), 0);
    drop(client);
    let (client, server) = tokio::io::duplex(1024);
    let mut socket = support::accept(server, Config::new())
        .socket()
        .await
        .unwrap();
    let mut peer = support::Peer::new(client);
    peer.send(&support::close_frame(1001)).await;
    let closing = tokio::spawn(async move {
        while socket.recv().await.is_some() {}
        socket
    });
    peer.expect_close(1001).await;
    drop(peer);
    let socket = closing.await.unwrap();
    assert_eq!(sums.of(OPEN), 0);
    assert_eq!(sums.of(&closed("1001", "remote")), 1);
    drop(socket);
    assert_eq!(sums.of(OPEN), 0);

    // A connection of nobody's request, and a client's, are not counted.
    let (mut ours, mut theirs) = WebSocket::pair(&Config::new());
    expect_nothing(&mut ours, &mut theirs).await;
    assert_eq!(sums.of(OPENED), 3);
}

async fn expect_nothing(
    ours: &mut WebSocket<tokio::io::DuplexStream>,
    theirs: &mut WebSocket<tokio::io::DuplexStream>,
) {
    ours.send("x".into()).await.unwrap();
    assert!(theirs.recv().await.unwrap().is_ok());
}

/// A topic with a name is told of when something is published on it, and when it is gone; one
/// without is not.
#[tokio::test]
async fn topics_are_counted_by_name() {
    let sums = Sums::default();
    let _guard = metrics::set_default_local_recorder(&sums);
    let small = TopicConfig::new().capacity(2);
    let (named, nameless) = (Topic::with_config(small.name("prices")), Topic::new());
    let mut skipping = named.stream();
    let strict = Lag::Close {
        messages: 1,
        time: std::time::Duration::MAX,
    };
    let mut strict = named.stream_with(Subscribe::new().lag(strict));
    for _ in 0..5 {
        named.publish("1");
        nameless.publish("2");
    }
    let of = |what: &str| sums.of(&format!("websocket_topic_{what}{{topic=prices}}"));
    assert_eq!((of("published_total"), of("subscribers")), (5, 2));
    assert_eq!((of("skipped_total"), of("too_slow_total")), (0, 0));
    assert!(skipping.recv().await.is_some());
    assert!(strict.recv().await.is_none());
    named.publish("3");
    assert_eq!((of("published_total"), of("subscribers")), (6, 1));
    assert_eq!((of("skipped_total"), of("too_slow_total")), (3, 1));
    drop((named, skipping, strict));
    assert_eq!(of("subscribers"), 0);
    assert_eq!(sums.beginning("websocket_topic").len(), 3);
}
