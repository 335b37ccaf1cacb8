//! What a supervisor does for its handler, whatever the handler does.

mod hooked;
mod hooks;
mod outcomes;

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::{
    io::AsyncWriteExt,
    sync::oneshot,
    task::coop::consume_budget,
    time::{Instant, sleep, timeout},
};
use tower_websock::{Closure, Config, Error, Loss, Message, WebSocket};

use self::hooked::Hooked;
use crate::support::*;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A handler that uses up its task's budget in every poll starves neither pings nor deadlines.
#[tokio::test]
async fn busy_loop_does_not_starve_the_supervisor() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let config = Config::new().close_timeout(Duration::from_millis(100));
    let task = supervise(server, config, |mut socket: WebSocket| async move {
        while socket.closure().is_none() {
            consume_budget().await;
            if let Some(Some(Ok(Message::Text(_)))) = socket.recv().now_or_never() {
                socket.send(Message::Close(None)).await.unwrap();
            }
        }
    });
    peer.send(&frame(PING, b"there?")).await;
    peer.expect(PONG, b"there?").await;
    peer.send(&frame(TEXT, b"close")).await;
    peer.expect(CLOSE, b"").await;
    // The peer never answers; the deadline holds.
    peer.expect_end().await;
    assert_eq!(task.await.unwrap(), Closure::Lost(Loss::CloseTimedOut));
}

/// A handler that never receives is a push service: its pings are answered for ever.
#[tokio::test(start_paused = true)]
async fn pings_of_a_handler_that_never_receives_are_answered() {
    let (mut peer, task) = pair(hold);
    for _ in 0..1000 {
        peer.send(&frame(PING, b"20 s")).await;
        peer.expect(PONG, b"20 s").await;
        sleep(secs(20)).await;
    }
    task.abort();
}

/// A message that waits unread does not hide the end behind it.
#[tokio::test(start_paused = true)]
async fn end_behind_an_unread_message_is_seen() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        sleep(secs(60)).await;
        assert_eq!(socket.closure(), Some(Closure::Lost(Loss::Ended)));
        assert!(matches!(socket.send("x".into()).await, Err(Error::Closed)));
        assert!(matches!(socket.recv().await, Some(Ok(Message::Text(_)))));
        assert!(matches!(socket.recv().await, Some(Err(Error::Lost(_)))));
        assert!(socket.recv().await.is_none());
    });
    peer.send(&frame(TEXT, b"unread")).await;
    peer.io.shutdown().await.unwrap();
    peer.expect_end().await;
    assert_eq!(task.await.unwrap(), Closure::Lost(Loss::Ended));
}

/// 7.1.1: the answer to our Close ends the connection at once, also while the handler is busy.
#[tokio::test(start_paused = true)]
async fn answer_to_our_close_takes_effect_at_once() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        socket.send(Message::Close(None)).await.unwrap();
        sleep(secs(60)).await;
        assert!(matches!(socket.recv().await, Some(Ok(Message::Close(_)))));
        assert!(socket.recv().await.is_none());
    });
    peer.expect(CLOSE, b"").await;
    peer.send(&close_frame(1000)).await;
    let begin = Instant::now();
    peer.expect_end().await;
    assert!(begin.elapsed() < secs(1), "{:?}", begin.elapsed());
    drop(peer);
    assert!(task.await.unwrap().is_clean());
}

/// A Close that another task receives moves the supervisor.
#[tokio::test(start_paused = true)]
async fn close_received_elsewhere_ends_the_transport_at_once() {
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        let (mut send, mut recv) = socket.split();
        tokio::spawn(async move {
            send.start_close(None).unwrap();
            sleep(Duration::from_millis(100)).await;
            assert!(matches!(recv.recv().await, Some(Ok(Message::Close(_)))));
            sleep(secs(60)).await;
            drop((send, recv));
        });
        pending::<()>().await;
    });
    peer.expect(CLOSE, b"").await;
    peer.send(&close_frame(1000)).await;
    let begin = Instant::now();
    peer.expect_end().await;
    assert!(begin.elapsed() < secs(1), "{:?}", begin.elapsed());
    task.abort();
}

/// 7.1.1: the answer to a Close has `close_timeout` of its own, however late it was received.
#[tokio::test(start_paused = true)]
async fn late_answer_has_its_own_deadline() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let task = supervise(server, Config::new(), |mut socket: WebSocket| async move {
        socket.send(vec![7_u8; 3000].into()).await.unwrap();
        sleep(Duration::from_millis(990)).await;
        assert!(matches!(socket.recv().await, Some(Ok(Message::Close(_)))));
    });
    peer.send(&close_frame(1000)).await;
    sleep(Duration::from_millis(5200)).await;
    peer.expect(BINARY, &[7; 3000]).await;
    peer.expect_close(1000).await;
    assert!(end_of(peer, task).await.is_clean());
}

/// 7.1.4: if our Close did not leave, the closing handshake was not done, and `flush` says so.
#[tokio::test(start_paused = true)]
async fn output_that_did_not_leave_is_not_clean() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let task = supervise(server, Config::new(), |socket: WebSocket| async move {
        let (mut send, mut recv) = socket.split();
        send.send(vec![0_u8; 50_000].into()).await.unwrap();
        let (flushed, received) = tokio::join!(send.flush(), recv.recv());
        assert!(matches!(flushed, Err(Error::Closed)), "{flushed:?}");
        assert!(matches!(received, Some(Ok(Message::Close(_)))));
    });
    peer.send(&close_frame(1000)).await;
    assert_eq!(task.await.unwrap(), Closure::Lost(Loss::CloseTimedOut));
}

/// A sender that waits for room learns at once that the peer closes.
#[tokio::test(start_paused = true)]
async fn waiting_sender_learns_of_the_close() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let task = supervise(server, Config::new(), |socket: WebSocket| async move {
        let begin = Instant::now();
        let (mut send, mut recv) = socket.split();
        let sending = tokio::spawn(async move {
            while send.send(vec![0_u8; 50_000].into()).await.is_ok() {}
            begin.elapsed()
        });
        assert!(matches!(recv.recv().await, Some(Ok(Message::Close(_)))));
        assert!(sending.await.unwrap() < secs(1));
    });
    sleep(Duration::from_millis(10)).await;
    peer.send(&close_frame(1000)).await;
    assert_eq!(task.await.unwrap(), Closure::Lost(Loss::CloseTimedOut));
}

/// A handler that polls `recv` to exhaustion with a waker of its own does not stop the reading.
#[tokio::test]
async fn foreign_waker_does_not_stop_the_reading() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        while !matches!(socket.recv().now_or_never(), Some(Some(Ok(_)))) {
            tokio::task::yield_now().await;
        }
        while let Some(Some(Ok(_))) = socket.recv().now_or_never() {}
        pending::<()>().await;
    });
    peer.send(&frame(TEXT, b"x").repeat(200)).await;
    peer.send(&frame(PING, b"there?")).await;
    peer.expect(PONG, b"there?").await;
    task.abort();
}

/// Halves in a `FuturesUnordered`, whose wakers are not the task's.
#[tokio::test]
async fn halves_in_futures_unordered_are_woken() {
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        let (mut send, mut recv) = socket.split();
        let (queue, mut queued) = tokio::sync::mpsc::channel(1);
        let mut both = FuturesUnordered::new();
        both.push(
            async move {
                while let Some(Ok(message)) = recv.recv().await {
                    if message.is_data() {
                        queue.send(message).await.unwrap();
                    }
                }
            }
            .boxed(),
        );
        both.push(
            async move {
                while let Some(message) = queued.recv().await {
                    send.send(message).await.unwrap();
                }
            }
            .boxed(),
        );
        while both.next().await.is_some() {}
    });
    for n in 0..500_u32 {
        let text = n.to_string();
        peer.send(&frame(TEXT, text.as_bytes())).await;
        peer.expect(TEXT, text.as_bytes()).await;
    }
    close_by_peer(peer, task).await;
}

/// `close` that was given up, then `recv`: the end, without spinning.
#[tokio::test(start_paused = true)]
async fn close_given_up_then_recv() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        let closing = timeout(Duration::from_millis(10), socket.close(None)).await;
        assert!(closing.is_err());
        assert!(socket.recv().await.is_none());
        sleep(secs(1)).await;
    });
    peer.expect(CLOSE, b"").await;
    sleep(Duration::from_millis(50)).await;
    drop(peer);
    assert_eq!(task.await.unwrap(), Closure::Lost(Loss::Ended));
}

/// Deadlines without end, and a high-water mark of nothing, are taken for what they mean.
#[tokio::test(start_paused = true)]
async fn extreme_settings_work() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let config = Config::new()
        .close_timeout(Duration::MAX)
        .write_high_water(0);
    let task = supervise(server, config, echo);
    peer.send(&frame(TEXT, b"a")).await;
    peer.expect(TEXT, b"a").await;
    peer.send(&frame(PING, b"b")).await;
    peer.expect(PONG, b"b").await;
    close_by_peer(peer, task).await;
}

/// 7.1.1: a shutdown that must wait for the peer to be read does not stop the reading.
#[tokio::test(start_paused = true)]
async fn shutdown_that_waits_does_not_stop_the_reading() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let mut io = Hooked::new(server);
    io.shutdown_after = 20_000;
    let task = supervise(io, Config::new(), |_socket: WebSocket| async {});
    let begin = Instant::now();
    peer.send(&close_frame(1000)).await;
    peer.send(&vec![0; 20_000]).await;
    peer.expect_close(1000).await;
    peer.expect_end().await;
    assert!(begin.elapsed() < secs(1), "{:?}", begin.elapsed());
    drop(peer);
    assert!(task.await.unwrap().is_clean());
}

/// The transport is dropped outside of the connection's lock: its `Drop` may use a half.
#[tokio::test]
async fn transport_may_drop_a_half() {
    let (client, server) = tokio::io::duplex(1024);
    let peer = Peer::new(client);
    let kept = Arc::new(Mutex::new(None));
    let mut io = Hooked::new(server);
    io.keeps = kept.clone();
    let task = supervise(io, Config::new(), move |socket: WebSocket| async move {
        let (send, mut recv) = socket.split();
        *kept.lock().unwrap() = Some(send);
        while recv.recv().await.is_some() {}
    });
    close_by_peer(peer, task).await;
}

/// When the supervisor is aborted, whoever waits elsewhere learns it.
#[tokio::test]
async fn aborted_supervisor_wakes_who_waits() {
    let (_client, server) = tokio::io::duplex(64);
    let (give, given) = oneshot::channel();
    let task = supervise(server, Config::new(), |socket: WebSocket| async move {
        give.send(socket).unwrap();
        pending::<()>().await;
    });
    let (mut send, mut recv) = given.await.unwrap().split();
    let sending = tokio::spawn(async move {
        while send.send(vec![0_u8; 50_000].into()).await.is_ok() {}
        send.flush().await
    });
    let receiving = tokio::spawn(async move { (recv.recv().await, recv.recv().await) });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(matches!(sending.await.unwrap(), Err(Error::Closed)));
    let (first, second) = receiving.await.unwrap();
    assert!(matches!(first, Some(Err(Error::Lost(_)))));
    assert!(second.is_none());
}
