//! What a handler sends in one turn arrives as it was sent, whatever else it does in that turn.

#[path = "../../src/randomised.rs"]
mod randomised;

use std::{
    fmt::Display,
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use tokio::{
    runtime,
    sync::{Mutex, oneshot},
    task::unconstrained,
};
use tower_websock::{Closure, Config, Error, Message, WebSocket};

use crate::support::*;

/// Runs `f` on another thread, and has this one wait for it: the turn goes on.
fn elsewhere<F: Future<Output: Send>>(f: impl FnOnce() -> F + Send) -> F::Output {
    let run = || {
        let mut runtime = runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(f())
    };
    thread::scope(|scope| scope.spawn(run).join().unwrap())
}

fn text(n: impl Display) -> Message {
    Message::text(format!("{n}"))
}

/// Something a handler may do between two messages, without waiting.
#[derive(Clone, Copy, Debug)]
enum Step {
    Small,
    Medium,
    Large,
    Ping,
    /// It looks for a message, and there is none.
    Recv,
    Flush,
    /// Another turn.
    Yield,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Small),
        1 => Just(Step::Medium),
        1 => Just(Step::Large),
        1 => Just(Step::Ping),
        1 => Just(Step::Recv),
        1 => Just(Step::Flush),
        1 => Just(Step::Yield),
    ]
}

/// A payload that tells which one it is.
fn payload(n: usize, len: usize) -> Vec<u8> {
    n.to_be_bytes().into_iter().cycle().take(len).collect()
}

proptest! {
    #![proptest_config(randomised::cases(64))]

    /// The order of sending is the order of arrival, also around all that does not go the
    /// shortest way, and also where little may be queued.
    #[test]
    fn messages_of_a_turn_keep_their_order(
        steps in vec(step(), 1..300),
        mark in prop_oneof![Just(1), 10..3000_usize, Just(65_536)],
    ) {
        let lens = |step| match step {
            Step::Small => Some((BINARY, 8)),
            Step::Medium => Some((BINARY, 300)),
            Step::Large => Some((BINARY, 5000)),
            Step::Ping => Some((PING, 9)),
            Step::Recv | Step::Flush | Step::Yield => None,
        };
        let expected: Vec<_> = (steps.iter().enumerate())
            .filter_map(|(n, &step)| lens(step).map(|(first, len)| (first, payload(n, len))))
            .collect();
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, server) = tokio::io::duplex(1 << 20);
            let config = Config::new().write_high_water(mark);
            let task = supervise(server, config, move |mut socket: WebSocket| async move {
                for (n, step) in steps.into_iter().enumerate() {
                    match step {
                        Step::Recv => {
                            let mut cx = Context::from_waker(Waker::noop());
                            let recv = std::pin::pin!(socket.recv());
                            assert!(recv.poll(&mut cx).is_pending());
                        }
                        Step::Flush => socket.flush().await.unwrap(),
                        Step::Yield => tokio::task::yield_now().await,
                        _ => {
                            let (first, len) = lens(step).unwrap();
                            let payload = payload(n, len);
                            let message = match first {
                                PING => Message::Ping(payload.into()),
                                _ => Message::binary(payload),
                            };
                            socket.send(message).await.unwrap();
                        }
                    }
                }
            });
            let mut peer = Peer::new(client);
            for (first, payload) in expected {
                peer.expect(first, &payload).await;
            }
            peer.expect_close(1000).await;
            peer.send(&close_frame(1000)).await;
            assert!(end_of(peer, task).await.is_clean());
        });
    }
}

/// A socket that goes to another thread in the middle of a turn: what it sends there comes behind
/// what was sent before, and so does its Close (RFC 6455, section 5.5.1).
#[tokio::test]
async fn socket_that_leaves_in_the_middle_of_a_turn_keeps_the_order() {
    for large in [false, true] {
        let (back, returned) = oneshot::channel();
        let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
            for n in 0..3 {
                socket.send(text(n)).await.unwrap();
            }
            let socket = elsewhere(move || async move {
                socket.send(text(3)).await.unwrap();
                if large {
                    let message = Message::binary(vec![4; 10_000]);
                    socket.send(message).await.unwrap();
                }
                socket.send(Message::Close(None)).await.unwrap();
                socket
            });
            assert!(back.send(socket).is_ok());
        });
        for n in 0..4 {
            peer.expect(TEXT, n.to_string().as_bytes()).await;
        }
        if large {
            peer.expect(BINARY, &[4; 10_000]).await;
        }
        peer.expect(CLOSE, b"").await;
        peer.send(&frame(CLOSE, b"")).await;
        assert!(
            returned
                .await
                .unwrap()
                .closure()
                .is_none_or(|c| c.is_clean())
        );
        assert!(end_of(peer, task).await.is_clean());
    }
}

/// A socket that goes to another thread in the middle of a turn and comes back in it: all that
/// is sent arrives in the order in which it was sent, wherever that was.
#[tokio::test]
async fn socket_that_comes_back_in_the_middle_of_a_turn_keeps_the_order() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        for n in (0..100).step_by(5) {
            for n in n..n + 3 {
                socket.send(text(n)).await.unwrap();
            }
            let there = &mut socket;
            elsewhere(move || async move { there.send(text(n + 3)).await.unwrap() });
            socket.send(text(n + 4)).await.unwrap();
        }
    });
    for n in 0..100 {
        peer.expect(TEXT, n.to_string().as_bytes()).await;
    }
    peer.expect_close(1000).await;
    peer.send(&close_frame(1000)).await;
    assert!(end_of(peer, task).await.is_clean());
}

/// The peer's Close is received on another thread in the middle of a turn: what the turn sent
/// comes before our answer (5.5.1), and then nothing.
#[tokio::test(start_paused = true)]
async fn close_received_elsewhere_in_the_middle_of_a_turn_is_answered_last() {
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        // Time moves on when nothing else can: the Close is read ahead by then.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let (mut send, mut recv) = socket.split();
        send.send(text("a")).await.unwrap();
        send.send(text("b")).await.unwrap();
        elsewhere(|| async {
            // It is handed over when the answer is written, which this turn has to end for.
            let received = poll_fn(|cx| Poll::Ready(std::pin::pin!(recv.recv()).poll(cx)));
            assert!(received.await.is_pending());
        });
        // Our answer is queued.
        assert!(matches!(send.send(text("c")).await, Err(Error::Closed)));
        tokio::task::yield_now().await;
        assert!(send.send(text("d")).await.is_err());
        assert!(matches!(recv.recv().await, Some(Ok(Message::Close(_)))));
    });
    peer.send(&close_frame(1000)).await;
    peer.expect(TEXT, b"a").await;
    peer.expect(TEXT, b"b").await;
    peer.expect_close(1000).await;
    assert!(end_of(peer, task).await.is_clean());
}

/// A flush in the middle of a turn writes all that was sent before it.
#[tokio::test]
async fn flush_in_the_middle_of_a_turn_writes_everything() {
    let (client, server) = tokio::io::duplex(1 << 20);
    let (back, returned) = oneshot::channel();
    let task = supervise(server, Config::new(), |mut socket: WebSocket| async move {
        let mut peer = Peer::new(client);
        for n in 0..3 {
            socket.send(text(n)).await.unwrap();
        }
        socket.flush().await.unwrap();
        let peer = elsewhere(move || async move {
            let arrive = async {
                for n in 0..3_u32 {
                    peer.expect(TEXT, n.to_string().as_bytes()).await;
                }
            };
            let deadline = Duration::from_secs(10);
            tokio::time::timeout(deadline, arrive).await.unwrap();
            peer
        });
        assert!(back.send(peer).is_ok());
        while socket.recv().await.is_some() {}
    });
    close_by_peer(returned.await.unwrap_or_else(|_| panic!("no peer")), task).await;
}

/// What was sent before a panic leaves before the Close.
#[tokio::test]
async fn messages_before_a_panic_are_sent() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        for n in 0..3 {
            socket.send(text(n)).await.unwrap();
        }
        assert!(socket.closure().is_some(), "as the test wants it");
    });
    for n in 0..3 {
        peer.expect(TEXT, n.to_string().as_bytes()).await;
    }
    close_after_panic(peer, task).await;
}

/// A handler that runs another one, which sends on the socket of both: all arrives in the order
/// in which it was sent.
#[tokio::test]
async fn turn_within_a_turn_sends_in_order_on_the_outer_socket() {
    let (inner_client, inner_server) = tokio::io::duplex(1 << 20);
    // Outside of tokio's budget, which would end a turn where it does not matter here.
    let (mut peer, task) = pair(|socket: WebSocket| {
        unconstrained(async move {
            let (send, mut recv) = socket.split();
            let send = Arc::new(Mutex::new(send));
            let shared = send.clone();
            let mut inner = std::pin::pin!(accept(inner_server, Config::new()).supervise(
                |_inner: WebSocket| async move {
                    for n in 0..20 {
                        for n in [5 * n + 3, 5 * n + 4] {
                            shared.lock().await.send(text(n)).await.unwrap();
                        }
                        tokio::task::yield_now().await;
                    }
                    std::future::pending::<()>().await;
                }
            ));
            for n in 0..20 {
                for n in 5 * n..5 * n + 3 {
                    send.lock().await.send(text(n)).await.unwrap();
                }
                let polled = poll_fn(|cx| Poll::Ready(inner.as_mut().poll(cx)));
                assert!(polled.await.is_pending());
            }
            while recv.recv().await.is_some() {}
        })
    });
    for n in 0..100 {
        peer.expect(TEXT, n.to_string().as_bytes()).await;
    }
    close_by_peer(peer, task).await;
    drop(inner_client);
}

/// A handler that runs another one, whose turns lie within its own: each message goes to the
/// connection that it was sent on, in order.
#[tokio::test]
async fn turns_within_turns_do_not_mix() {
    let (outer_client, outer_server) = tokio::io::duplex(1 << 20);
    let (inner_client, inner_server) = tokio::io::duplex(1 << 20);
    let outer = supervise(
        outer_server,
        Config::new(),
        |mut socket: WebSocket| async move {
            let mut inner = std::pin::pin!(accept(inner_server, Config::new()).supervise(
                |mut socket: WebSocket| async move {
                    for n in 0..100 {
                        socket.send(text(format!("inner {n}"))).await.unwrap();
                        if n % 5 == 4 {
                            tokio::task::yield_now().await;
                        }
                    }
                    while socket.recv().await.is_some() {}
                }
            ));
            for n in 0..100 {
                socket.send(text(format!("outer {n}"))).await.unwrap();
                if n % 3 == 0 {
                    let polled = poll_fn(|cx| Poll::Ready(inner.as_mut().poll(cx)));
                    assert!(polled.await.is_pending());
                }
            }
            let closure = inner.await.unwrap();
            socket.send(text("end")).await.unwrap();
            assert!(closure.is_clean());
        },
    );
    let (mut outer_peer, mut inner_peer) = (Peer::new(outer_client), Peer::new(inner_client));
    for n in 0..100 {
        let [of_outer, of_inner] = ["outer", "inner"].map(|name| format!("{name} {n}"));
        outer_peer.expect(TEXT, of_outer.as_bytes()).await;
        inner_peer.expect(TEXT, of_inner.as_bytes()).await;
    }
    inner_peer.send(&close_frame(1000)).await;
    inner_peer.expect_close(1000).await;
    inner_peer.expect_end().await;
    drop(inner_peer);
    outer_peer.expect(TEXT, b"end").await;
    outer_peer.expect_close(1000).await;
    outer_peer.send(&close_frame(1000)).await;
    let closure: Closure = end_of(outer_peer, outer).await;
    assert!(closure.is_clean());
}
