//! What keeps a connection open, and what does not.

use std::{
    sync::{Arc, Mutex},
    thread,
};

use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tower_websock::{CloseFrame, Error, Message, Sender, TrySendError, WebSocket};

use crate::support::*;

use super::millis;

/// 7.1: a handler that returns ends its connection, although its senders are kept for others to use.
/// They learn it, those that wait included.
#[tokio::test(start_paused = true)]
async fn senders_do_not_keep_a_connection_open() {
    for waits in [false, true] {
        let room = Arc::new(Mutex::new(Vec::<Sender>::new()));
        let members = room.clone();
        let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
            members.lock().unwrap().push(socket.sender());
            assert!(socket.recv().await.unwrap()?.is_data());
            if waits {
                // Of the kind that does not keep it open, either: in another task.
                let sender = socket.sender();
                let closed = tokio::spawn(async move { sender.closed().await });
                drop(socket);
                closed.await.unwrap();
            }
            Ok::<_, Error>(())
        });
        tokio::task::yield_now().await;
        let sender = room.lock().unwrap()[0].clone();
        sender.send("welcome".into()).await.unwrap();
        peer.expect(TEXT, b"welcome").await;
        sender.flush().await.unwrap();
        assert_eq!(sender.buffered(), 0);
        peer.send(&frame(TEXT, b"bye")).await;
        peer.expect_close(1000).await;
        assert!(sender.is_closed());
        sender.closed().await;
        assert!(matches!(
            sender.send("late".into()).await,
            Err(Error::Closed)
        ));
        peer.send(&close_frame(1000)).await;
        assert!(end_of(peer, task).await.is_clean());
        let sent = room.lock().unwrap()[0].try_send("late".into());
        assert!(matches!(sent, Err(TrySendError::Closed(_))));
    }
}

/// Clones of a half do keep it open, until the last one is dropped.
#[tokio::test(start_paused = true)]
async fn clones_of_a_half_keep_a_connection_open() {
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        let (half, _) = socket.split();
        for number in 1..=3 {
            let mut half = half.clone();
            tokio::spawn(async move {
                sleep(millis(5_000 * number)).await;
                half.send(number.to_string().into()).await.unwrap();
            });
        }
    });
    for number in ["1", "2", "3"] {
        peer.expect(TEXT, number.as_bytes()).await;
    }
    peer.expect_close(1000).await;
    peer.send(&close_frame(1000)).await;
    assert!(end_of(peer, task).await.is_clean());
}

/// From a thread that has no runtime: the supervisor is woken, and writes.
#[tokio::test]
async fn thread_without_a_runtime_sends() {
    let (give, taken) = oneshot::channel();
    let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
        give.send(socket.sender()).unwrap();
        while socket.recv().await.is_some() {}
    });
    let sender = taken.await.unwrap();
    let sending = thread::spawn(move || {
        for number in 0..10_u8 {
            sender.try_send(Message::binary(vec![number])).unwrap();
        }
        let large = vec![7; 100_000];
        sender.try_send(large.into()).unwrap();
        let frame = CloseFrame::new(4000, "enough");
        sender.start_close(frame).unwrap();
        let sent = sender.try_send("late".into());
        assert!(matches!(sent, Err(TrySendError::Closed(_))));
    });
    for number in 0..10_u8 {
        peer.expect(BINARY, &[number]).await;
    }
    peer.expect(BINARY, &vec![7; 100_000]).await;
    peer.expect_close(4000).await;
    peer.send(&close_frame(4000)).await;
    sending.join().unwrap();
    assert!(end_of(peer, task).await.is_clean());
}

/// Whoever waits learns that a task was aborted, however it sends.
#[tokio::test(start_paused = true)]
async fn aborted_supervisor_ends_all_senders() {
    let (give, taken) = oneshot::channel();
    let (peer, task) = pair(move |socket: WebSocket| async move {
        let (half, recv) = socket.split();
        let _ = give.send((half.clone(), half.sender()));
        hold_halves(half, recv).await;
    });
    let (mut half, sender) = taken.await.unwrap();
    let other = half.clone();
    let large = || Message::binary(vec![7; 1 << 20]);
    // What the peer does not take.
    sender.send(large()).await.unwrap();
    sender.send(large()).await.unwrap();
    let waiting = [
        tokio::spawn(async move { half.send(large()).await }),
        tokio::spawn(async move { sender.send(large()).await }),
    ];
    sleep(millis(10)).await;
    task.abort();
    for waiting in waiting {
        let sent = timeout(millis(10), waiting).await.expect("it is woken");
        assert!(matches!(sent.unwrap(), Err(Error::Closed)));
    }
    assert!(other.is_closed());
    drop(peer);
}

async fn hold_halves<T>(halves: impl Sized, more: T) {
    std::future::pending::<()>().await;
    drop((halves, more));
}
