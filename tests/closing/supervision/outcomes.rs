//! What handlers return, and panics wherever they may come from.

use std::{
    future::pending,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{sync::oneshot, time::sleep};
use tower_websock::{Closure, Loss, WebSocket};

use crate::support::*;

use super::secs;

/// A handler whose call panics before it returns a future closes with 1011 as well.
#[tokio::test]
async fn panic_in_the_call_closes_with_1011() {
    let (peer, task) = pair(|socket: WebSocket| {
        assert!(socket.closure().is_some(), "as the test wants it");
        async {}
    });
    close_after_panic(peer, task).await;
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "as the test wants it");
    }
}

/// So does one that is done, and what it holds panics when it is dropped.
#[tokio::test]
async fn panic_of_what_a_handler_holds_closes_with_1011() {
    struct Done {
        _socket: WebSocket,
        _held: PanicsWhenDropped,
    }

    impl Future for Done {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    let (peer, task) = pair(|socket: WebSocket| Done {
        _socket: socket,
        _held: PanicsWhenDropped,
    });
    close_after_panic(peer, task).await;
}

/// So does one whose error panics when it is dropped: it is dropped in the handler's turn.
#[tokio::test]
async fn panic_of_what_a_handler_returns_closes_with_1011() {
    let (peer, task) = pair(|_socket| async { Err::<(), _>(PanicsWhenDropped) });
    close_after_panic(peer, task).await;
}

/// See `Outcome`: a handler may return nothing, a `Result`, or never, and the code is 1000 or 1011.
#[tokio::test]
async fn outcomes_are_nothing_results_and_never() {
    let (mut peer, task) = pair(async |_socket| {});
    peer.expect_close(1000).await;
    drop((peer, task));
    let (mut peer, task) = pair(async |_socket| Err::<(), _>("no"));
    peer.expect_close(1011).await;
    drop((peer, task));
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        loop {
            if let Some(Ok(message)) = socket.recv().await {
                let _ = socket.send(message).await;
            } else {
                pending::<()>().await;
            }
        }
    });
    peer.send(&frame(TEXT, b"still here")).await;
    peer.expect(TEXT, b"still here").await;
    drop(peer);
    task.abort();
}

/// After a handler failed, a half elsewhere that still receives gets the end, and the
/// supervisor does not spin when the peer is gone.
#[tokio::test(start_paused = true)]
async fn half_elsewhere_after_a_failed_handler() {
    let (ended, has_ended) = oneshot::channel();
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        let (_send, mut recv) = socket.split();
        tokio::spawn(async move {
            sleep(Duration::from_millis(30)).await;
            assert!(recv.recv().await.is_none());
            ended.send(()).unwrap();
            sleep(secs(60)).await;
            drop(recv);
        });
        Err::<(), _>("broken")
    });
    peer.expect_close(1011).await;
    has_ended.await.unwrap();
    drop(peer);
    assert_eq!(task.await.unwrap(), Closure::Lost(Loss::Ended));
}
