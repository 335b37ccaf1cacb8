//! Sockets of both roles, many on one connection.

use tower_websock::{CloseFrame, close_code};

use super::*;

/// Every size around the borders of frames, pieces and windows comes back.
#[tokio::test]
async fn messages_of_all_sizes_come_back() {
    let addr = serve(echo, Config::new().max_message_size(16 << 20)).await;
    let builder = Builder::new().config(Config::new().max_message_size(16 << 20));
    let mut socket = open(&mut connect(addr).await, &builder).await;
    for size in [
        0,
        1,
        125,
        126,
        4096,
        4097,
        16_370,
        16_384,
        16_385,
        65_535,
        65_536,
        1 << 20,
        2 << 20,
    ] {
        let payload: Vec<u8> = (0..=250).cycle().take(size).collect();
        expect_echo(&mut socket, Message::binary(payload)).await;
        expect_echo(&mut socket, Message::text("ß".repeat(size / 2))).await;
    }
    assert!(soon(socket.close(None)).await.unwrap().is_clean());
}

/// RFC 8441, section 5: subprotocols and extensions are agreed on as in HTTP/1.1.
#[tokio::test]
async fn subprotocol_and_compression_are_agreed_on() {
    let addr = serve(
        async |mut socket: WebSocket, request: http::request::Parts| {
            let agreed = socket.subprotocol().map(ToString::to_string);
            let hello = format!("{:?} {agreed:?}", request.version);
            socket.send(Message::text(hello)).await?;
            echo(socket).await
        },
        deflate(),
    )
    .await;
    let chat = const { Subprotocol::from_static("chat") };
    let builder = Builder::new()
        .config(deflate())
        .subprotocols([chat.clone()]);
    let mut http = connect(addr).await;
    let (request, pending) = builder.http2_request("ws://localhost/ws").unwrap();
    let response = soon(http.send_request(request)).await.unwrap();
    let extensions = response.headers().get("sec-websocket-extensions").unwrap();
    assert!(extensions.as_bytes().starts_with(b"permessage-deflate"));
    let mut socket = pending.complete(response).await.unwrap();
    assert_eq!(socket.subprotocol(), Some(&chat));
    let hello = soon(socket.recv()).await.unwrap().unwrap();
    assert_eq!(hello, Message::text("HTTP/2.0 Some(\"chat\")"));
    expect_echo(&mut socket, Message::text("compressible ".repeat(10_000))).await;
}

/// One connection carries many sockets, each with a life of its own.
#[tokio::test]
async fn sockets_share_a_connection() {
    let addr = serve(echo, Config::new()).await;
    let mut http = connect(addr).await;
    let mut sockets = Vec::new();
    for _ in 0..100 {
        sockets.push(open(&mut http, &Builder::new()).await);
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        expect_echo(socket, Message::text(number.to_string())).await;
    }
    for (number, mut socket) in sockets.into_iter().enumerate() {
        expect_echo(&mut socket, Message::text(format!("{number} again"))).await;
        let code = 4000 + u16::try_from(number).unwrap();
        let frame = CloseFrame::new(code, "done");
        let closure = soon(socket.close(Some(frame))).await.unwrap();
        assert!(closure.is_clean(), "{closure:?}");
    }
    // There is room for as many again.
    for _ in 0..100 {
        let mut socket = open(&mut http, &Builder::new()).await;
        expect_echo(&mut socket, Message::text("x")).await;
        assert!(soon(socket.close(None)).await.unwrap().is_clean());
    }
}

/// A handler that panics tells its own peer, and nobody else.
#[tokio::test]
async fn abuse_23_panic_ends_one_socket() {
    let addr = serve(
        async |mut socket: WebSocket| {
            let message = socket.recv().await.unwrap().unwrap();
            assert_ne!(message, Message::text("panic"), "as the client asks for");
            echo(socket).await
        },
        Config::new(),
    )
    .await;
    let mut http = connect(addr).await;
    let mut sibling = open(&mut http, &Builder::new()).await;
    soon(sibling.send("hello".into())).await.unwrap();
    let mut socket = open(&mut http, &Builder::new()).await;
    soon(socket.send("panic".into())).await.unwrap();
    let Message::Close(Some(frame)) = soon(socket.recv()).await.unwrap().unwrap() else {
        panic!("no Close");
    };
    assert_eq!(frame.code, close_code::ERROR);
    expect_echo(&mut sibling, Message::text("still here")).await;
}
