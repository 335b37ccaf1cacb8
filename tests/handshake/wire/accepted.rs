//! Handshakes that are accepted, and the first frames.

use tokio::net::{TcpListener, TcpStream};
use tower_websock::{Rejection, WebSocket};

use crate::support::raw::{
    ACCEPT, BINARY, CLOSE, Client, KEY, PING, PONG, RawRequest, TEXT, close_body, frame,
};

use super::{FRONTS, assert_rejected, get_plain, serve_layer};

/// 4.2.2 item 5: the bytes of the response; RFC 9110, section 8.6: without a length.
#[tokio::test]
async fn valid_handshake_is_answered_with_these_headers() {
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        let response = client.upgrade(&RawRequest::handshake()).await;
        let mut headers: Vec<_> = response
            .headers()
            .iter()
            .filter(|(name, _)| *name != "date")
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        headers.sort_unstable();
        let expected = [
            ("connection", "Upgrade"),
            ("sec-websocket-accept", ACCEPT),
            ("upgrade", "websocket"),
        ];
        assert_eq!(headers, expected, "{front:?}");
        client.send(frame(TEXT, "a")).await;
        client.expect(TEXT, "a").await;
        client.close().await;
        assert_eq!(server.calls(), 1);
    }
}

/// 4.2.1: a client may write its handshake like this, and the accept is of the key as sent.
#[tokio::test]
async fn handshake_in_another_spelling_is_accepted() {
    let spelled = RawRequest::line("GET /ws?a=b HTTP/1.1")
        .with("sec-websocket-VERSION", " \t13 ")
        .with("UPGRADE", "h2c")
        .with("upgrade", "WebSocket, foo/1")
        .with("connection", "keep-alive")
        .with("Connection", "UPGRADE, x")
        .with("sec-websocket-key", format!("  {KEY}\t"))
        .with("HOST", "localhost:80")
        .with("Origin", "http://LOCALHOST")
        .with("Sec-WebSocket-Protocol", "b")
        .with("Sec-WebSocket-Protocol", "a, c")
        .with("Sec-WebSocket-Extensions", "permessage-deflate; x=\"y\"")
        .with("Sec-WebSocket-Extensions", "z")
        .with("Cookie", b"\xe9=\xff")
        .with("X-Unknown", b"\xe9\xff");
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        let response = client.upgrade(&spelled).await;
        for absent in ["sec-websocket-extensions", "sec-websocket-protocol"] {
            assert!(!response.headers().contains_key(absent));
        }
        client.close().await;
    }
}

/// H14: what is read together with the head, wherever it is cut, is the first frames.
#[tokio::test]
async fn frames_behind_the_head_are_the_first_frames() {
    let head = RawRequest::handshake().bytes();
    let frames = [
        frame(TEXT, "first"),
        frame(0x01, "frag"),
        frame(0x80, "ment"),
        frame(BINARY, [0, 255]),
    ]
    .concat();
    for front in FRONTS {
        let server = front.start().await;
        for cut in 0..=frames.len() {
            let mut client = server.connect().await;
            client.send([&head, &frames[..cut]].concat()).await;
            assert_eq!(client.response().await.status(), 101);
            client.send(&frames[cut..]).await;
            client.expect(TEXT, "first").await;
            client.expect(TEXT, "fragment").await;
            client.expect(BINARY, [0, 255]).await;
            client.close().await;
        }
        assert_eq!(server.calls(), frames.len() + 1);
    }
}

/// H14: even a whole session may be there before the response is.
#[tokio::test]
async fn whole_session_may_come_with_the_head() {
    let session = [
        RawRequest::handshake().bytes(),
        frame(PING, "p"),
        frame(CLOSE, close_body(3000, "bye")),
        frame(TEXT, "after the end"),
    ]
    .concat();
    for front in FRONTS {
        let server = front.start().await;
        let mut client = server.connect().await;
        client.send(&session).await;
        assert_eq!(client.response().await.status(), 101);
        client.expect(PONG, "p").await;
        client.expect(CLOSE, close_body(3000, "")).await;
        client.expect_end().await;
    }
}

/// 5.2: behind an accepted handshake an HTTP request is no request, but a bad frame.
#[tokio::test]
async fn request_behind_an_accepted_handshake_is_a_bad_frame() {
    for front in FRONTS {
        let server = front.start().await;
        for request in [get_plain(), RawRequest::handshake()] {
            let mut client = server.connect().await;
            let pipelined = [RawRequest::handshake().bytes(), request.bytes()].concat();
            client.send(pipelined).await;
            assert_eq!(client.response().await.status(), 101);
            client.expect_close(1002).await;
            client.expect_end().await;
        }
        assert_eq!(server.calls(), 2);
    }
}

/// RFC 9110, section 10.1.1: without a body there is nothing to continue with; with one the
/// final status may come at once, and the body must not follow.
#[tokio::test]
async fn expectation_does_not_delay_the_answer() {
    let expecting = RawRequest::handshake().with("Expect", "100-continue");
    for front in FRONTS {
        let server = front.start().await;
        for request in [
            expecting.clone(),
            expecting.clone().with("Content-Length", "0"),
        ] {
            let mut client = server.connect().await;
            client.upgrade(&request).await;
            client.close().await;
        }
        for request in [
            expecting.clone().with("Content-Length", "5"),
            expecting.clone().with("Transfer-Encoding", "chunked"),
        ] {
            let mut client = server.connect().await;
            client.send(request.bytes()).await;
            assert_rejected(&client.response().await, Rejection::Body);
            client.expect_end().await;
        }
        assert_eq!(server.calls(), 2);
    }
}

/// 4.2.2: the server may send right after its response, and nothing before.
#[tokio::test]
async fn first_frame_follows_the_response() {
    let handler = async |mut socket: WebSocket| socket.send("hello".into()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let server = tokio::spawn(serve_layer(listener, handler));
    let mut client = Client::new(stream);
    client.upgrade(&RawRequest::handshake()).await;
    client.expect(TEXT, "hello").await;
    client.expect(CLOSE, close_body(1000, "")).await;
    client.answer_close(1000).await;
    server.abort();
}
