//! With the feature `tracing`.

use futures_util::FutureExt;
use hyper::body::Incoming;
use tower::ServiceExt;
use tower_websock::{
    Accepting, CloseFrame, Connections, ProvidedIo, Rejection, Release, UpgradeError,
    WebSocketUpgrade,
};
use tracing::{Instrument, info, info_span};

use super::{subscriber::Lines, *};
use crate::support;

/// Serves `obedient`, each request in a span of its own.
async fn serve_in_spans() -> SocketAddr {
    let handler = |socket: WebSocket| async {
        info!("begins");
        // Not only in its first poll.
        tokio::task::yield_now().await;
        let served = obedient(socket).await;
        info!("ends");
        served
    };
    let layer = WebSocketLayer::new(handler).subprotocols(["chat"]);
    let service = layer.layer(service_fn(inner));
    let in_span = service_fn(move |request: Request<Incoming>| {
        let span = info_span!("request", n = 1);
        service.clone().oneshot(request).instrument(span)
    });
    serve_service(in_span).await
}

/// What holds for every run of the figures that depend on it.
fn without_times(line: &str) -> String {
    let words = line.split(' ').filter(|word| !word.starts_with("seconds="));
    words.collect::<Vec<_>>().join(" ")
}

/// A connection's span is the child of its request's, the handler's events are in it, and there is
/// an event when it opens and when it closes.
#[tokio::test]
async fn events_of_a_connection_are_in_its_span_below_the_requests() {
    for (version, shown) in [
        (Version::HTTP_11, "HTTP/1.1"),
        (Version::HTTP_2, "HTTP/2.0"),
    ] {
        let (lines, _guard) = Lines::collect();
        let mut server = Server::of(version, serve_in_spans().await).await;
        let builder = Builder::new().subprotocols(["chat"]);
        let mut socket = server.open(&builder).await.unwrap();
        soon(socket.send("echo".into())).await.unwrap();
        expect_echo(&mut socket, Message::text("0123456789")).await;
        let bye = CloseFrame::new(1001, "see you");
        soon(socket.close(Some(bye))).await.unwrap();
        until(|| lines.events().len() == 4 && lines.state().closed == 2).await;

        let span = format!(
            "request{{n=1}}:websocket{{path=\"/ws\" version={shown} subprotocol=\"chat\"}}"
        );
        let lines: Vec<_> = lines
            .events()
            .iter()
            .map(|line| without_times(line))
            .collect();
        let closed = "closed by the peer with 1001 \"see you\" code=1001 initiator=\"remote\" \
                      received.messages=2 received.bytes=14 received.wire_bytes=41 \
                      sent.messages=1 sent.bytes=10 sent.wire_bytes=16";
        let expected = ["opened", "begins", "ends", closed];
        assert_eq!(lines, expected.map(|event| format!("INFO {span} {event}")));
    }
}

/// A refusal says which check failed, in the request's span; no span is made for it.
#[tokio::test]
async fn refusal_says_which_check_failed() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (lines, _guard) = Lines::collect();
        let mut server = Server::of(version, serve_in_spans().await).await;
        server.open(&foreign()).await.unwrap_err();
        let refused = format!(
            "INFO request{{n=1}} handshake refused: {} reason=\"origin\" status=403",
            Rejection::Origin
        );
        assert_eq!(lines.events(), [refused]);
    }
}

/// A handler that fails, and one that panics: both are shown, and so is what the peer was told.
#[tokio::test]
async fn failing_handlers_are_shown() {
    for (order, event) in [("fail", "INFO"), ("panic", "ERROR")] {
        let (lines, _guard) = Lines::collect();
        let mut server = Server::of(Version::HTTP_11, serve_in_spans().await).await;
        let mut socket = server.open(&Builder::new()).await.unwrap();
        soon(socket.send(order.into())).await.unwrap();
        while soon(socket.recv()).await.is_some() {}
        let is_last = |line: &String| line.contains("closed by this side with 1011");
        until(|| lines.events().last().is_some_and(is_last)).await;
        let events = lines.events();
        let expected = if order == "fail" {
            format!("handler failed: {}", Error::Overrun)
        } else {
            String::from("handler panicked")
        };
        let shown = events.iter().filter(|line| line.ends_with(&expected));
        let shown: Vec<_> = shown.collect();
        assert_eq!(shown.len(), 1, "{events:?}");
        assert!(shown[0].starts_with(event) && shown[0].contains(":websocket{"));
    }
}

/// A request that was accepted, and what releases its transport.
fn accepted() -> (Accepting, Release) {
    let (mut parts, ()) = support::handshake().into_parts();
    let (provided, release) = ProvidedIo::held(tokio::io::duplex(1024).0);
    parts.extensions.insert(provided);
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let upgrade = upgrade.connections(&Connections::new());
    (upgrade.accept::<()>().unwrap().1, release)
}

/// An upgrade that fails after it was accepted is shown with its cause, once.
#[tokio::test]
async fn failed_upgrade_is_shown() {
    let (lines, _guard) = Lines::collect();
    let (accepting, release) = accepted();
    drop(release);
    let error = soon(accepting.socket()).await.unwrap_err();
    let span = "websocket{path=\"/ws\" version=HTTP/1.1 id=1}";
    assert_eq!(lines.events(), [format!("INFO {span} not opened: {error}")]);
}

/// So is one that is dropped before its transport comes, wherever that happens, and no other.
#[tokio::test]
async fn dropped_upgrade_is_shown() {
    let dropped = UpgradeError::Dropped;
    let span = "websocket{path=\"/ws\" version=HTTP/1.1 id=1}";
    for place in 0..5 {
        let (lines, _guard) = Lines::collect();
        let (accepting, release) = accepted();
        match place {
            0 => drop(accepting),
            1 => drop(accepting.supervise(obedient)),
            2 => drop(accepting.socket()),
            3 => assert!(accepting.supervise(obedient).now_or_never().is_none()),
            _ => assert!(accepting.socket().now_or_never().is_none()),
        }
        assert_eq!(
            lines.events(),
            [format!("INFO {span} not opened: {dropped}")],
            "{place}"
        );
        assert_eq!(lines.state().closed, 1, "{place}");
        drop(release);
    }
    let (lines, _guard) = Lines::collect();
    let (accepting, release) = accepted();
    release.release();
    drop(soon(accepting.socket()).await.unwrap());
    let events = lines.events();
    assert!(
        events[0].ends_with("opened") && events.len() == 2,
        "{events:?}"
    );
}
