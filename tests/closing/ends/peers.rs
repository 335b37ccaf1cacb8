//! Whatever a peer does: it gets our Close, and the handler learns how it ended.

use std::time::Duration;

use tokio::{net::TcpStream, time::Instant};
use tower_websock::{Closure, Config, Error, ProtocolError, WebSocket};

use crate::support::*;

/// 7.1.1: the server ends the TCP connection first, at once, without waiting for the client.
#[tokio::test]
async fn server_ends_tcp_first() {
    let addr = serve(echo, Config::new()).await;
    let mut peer = Peer::connect(addr).await;
    peer.send(&close_frame(3000)).await;
    peer.expect(CLOSE, &3000_u16.to_be_bytes()).await;
    peer.expect_end().await;
}

/// 5.4 and 5.5.1: a Close inside a fragmented message is answered, what follows is not
/// interpreted (the case that this project began with).
#[tokio::test]
async fn close_inside_a_fragmented_message_is_clean() {
    let addr = serve(echo, Config::new()).await;
    let mut peer = Peer::connect(addr).await;
    peer.send(&frame(0x01, b"fragment")).await;
    peer.send(&close_frame(1000)).await;
    peer.send(&frame(0x80, b"fragment")).await;
    peer.expect(CLOSE, &1000_u16.to_be_bytes()).await;
    peer.expect_end().await;
}

/// 7.1.7: what came whole before a violation is answered before the connection is failed.
#[tokio::test]
async fn answers_leave_before_the_failing_close() {
    let addr = serve(echo, Config::new()).await;
    let mut peer = Peer::connect(addr).await;
    let mut bytes = frame(TEXT, b"one");
    bytes.extend(frame(PING, b"two"));
    bytes.extend(frame(BINARY, b"three"));
    bytes.extend([0xFF, 0xFF, 0xFF]);
    peer.send(&bytes).await;
    peer.expect(TEXT, b"one").await;
    peer.expect(PONG, b"two").await;
    peer.expect(BINARY, b"three").await;
    peer.expect_close(1002).await;
    peer.expect_end().await;
}

/// 7.1.5: a reset is an error, once, then the end.
#[tokio::test]
async fn reset_is_an_io_error() {
    let (result, seen) = tokio::sync::mpsc::unbounded_channel();
    let mut seen = seen;
    let handler = move |mut socket: WebSocket| {
        let result = result.clone();
        async move {
            while let Some(item) = socket.recv().await {
                result.send(item).unwrap();
            }
        }
    };
    let addr = serve(handler, Config::new()).await;
    let peer = Peer::connect(addr).await;
    socket_linger_zero(&peer.io);
    drop(peer);
    assert!(matches!(seen.recv().await, Some(Err(Error::Io(_)))));
}

fn socket_linger_zero(io: &TcpStream) {
    #[allow(deprecated, reason = "resetting is the point")]
    io.set_linger(Some(Duration::ZERO)).unwrap();
}

/// 7.1.7: a violation that comes while the handler is busy waits for it, but not for ever.
#[tokio::test(start_paused = true)]
async fn violation_fails_the_connection_although_the_handler_is_busy() {
    let (mut peer, task) = pair(hold);
    peer.send(&[0xF1]).await;
    let begin = Instant::now();
    peer.expect_close(1002).await;
    assert_eq!(begin.elapsed().as_secs(), 1);
    peer.expect_end().await;
    task.abort();
}

/// 7.1.7: the closure tells what the peer did.
#[tokio::test]
async fn violation_is_reported_in_the_closure() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        let error = socket.recv().await.unwrap().unwrap_err();
        assert!(matches!(
            error,
            Error::Protocol(ProtocolError::UnmaskedFrame)
        ));
        assert!(socket.recv().await.is_none());
    });
    peer.send(&[0x81, 0x00]).await;
    peer.expect_close(1002).await;
    peer.expect_end().await;
    drop(peer);
    let closure = Closure::Failed(ProtocolError::UnmaskedFrame);
    assert_eq!(task.await.unwrap(), closure);
}
