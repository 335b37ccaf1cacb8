//! Whatever a peer does: it gets our Close, and the handler learns how it ended.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};
use tower_websock::{Closure, Config, Error, Initiator, ProtocolError, WebSocket};

use crate::support::*;

use super::clean;

/// How often what depends on the kernel is repeated.
const RUNS: usize = 250;

/// 7.1.1: a peer that goes on sending after its Close still gets our answer, then the end
/// of the stream: never a reset.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_that_floods_after_its_close_gets_the_answer() {
    let addr = serve(echo, Config::new()).await;
    flood(addr, &close_frame(1000), 1000).await;
}

/// 7.1.7: a peer that goes on sending after a violation still gets the close code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_that_floods_after_a_violation_gets_the_code() {
    let addr = serve(echo, Config::new()).await;
    flood(addr, &[0x83, 0x80], 1002).await;
    flood(addr, &frame(TEXT, b"\xff"), 1007).await;
    flood(addr, &header(BINARY, 1 << 40), 1009).await;
}

async fn flood(addr: std::net::SocketAddr, last_words: &[u8], code: u16) {
    let garbage = vec![0x55; 1 << 20];
    let mut lost = 0;
    for run in 0..RUNS {
        let mut peer = Peer::connect(addr).await;
        peer.send(last_words).await;
        if run % 2 == 0 {
            // Writes all it has before it reads anything.
            peer.send(&garbage).await;
            peer.expect_close(code).await;
        } else {
            // Writes and reads at the same time, until the answer is there.
            let (mut read, mut write) = peer.io.split();
            let flooding = async { while write.write_all(&garbage).await.is_ok() {} };
            let mut answer = [0; 4];
            tokio::select! {
                read = read.read_exact(&mut answer) => {
                    lost += usize::from(read.is_err() || answer[2..] != code.to_be_bytes());
                    continue;
                }
                () = flooding => panic!("the flood was cut off before the answer was read"),
            }
        }
        peer.io.shutdown().await.unwrap();
        peer.expect_end().await;
    }
    println!("close code {code}: {RUNS} connections flooded, {lost} lost Close frames");
    assert_eq!(lost, 0);
}

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

/// 7.1.5: the end of the transport without a Close frame is an error, once, then the end.
#[tokio::test]
async fn end_without_close_is_lost() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        assert!(matches!(socket.recv().await, Some(Ok(_))));
        assert!(matches!(socket.recv().await, Some(Err(Error::Lost(_)))));
        assert!(socket.recv().await.is_none());
        assert!(socket.recv().await.is_none());
        assert_eq!(socket.closure(), Some(Closure::Lost));
    });
    peer.send(&frame(TEXT, b"a")).await;
    peer.send(&frame(TEXT, b"torn")[..4]).await;
    peer.io.shutdown().await.unwrap();
    peer.expect_end().await;
    assert_eq!(task.await.unwrap(), Closure::Lost);
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

/// 7.1.5: whatever byte of a session is the last one, the task ends, and what it reports
/// agrees with whether the Close had come whole.
#[tokio::test(start_paused = true)]
async fn session_may_end_at_every_byte() {
    let mut session = frame(TEXT, b"text");
    session.extend(frame(0x02, b"frag"));
    session.extend(frame(PING, b"ping"));
    session.extend(frame(0x80, b"ment"));
    session.extend(close_frame(1000));
    for end in 0..=session.len() {
        let (mut peer, task) = pair(echo);
        let begin = Instant::now();
        peer.send(&session[..end]).await;
        peer.io.shutdown().await.unwrap();
        let mut frames = 0;
        while peer.read().await.is_some() {
            frames += 1;
        }
        let closure = task.await.unwrap();
        if end == session.len() {
            assert_eq!(closure, clean(Initiator::Remote, 1000));
            assert_eq!(frames, 4);
        } else {
            assert_eq!(closure, Closure::Lost, "{end}");
        }
        assert!(begin.elapsed() < Duration::from_secs(1), "{end}");
    }
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
