//! How long a peer is waited for.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::oneshot,
    task::JoinHandle,
    time::Instant,
};
use tower_websock::{Closure, Config, Initiator, Loss, Message, WebSocket};

use crate::support::*;

use super::{clean, closed};

/// 7.1.1: a peer that answers but never ends its side is dropped after `close_timeout`.
#[tokio::test(start_paused = true)]
async fn peer_that_never_ends_its_side_is_dropped_in_time() {
    let begin = Instant::now();
    let (mut peer, task) = pair(|_socket: WebSocket| async {});
    peer.expect_close(1000).await;
    peer.send(&close_frame(1000)).await;
    assert_eq!(task.await.unwrap(), clean(Initiator::Local, 1000));
    assert_eq!(begin.elapsed().as_secs(), 5);
}

/// A handler that sends `bytes` and returns, over a transport that holds 64 KiB.
fn pushing(bytes: usize, config: Config) -> (Peer<DuplexStream>, JoinHandle<Closure>) {
    let (client, server) = tokio::io::duplex(64 << 10);
    let task = supervise(server, config, move |mut socket: WebSocket| async move {
        socket.send(vec![7; bytes].into()).await.unwrap();
    });
    (Peer::new(client), task)
}

/// 7.1.1: a peer that reads and then stops is dropped `close_timeout` after what it took last.
#[tokio::test(start_paused = true)]
async fn peer_that_stops_reading_is_dropped_in_time() {
    let begin = Instant::now();
    let (mut peer, task) = pushing(1 << 20, Config::new());
    let mut chunk = vec![0; 32 << 10];
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(4)).await;
        peer.io.read_exact(&mut chunk).await.unwrap();
    }
    assert_eq!(task.await.unwrap(), Closure::Lost(Loss::CloseTimedOut));
    assert_eq!(begin.elapsed().as_secs(), 10 * 4 + 5);
}

/// 7.1.1: a peer that takes a byte in time, again and again, is dropped after `max_close_time`, which is
/// not less than `close_timeout`.
#[tokio::test(start_paused = true)]
async fn peer_that_trickles_is_dropped_in_the_end() {
    for (limit, dropped_after) in [(60, 60), (5, 5), (1, 5), (0, 5)] {
        let begin = Instant::now();
        let config = Config::new().max_close_time(Duration::from_secs(limit));
        let (mut peer, task) = pushing(1 << 20, config);
        let trickle = async {
            loop {
                tokio::time::sleep(Duration::from_millis(4900)).await;
                let _ = peer.io.read_u8().await;
            }
        };
        let closure = tokio::select! {
            closure = task => closure.unwrap(),
            () = trickle => unreachable!(),
        };
        assert_eq!(closure, Closure::Lost(Loss::CloseTimedOut));
        assert_eq!(begin.elapsed().as_secs(), dropped_after, "{limit}");
    }
}

/// Limits without end, and of nothing, do what they say.
#[tokio::test(start_paused = true)]
async fn extreme_limits_of_closing_work() {
    let times = [Duration::ZERO, Duration::MAX];
    for (timeout, limit) in times.map(|a| times.map(|b| (a, b))).concat() {
        let config = Config::new().close_timeout(timeout).max_close_time(limit);
        let begin = Instant::now();
        let (mut peer, task) = pushing(1 << 20, config);
        if timeout == Duration::ZERO {
            assert_eq!(task.await.unwrap(), Closure::Lost(Loss::CloseTimedOut));
            assert_eq!(begin.elapsed().as_secs(), 0);
            continue;
        }
        // A day later the peer may still read it all.
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        assert_eq!(peer.read().await.unwrap().1.len(), 1 << 20);
        peer.expect_close(1000).await;
        peer.send(&close_frame(1000)).await;
        assert_eq!(end_of(peer, task).await, clean(Initiator::Local, 1000));
    }
}

/// 7.1.1: what a peer sends in place of its answer does not put the deadline off, neither messages nor
/// pings that are answered; whether it has taken our Close or not.
#[tokio::test(start_paused = true)]
async fn input_that_is_thrown_away_is_no_progress() {
    for (input, reads) in [(TEXT, true), (TEXT, false), (PING, true), (PING, false)] {
        let begin = Instant::now();
        let (peer, task) = pushing(100 << 10, Config::new());
        let (mut read, mut write) = tokio::io::split(peer.io);
        let reading = async {
            if reads {
                let mut all = Vec::new();
                read.read_to_end(&mut all).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let writing = async {
            while write.write_all(&frame(input, b"more")).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            std::future::pending::<()>().await;
        };
        let closure = tokio::select! {
            closure = task => closure.unwrap(),
            () = reading => unreachable!(),
            () = writing => unreachable!(),
        };
        assert_eq!(closure, Closure::Lost(Loss::CloseTimedOut));
        assert_eq!(begin.elapsed().as_secs(), 5, "{input:#x}, {reads}");
    }
}

/// 5.5.1: a peer may have to finish a message before it can answer our Close, and has the time for that;
/// but not for another.
#[tokio::test(start_paused = true)]
async fn peer_may_finish_a_message_before_it_answers() {
    for (messages, is_clean) in [(1, true), (2, false)] {
        for len in [1000, 200_000] {
            let (client, server) = tokio::io::duplex(1 << 20);
            let mut peer = Peer::new(client);
            let (close, closes) = oneshot::channel::<()>();
            let task = supervise(
                server,
                Config::new(),
                move |mut socket: WebSocket| async move {
                    closes.await.unwrap();
                    let _ = socket.close(None).await;
                },
            );
            let message = frame(BINARY, &vec![7; len]).repeat(messages);
            let (begun, rest) = message.split_at(100);
            peer.send(begun).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            close.send(()).unwrap();
            for piece in rest.chunks(rest.len() / 5 / messages) {
                tokio::time::sleep(Duration::from_secs(4)).await;
                if peer.io.write_all(piece).await.is_err() {
                    break;
                }
            }
            let _ = peer.io.write_all(&close_frame(1000)).await;
            peer.expect(CLOSE, b"").await;
            drop(peer);
            assert_eq!(task.await.unwrap().is_clean(), is_clean, "{messages} {len}");
        }
    }
}

/// 7.1.1: while the user receives what comes before the peer's Close, that is not cut off.
#[tokio::test(start_paused = true)]
async fn messages_after_our_close_put_the_deadline_off() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        socket.send(Message::Close(None)).await.unwrap();
        let mut received = 0;
        while let Some(item) = socket.recv().await {
            received += usize::from(item.unwrap().is_data());
        }
        assert_eq!(received, 10);
    });
    peer.expect(CLOSE, b"").await;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(4)).await;
        peer.send(&frame(TEXT, b"late")).await;
    }
    peer.send(&close_frame(1000)).await;
    let closure = closed(Initiator::Local, 1000, None);
    assert_eq!(end_of(peer, task).await, closure);
}

/// 7.1.1: the peer's Close is progress: from then on it has time to end its side.
#[tokio::test(start_paused = true)]
async fn answer_of_the_peer_puts_the_deadline_off() {
    let begin = Instant::now();
    let (mut peer, task) = pair(|_socket: WebSocket| async {});
    peer.expect_close(1000).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    peer.send(&close_frame(1000)).await;
    assert_eq!(task.await.unwrap(), clean(Initiator::Local, 1000));
    assert_eq!(begin.elapsed().as_secs(), 9);
}
