//! Sending and waiting drive the transport, if nobody receives.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};
use tower_websock::{Config, Error, Message, SendHalf, WebSocket};

use crate::support::*;

use super::millis;

/// How a user sends.
#[derive(Clone, Copy, Debug)]
enum Sending {
    Send,
    FeedAndFlush,
    Sink,
}

async fn send_by<S>(socket: &mut SendHalf<S>, sending: Sending) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match sending {
        Sending::Send => socket.send("tick".into()).await,
        Sending::FeedAndFlush => {
            socket.feed("tick".into()).await?;
            socket.flush().await
        }
        Sending::Sink => SinkExt::send(socket, "tick".into()).await,
    }
}

fn unsupervised(buffer: usize) -> (Peer<DuplexStream>, WebSocket<DuplexStream>) {
    let (client, server) = tokio::io::duplex(buffer);
    (Peer::new(client), WebSocket::server(server, &Config::new()))
}

/// 5.5.1 and 5.5.2: without a supervisor sending answers pings, and the peer's Close, and fails then,
/// whether the receiving half is gone or nobody uses it.
#[tokio::test(start_paused = true)]
async fn sending_without_a_supervisor_drives_what_receiving_would() {
    for sending in [Sending::Send, Sending::FeedAndFlush, Sending::Sink] {
        for keeps_half in [false, true] {
            for unread in [0, 3] {
                let (mut peer, socket) = unsupervised(1 << 20);
                let (mut send, recv) = socket.split();
                let kept = keeps_half.then_some(recv);
                send_by(&mut send, sending).await.unwrap();
                for n in 0..100_u8 {
                    peer.expect(TEXT, b"tick").await;
                    peer.send(&frame(PING, &[n])).await;
                    sleep(Duration::from_secs(20)).await;
                    send_by(&mut send, sending).await.unwrap();
                    peer.expect(PONG, &[n]).await;
                }
                peer.expect(TEXT, b"tick").await;
                peer.send(&frame(TEXT, b"unread").repeat(unread)).await;
                peer.send(&close_frame(1000)).await;
                let begin = Instant::now();
                let error = loop {
                    sleep(millis(100)).await;
                    if let Err(error) = send_by(&mut send, sending).await {
                        break error;
                    }
                };
                assert!(matches!(error, Error::Closed));
                // A second for what waits to be received.
                let patience = if keeps_half && unread > 0 { 1200 } else { 100 };
                assert!(begin.elapsed() <= millis(patience), "{:?}", begin.elapsed());
                while let Some((first, _)) = peer.read().await {
                    if first == CLOSE {
                        break;
                    }
                    assert_eq!(first, TEXT);
                }
                if let Some(mut recv) = kept {
                    let mut left = Vec::new();
                    while let Some(Some(Ok(message))) = recv.recv().now_or_never() {
                        left.push(message);
                    }
                    left.retain(|message| !message.is_ping());
                    assert_eq!(left.len(), unread + 1);
                }
            }
        }
    }
}

/// The transport's end is noticed as well: `send` does not say `Ok` for ever.
#[tokio::test(start_paused = true)]
async fn sending_without_a_supervisor_notices_the_end_of_the_transport() {
    for keeps_half in [false, true] {
        let (mut peer, socket) = unsupervised(1 << 20);
        let (mut send, recv) = socket.split();
        let _kept = keeps_half.then_some(recv);
        send.send("tick".into()).await.unwrap();
        peer.io.shutdown().await.unwrap();
        sleep(millis(10)).await;
        assert!(matches!(send.send("tick".into()).await, Err(Error::Closed)));
    }
}

/// 5.5.1: an answer to what was received may consist of many messages, although the Close is there.
#[tokio::test(start_paused = true)]
async fn answers_leave_although_the_close_is_there() {
    let (mut peer, mut socket) = unsupervised(1 << 20);
    let request = [
        frame(TEXT, b"request"),
        frame(PING, b"?"),
        close_frame(1000),
    ]
    .concat();
    peer.send(&request).await;
    assert!(socket.recv().await.unwrap().unwrap().is_data());
    for _ in 0..10 {
        socket.send("answer".into()).await.unwrap();
        peer.read().await.unwrap();
    }
    while socket.recv().now_or_never().is_some() {}
    while peer.read().await.unwrap().0 != CLOSE {}
}

/// 5.5.2: pings are answered while a task waits for the end.
#[tokio::test(start_paused = true)]
async fn pings_are_answered_while_closed_is_awaited() {
    for keeps_half in [false, true] {
        let (mut peer, socket) = unsupervised(1 << 20);
        let (mut send, recv) = socket.split();
        let mut kept = keeps_half.then_some(recv);
        let waiting = tokio::spawn(async move {
            send.closed().await;
            assert!(send.closure().is_some() || keeps_half);
            send
        });
        for n in 0..100_u8 {
            peer.send(&frame(PING, &[n])).await;
            let body = [n];
            let pong = timeout(millis(100), peer.expect(PONG, &body));
            pong.await.expect("an answer in time");
        }
        // Nothing is lost by it.
        peer.send(&frame(TEXT, b"kept")).await;
        sleep(millis(10)).await;
        if let Some(recv) = &mut kept {
            let mut message = recv.recv().await.unwrap().unwrap();
            while message.is_ping() {
                message = recv.recv().await.unwrap().unwrap();
            }
            assert_eq!(message, Message::text("kept"));
        }
        peer.send(&close_frame(1000)).await;
        peer.expect_close(1000).await;
        waiting.await.unwrap();
    }
}

/// Each half can be asked, also if the other is gone.
#[tokio::test(start_paused = true)]
async fn either_half_tells_how_it_ended() {
    for keeps_sending in [false, true] {
        let (mut peer, socket) = unsupervised(1 << 20);
        let (send, mut recv) = socket.split();
        let kept = keeps_sending.then_some(send);
        assert!(recv.closure().is_none());
        peer.send(&close_frame(4001)).await;
        while recv.recv().await.is_some() {}
        let closure = recv.closure().unwrap();
        assert_eq!((closure.is_clean(), closure.code()), (true, 4001));
        assert!(kept.is_none_or(|send| send.closure() == Some(closure)));
    }
}

/// A peer that writes all it has before it reads does not stop a sender, nor a `flush`, for ever.
#[tokio::test(start_paused = true)]
async fn waiting_for_room_without_a_supervisor_goes_on_reading() {
    for by_flush in [false, true] {
        let (mut peer, mut socket) = unsupervised(8 << 10);
        let sending = tokio::spawn(async move {
            if by_flush {
                socket.feed(vec![7; 100_000].into()).await.unwrap();
                socket.flush().await.unwrap();
            } else {
                socket.send(vec![7; 100_000].into()).await.unwrap();
            }
            socket
        });
        tokio::task::yield_now().await;
        let input = [frame(TEXT, &[b'x'; 400]), frame(PING, b"there?")].concat();
        for _ in 0..100 {
            let written = timeout(millis(1000), peer.io.write_all(&input)).await;
            written.expect("the peer is read").unwrap();
        }
        peer.expect(BINARY, &vec![7; 100_000]).await;
        // Of pings that pile up the newest is answered.
        peer.expect(PONG, b"there?").await;
        let mut socket = sending.await.unwrap();
        let mut messages = 0;
        while let Some(Some(Ok(message))) = socket.recv().now_or_never() {
            messages += usize::from(message.is_data());
        }
        assert_eq!(messages, 100);
    }
}

/// 7.1.1: a half without a supervisor whose other half is gone closes in order.
#[tokio::test(start_paused = true)]
async fn sink_that_is_alone_closes_in_order() {
    let (mut peer, socket) = unsupervised(1 << 20);
    let (mut send, _) = socket.split();
    let closing = tokio::spawn(async move {
        SinkExt::close(&mut send).await.unwrap();
        send.closure().unwrap()
    });
    peer.expect_close(1000).await;
    peer.send(&frame(TEXT, b"late")).await;
    peer.send(&close_frame(1000)).await;
    peer.expect_end().await;
    drop(peer);
    assert!(closing.await.unwrap().is_clean());
}

/// A flood that nobody receives does not keep a thread, nor its task, from anything else.
#[tokio::test]
async fn flood_does_not_keep_a_thread_that_waits_for_the_end() {
    /// Always has more to read.
    struct Flood(Vec<u8>);

    impl AsyncRead for Flood {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _cx: &mut std::task::Context<'_>,
            into: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            let whole = into.remaining() / self.0.len();
            for _ in 0..whole {
                into.put_slice(&self.0);
            }
            std::task::Poll::Ready(Ok(()))
        }
    }

    let flood = tokio::io::join(Flood(frame(TEXT, b"flood")), tokio::io::sink());
    let (mut send, _) = WebSocket::server(flood, &Config::new()).split();
    let ended = timeout(millis(50), send.closed());
    assert!(ended.await.is_err());
    for _ in 0..10 {
        send.send("tick".into()).await.unwrap();
    }
}

/// 5.5.2: on TCP, where another thread wakes, no ping is overlooked by who only sends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_ping_is_overlooked_by_who_only_sends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (client, accepted) = tokio::join!(client, listener.accept());
    let mut socket = WebSocket::server(accepted.unwrap().0, &Config::new());
    let sending = tokio::spawn(async move {
        while socket.send("tick".into()).await.is_ok() {
            sleep(millis(1)).await;
        }
    });
    let mut peer = Peer::new(client.unwrap());
    for n in 0..200_u16 {
        peer.send(&frame(PING, &n.to_be_bytes())).await;
        let answered = timeout(Duration::from_secs(10), async {
            loop {
                let (first, payload) = peer.read().await.unwrap();
                if first == PONG {
                    break payload;
                }
            }
        });
        let payload = answered.await.expect("the ping is answered");
        assert_eq!(payload, n.to_be_bytes());
    }
    peer.send(&close_frame(1000)).await;
    while peer.read().await.is_some_and(|(first, _)| first != CLOSE) {}
    sending.await.unwrap();
}
