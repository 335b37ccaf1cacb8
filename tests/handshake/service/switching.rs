//! The response that switches protocols, and the upgrade behind it.

use std::{error::Error as _, sync::Arc};

use http::{Method, Version, request::Parts};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, duplex},
    sync::mpsc,
};
use tower::{Layer, ServiceExt, service_fn};
use tower_websock::{
    Config, ProvidedIo, Rejection, Subprotocol, UpgradeError, WebSocket, WebSocketLayer,
    WebSocketService, WebSocketUpgrade,
};

use crate::support::{
    echo,
    raw::{ACCEPT, BINARY, Client, PING, PONG, TEXT, frame, soon},
};

use super::{EXTENSIONS, Marker, PROTOCOL, connected, handshake, set, sorted, unreachable, unused};

/// 4.2.2 item 5: these headers and no others; RFC 9110, section 8.6: no length, no body.
#[tokio::test(start_paused = true)]
async fn valid_handshake_is_answered_with_101() {
    let rows: [(Option<&'static str>, Option<&'static str>); 6] = [
        (None, None),
        (Some("other"), None),
        (Some("b"), Some("b")),
        (Some("other, b"), Some("b")),
        // The server's order counts.
        (Some("b, a"), Some("a")),
        (Some("A, B, b"), Some("b")),
    ];
    for (offered, selected) in rows {
        let (client, mut request) = connected();
        if let Some(offered) = offered {
            set(&mut request, PROTOCOL, offered);
        }
        set(&mut request, EXTENSIONS, "permessage-deflate; x=\"y\"");
        let (sender, mut seen) = mpsc::unbounded_channel();
        let handler = move |socket: WebSocket| {
            sender.send(socket.subprotocol().cloned()).unwrap();
            echo(socket)
        };
        let service = WebSocketLayer::new(handler)
            .subprotocols(["a", "b"].map(Subprotocol::from_static))
            .layer(service_fn(unreachable));
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        let mut expected = vec![("connection", "Upgrade"), ("sec-websocket-accept", ACCEPT)];
        expected.extend(selected.map(|name| ("sec-websocket-protocol", name)));
        expected.push(("upgrade", "websocket"));
        assert_eq!(sorted(response.headers()), expected);
        assert!(response.extensions().get::<Rejection>().is_none());
        let body = response.into_body();
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.collect().await.unwrap().to_bytes().is_empty());

        let seen = soon(seen.recv()).await.unwrap();
        assert_eq!(seen.as_ref().map(Subprotocol::as_str), selected);
        client.close().await;
    }
}

/// 4.2.2 item 5.5: of what the client offers the application may look at all, and select one.
#[tokio::test(start_paused = true)]
async fn application_selects_among_the_offered_subprotocols() {
    let upgrade = || {
        let (client, mut request) = connected();
        set(&mut request, PROTOCOL, "b, a,, c");
        let upgrade = WebSocketUpgrade::from_parts(&mut request.into_parts().0).unwrap();
        (client, upgrade)
    };
    let [a, b, c, x] = ["a", "b", "c", "x"].map(Subprotocol::from_static);

    let (_client, fresh) = upgrade();
    assert_eq!(
        fresh.offered_subprotocols(),
        [b.clone(), a.clone(), c.clone()]
    );
    assert_eq!(fresh.selected_subprotocol(), None);
    let chosen = fresh.subprotocols([&x, &c, &b]);
    assert_eq!(chosen.selected_subprotocol(), Some(&c));
    // The last selection counts, also one of nothing.
    let none = chosen.subprotocols([&x]);
    assert_eq!(none.selected_subprotocol(), None);
    let chosen = none.select_subprotocol(Some(a.clone()));
    assert_eq!(chosen.selected_subprotocol(), Some(&a));

    for selected in [Some(b), None] {
        let (client, upgrade) = upgrade();
        let upgrade = upgrade
            .subprotocols([&a])
            .select_subprotocol(selected.clone());
        let (response, accepting) = upgrade.accept::<()>().unwrap();
        let name = selected.as_ref().map(Subprotocol::as_header_value);
        assert_eq!(response.headers().get("sec-websocket-protocol"), name);
        let mut socket = accepting.socket().await.unwrap();
        assert_eq!(socket.subprotocol(), selected.as_ref());
        tokio::join!(client.close(), async {
            while socket.recv().await.is_some() {}
        });
    }
}

/// 10.4: the layer's configuration is the connection's.
#[tokio::test(start_paused = true)]
async fn limits_of_the_layer_hold_for_its_connections() {
    let layer = WebSocketLayer::new(echo).config(Config::new().max_message_size(4));
    let service = layer.layer(service_fn(unreachable));
    let (mut client, request) = connected();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 101);
    client.send(frame(TEXT, "four")).await;
    client.expect(TEXT, "four").await;
    client.send(frame(TEXT, "fiver")).await;
    client.expect_close(1009).await;
    client.answer_close(1009).await;
}

/// 4.1, 4.2.2: bytes that came behind the head are the first frames, wherever they are cut.
#[tokio::test(start_paused = true)]
async fn frames_behind_the_head_are_the_first_frames() {
    let frames = [
        frame(TEXT, "first"),
        frame(PING, "ping"),
        frame(0x01, "frag"),
        frame(0x80, "ment"),
        frame(BINARY, [0, 255]),
    ]
    .concat();
    for cut in 0..=frames.len() {
        let (mut client, request) = connected();
        client.send(&frames[..cut]).await;
        let response = WebSocketService::new(echo).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        client.send(&frames[cut..]).await;
        let mut answers = Vec::new();
        while answers.len() < 4 {
            answers.push(client.frame().await);
        }
        // A pong may overtake the echo of a message that came before its ping.
        let pong = answers
            .iter()
            .position(|(first, _)| *first == PONG)
            .unwrap();
        assert_eq!(answers.remove(pong).1, b"ping");
        let expected = [
            (TEXT, b"first".to_vec()),
            (TEXT, b"fragment".to_vec()),
            (BINARY, vec![0, 255]),
        ];
        assert_eq!(answers, expected, "cut at {cut}");
        client.close().await;
    }
}

/// The handler gets the head of the request, without the upgrade that was taken out of it.
#[tokio::test(start_paused = true)]
async fn handler_gets_the_head_of_the_request() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let service = WebSocketService::new(move |_socket: WebSocket, request: Parts| {
        sender.send(request).unwrap();
        async {}
    });
    let (client, mut request) = connected();
    let marker = Marker(Arc::default());
    *request.uri_mut() = "/ws?token=1".parse().unwrap();
    set(&mut request, "cookie", "a=b");
    request.extensions_mut().insert(marker.clone());
    let headers = request.headers().clone();
    service.oneshot(request).await.unwrap();
    let parts = soon(seen.recv()).await.unwrap();
    assert_eq!(parts.method, Method::GET);
    assert_eq!(parts.version, Version::HTTP_11);
    assert_eq!(parts.uri, "/ws?token=1");
    assert_eq!(parts.headers, headers);
    assert_eq!(parts.extensions.len(), 1);
    let seen = parts.extensions.get::<Marker>().unwrap();
    assert!(Arc::ptr_eq(&seen.0, &marker.0));
    drop(client);
}

/// See `ProvidedIo::new`: an IO belongs to one request; for another there is no connection.
#[tokio::test(start_paused = true)]
async fn provided_io_serves_one_request() {
    let (client, request) = connected();
    let again = request.clone();
    let (sender, mut calls) = mpsc::unbounded_channel();
    let service = WebSocketService::new(move |socket: WebSocket| {
        sender.send(()).unwrap();
        echo(socket)
    });
    let response = service.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 101);
    soon(calls.recv()).await.unwrap();

    let response = service.oneshot(again.clone()).await.unwrap();
    assert_eq!(response.status(), 101);
    // Its task has ended without a call: the channel is closed when the first one is done.
    client.close().await;
    assert_eq!(soon(calls.recv()).await, None);

    let upgrade = WebSocketUpgrade::from_parts(&mut again.clone().into_parts().0).unwrap();
    let (_response, accepting) = upgrade.accept::<()>().unwrap();
    let error = accepting.socket().await.unwrap_err();
    assert!(matches!(error, UpgradeError::IoTaken));
    let upgrade = WebSocketUpgrade::from_parts(&mut again.into_parts().0).unwrap();
    let (_response, accepting) = upgrade.accept::<()>().unwrap();
    let error = accepting.supervise(unused).await.unwrap_err();
    assert_eq!(error.to_string(), "the provided IO was used before");
    assert!(error.source().is_none());
}

/// See `Accepting`: who drops it drops the connection.
#[tokio::test(start_paused = true)]
async fn dropped_accepting_ends_the_connection() {
    let (mut client, request) = connected();
    let upgrade = WebSocketUpgrade::from_parts(&mut request.into_parts().0).unwrap();
    let (_response, accepting) = upgrade.accept::<()>().unwrap();
    drop(accepting);
    client.expect_end().await;
}

/// See `ProvidedIo`: any transport will do, and what it holds comes first.
#[tokio::test(start_paused = true)]
async fn provided_io_may_be_any_transport() {
    let (client, server) = duplex(64);
    let (mut read, write) = tokio::io::split(server);
    let mut early = [0; 3];
    let mut client = Client::new(client);
    client.send(frame(TEXT, "a")).await;
    read.read_exact(&mut early).await.unwrap();
    // A server that reads by itself puts back what it has read too much.
    let io = tokio::io::join(std::io::Cursor::new(early).chain(read), write);
    let mut request = handshake(());
    request.extensions_mut().insert(ProvidedIo::new(io));
    let service = WebSocketService::new(echo);
    assert_eq!(service.oneshot(request).await.unwrap().status(), 101);
    client.expect(TEXT, "a").await;
    client.close().await;
}
