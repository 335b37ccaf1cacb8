//! Small messages that came together are received together; nobody can tell.

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use futures_util::{FutureExt, StreamExt, stream::FusedStream};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tower_websock::{Config, Error, Message, ProtocolError, WebSocket};

use crate::support::*;

/// Frames of the texts "0", "1", and so on.
fn numbers(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|n| frame(TEXT, n.to_string().as_bytes()))
        .collect()
}

async fn expect_number(socket: &mut WebSocket<DuplexStream>, n: usize) {
    let received = socket.recv().await.unwrap().unwrap();
    assert_eq!(received, Message::text(n.to_string()));
}

/// A socket without a supervisor that will receive these bytes in one go.
async fn receiving(bytes: &[u8]) -> (WebSocket<DuplexStream>, Peer<DuplexStream>) {
    let (client, server) = tokio::io::duplex(1 << 16);
    let mut peer = Peer::new(client);
    peer.send(bytes).await;
    (WebSocket::server(server, &Config::new()), peer)
}

/// 5.5: a ping stands where it came, and its pong before the answers to what came after it.
#[tokio::test]
async fn ping_among_messages_keeps_its_place() {
    let bytes = [numbers(5), frame(PING, b"?"), numbers(3)].concat();
    let (mut socket, mut peer) = receiving(&bytes).await;
    for n in [0, 1, 2, 3, 4] {
        expect_number(&mut socket, n).await;
    }
    let ping = socket.recv().await.unwrap().unwrap();
    assert_eq!(ping, Message::Ping(b"?"[..].into()));
    for n in 0..3 {
        expect_number(&mut socket, n).await;
    }
    socket.send("done".into()).await.unwrap();
    peer.expect(PONG, b"?").await;
    peer.expect(TEXT, b"done").await;
}

/// 5.5.1: what came before a Close is received before it, and may be answered.
#[tokio::test]
async fn messages_before_a_close_are_received_and_answered() {
    let (mut socket, mut peer) = receiving(&[numbers(10), close_frame(1001)].concat()).await;
    for n in 0..10 {
        expect_number(&mut socket, n).await;
        assert!(!socket.is_terminated());
        socket.send(n.to_string().into()).await.unwrap();
    }
    let close = socket.recv().await.unwrap().unwrap();
    assert!(matches!(close, Message::Close(Some(frame)) if frame.code == 1001));
    for n in 0..10 {
        peer.expect(TEXT, n.to_string().as_bytes()).await;
    }
    peer.expect_close(1001).await;
}

/// 7.1.7: what came before a violation is received before the error.
#[tokio::test]
async fn messages_before_a_violation_are_received() {
    for (violation, expected) in [
        (frame(0x83, b""), ProtocolError::ReservedOpcode(3)),
        (frame(TEXT, &[0xFF]), ProtocolError::InvalidUtf8),
        (vec![TEXT, 1, b'a'], ProtocolError::UnmaskedFrame),
    ] {
        let bytes = [numbers(10), violation, numbers(10)].concat();
        let (mut socket, mut peer) = receiving(&bytes).await;
        for n in 0..10 {
            expect_number(&mut socket, n).await;
        }
        socket.send("still open".into()).await.unwrap();
        let error = socket.recv().await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Protocol(error) if error == expected));
        peer.expect(TEXT, b"still open").await;
        peer.expect_close(expected.close_code()).await;
    }
}

/// The end of the transport is seen behind what came before it.
#[tokio::test]
async fn messages_before_the_end_are_received() {
    let (mut socket, peer) = receiving(&numbers(40)).await;
    drop(peer);
    for n in 0..40 {
        expect_number(&mut socket, n).await;
    }
    let lost = socket.recv().await.unwrap();
    assert!(matches!(lost, Err(Error::Lost(_))), "{lost:?}");
    assert!(socket.recv().await.is_none());
}

/// The receiving half gets what the socket had not handed over.
#[tokio::test]
async fn halves_go_on_within_a_batch() {
    let (mut socket, _peer) = receiving(&numbers(20)).await;
    expect_number(&mut socket, 0).await;
    let (send, mut recv) = socket.split();
    for n in 1..20 {
        assert!(!recv.is_terminated());
        let received = recv.next().await.unwrap().unwrap();
        assert_eq!(received, Message::text(n.to_string()));
    }
    assert!(recv.next().now_or_never().is_none());
    drop(send);
}

/// `close` drops what was not received; if it refuses the frame, nothing has happened.
#[tokio::test]
async fn closing_within_a_batch_drops_the_rest() {
    let (mut socket, mut peer) = receiving(&numbers(20)).await;
    expect_number(&mut socket, 0).await;
    let refused = tower_websock::CloseFrame::new(1006, "");
    assert!(socket.close(Some(refused)).await.is_err());
    expect_number(&mut socket, 1).await;
    assert!(socket.close(None).now_or_never().is_none());
    peer.send(&close_frame(1000)).await;
    drop(peer);
    assert!(socket.recv().await.is_none());
    assert!(socket.closure().unwrap().is_clean());
}

/// A handler that returns within a batch closes as one that returns at its end does.
#[tokio::test]
async fn handler_may_return_within_a_batch() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        let first = socket.recv().await.unwrap().unwrap();
        assert_eq!(first, Message::text("0"));
    });
    peer.send(&numbers(20)).await;
    peer.expect_close(1000).await;
    peer.send(&close_frame(1000)).await;
    assert!(end_of(peer, task).await.is_clean());
}

/// Always has the same once more, and takes everything.
struct Flood(Vec<u8>);

impl AsyncRead for Flood {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buf.put_slice(&self.0);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Receives `firsts` messages in as many polls, one each, then in each poll as many as there
/// are; returns the most that it got in a poll.
async fn most_in_a_poll<T>(mut socket: WebSocket<T>, firsts: usize) -> usize
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    for _ in 0..firsts {
        socket.recv().await.unwrap().unwrap();
        tokio::task::yield_now().await;
    }
    let mut most = 0;
    for _ in 0..20 {
        let mut received = 0;
        poll_fn(|cx| {
            // A poll that got nothing for want of budget is followed by another one.
            while pin!(socket.recv()).poll(cx).is_ready() {
                received += 1;
            }
            if received == 0 {
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        most = most.max(received);
        tokio::task::yield_now().await;
    }
    most
}

/// A flood does not keep the handler's task: batches count for its turn, also one that it took
/// in an earlier turn.
#[tokio::test]
async fn handlers_turn_is_bounded() {
    for firsts in [0, 1, 10, 31, 32, 33] {
        let most = Arc::new(AtomicUsize::new(0));
        let seen = most.clone();
        let flood = Flood(frame(BINARY, b"flood").repeat(100));
        let task = supervise(flood, Config::new(), move |socket| async move {
            seen.store(most_in_a_poll(socket, firsts).await, Relaxed);
        });
        while most.load(Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let most = most.load(Relaxed);
        assert!((100..=128).contains(&most), "{firsts}: {most}");
    }
}

/// Without a supervisor it is tokio's budget that bounds a poll.
#[tokio::test]
async fn polls_without_a_supervisor_are_bounded() {
    let flood = Flood(frame(BINARY, b"flood").repeat(100));
    let socket = WebSocket::server(flood, &Config::new());
    let most = tokio::spawn(most_in_a_poll(socket, 1)).await.unwrap();
    assert!((64..=128).contains(&most), "{most}");
}
