//! Whatever a handler does: the connection ends in order.

use std::time::Duration;

use tokio::{sync::oneshot, time::Instant};
use tower_websock::{CloseFrame, Config, Error, Initiator, Message, WebSocket};

use crate::support::*;

use super::{clean, closed};

/// 7.1.2: a handler that returns starts the closing handshake and finishes it.
#[tokio::test]
async fn handler_that_returns_closes_with_1000() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        socket.send("bye".into()).await.unwrap();
    });
    peer.expect(TEXT, b"bye").await;
    peer.expect_close(1000).await;
    // Data that is still under way is not a violation, and not answered.
    peer.send(&frame(TEXT, b"late")).await;
    peer.send(&close_frame(1000)).await;
    assert_eq!(end_of(peer, task).await, clean(Initiator::Local, 1000));
}

/// 7.4.1: a handler that fails closes with 1011.
#[tokio::test]
async fn handler_that_fails_closes_with_1011() {
    let (mut peer, task) = pair(|_socket: WebSocket| async move { Err::<(), _>("broken") });
    peer.expect_close(1011).await;
    peer.send(&close_frame(1011)).await;
    assert_eq!(end_of(peer, task).await, clean(Initiator::Local, 1011));
}

/// 7.4.1: a handler that panics closes with 1011, and the panic is passed on.
#[tokio::test]
async fn handler_that_panics_closes_with_1011() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        let message = socket.recv().await;
        panic!("as the test wants it: {message:?}");
        #[allow(unreachable_code, reason = "names the type")]
        {}
    });
    peer.send(&frame(TEXT, b"go")).await;
    close_after_panic(peer, task).await;
}

/// 7.1.2: a handler that drops its socket and goes on has closed it.
#[tokio::test]
async fn socket_that_is_dropped_closes_although_the_handler_goes_on() {
    let (done, wait) = oneshot::channel::<()>();
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        drop(socket);
        wait.await.unwrap();
    });
    peer.expect_close(1000).await;
    peer.send(&close_frame(1000)).await;
    peer.expect_end().await;
    drop(peer);
    done.send(()).unwrap();
    assert_eq!(task.await.unwrap(), clean(Initiator::Local, 1000));
}

/// 7.1.2: halves that were given to other tasks keep the connection when the handler
/// returns; when both are dropped, it closes.
#[tokio::test]
async fn connection_lives_as_long_as_a_half_elsewhere() {
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        let (mut send, mut recv) = socket.split();
        tokio::spawn(async move {
            while let Some(Ok(message)) = recv.recv().await {
                if !message.is_data() || send.send(message).await.is_err() {
                    break;
                }
            }
        });
    });
    for text in ["a", "b", "c"] {
        peer.send(&frame(TEXT, text.as_bytes())).await;
        peer.expect(TEXT, text.as_bytes()).await;
    }
    peer.send(&close_frame(1001)).await;
    peer.expect_close(1001).await;
    assert_eq!(end_of(peer, task).await, clean(Initiator::Remote, 1001));
}

/// 7.1.2: `close` sends the frame, drops what still comes, and tells how it ended.
#[tokio::test]
async fn close_reports_the_closure() {
    let (result, closure) = oneshot::channel();
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        let frame = CloseFrame::new(4000, "enough");
        let closure = socket.close(Some(frame)).await.unwrap();
        assert!(socket.recv().await.is_none());
        result.send(closure).unwrap();
    });
    peer.expect(CLOSE, b"\x0f\xa0enough").await;
    peer.send(&frame(TEXT, b"late")).await;
    peer.send(&close_frame(4001)).await;
    let closure = closure.await.unwrap();
    let enough = CloseFrame::new(4000, "enough");
    assert_eq!(closure, closed(Initiator::Local, 4001, Some(enough)));
    // What began it is what it is closed for.
    assert_eq!((closure.code(), &*closure.reason()), (4000, "enough"));
    assert!(end_of(peer, task).await.is_clean());
}

/// 5.5.1: after `Message::Close` was sent, messages are still received until the peer's
/// Close; nothing can be sent any more.
#[tokio::test]
async fn messages_are_received_between_our_close_and_the_peers() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        socket.send(Message::Close(None)).await.unwrap();
        assert!(matches!(socket.send("x".into()).await, Err(Error::Closed)));
        let late = socket.recv().await.unwrap().unwrap();
        assert_eq!(late, Message::text("late"));
        let close = socket.recv().await.unwrap().unwrap();
        assert_eq!(close, Message::Close(Some(CloseFrame::new(1001, ""))));
        assert!(socket.recv().await.is_none());
    });
    peer.expect(CLOSE, b"").await;
    peer.send(&frame(TEXT, b"late")).await;
    peer.send(&close_frame(1001)).await;
    let closure = closed(Initiator::Local, 1001, None);
    assert_eq!(end_of(peer, task).await, closure);
}

/// 5.5.1: a Close that the handler does not receive is answered after a second all the same, and
/// is still there for it.
#[tokio::test(start_paused = true)]
async fn close_is_answered_although_the_handler_is_busy() {
    let begin = Instant::now();
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(matches!(socket.send("x".into()).await, Err(Error::Closed)));
        let first = socket.recv().await.unwrap().unwrap();
        assert_eq!(first, Message::text("before"));
        let close = socket.recv().await.unwrap().unwrap();
        assert!(matches!(close, Message::Close(Some(_))));
        assert!(socket.recv().await.is_none());
    });
    peer.send(&frame(TEXT, b"before")).await;
    peer.send(&close_frame(1000)).await;
    peer.expect_close(1000).await;
    assert_eq!(begin.elapsed().as_secs(), 1);
    assert_eq!(end_of(peer, task).await, clean(Initiator::Remote, 1000));
}

/// 7.1.4: a handler that never receives does not spoil the closing, with the defaults of both.
#[cfg(feature = "client")]
#[tokio::test(start_paused = true)]
async fn peer_closes_in_order_although_the_handler_only_sends() {
    let (client, server) = tokio::io::duplex(1024);
    let task = supervise(server, Config::new(), |mut socket: WebSocket| async move {
        while socket.send("tick".into()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let mut client = WebSocket::client(client, &Config::new());
    let normal = CloseFrame::new(1000, "");
    let closure = client.close(Some(normal)).await.unwrap();
    assert_eq!(closure, clean(Initiator::Local, 1000));
    assert_eq!(task.await.unwrap(), clean(Initiator::Remote, 1000));
}

/// 5.5.1: the answer waits for a handler that goes on receiving what came before, but not longer
/// than `close_timeout`.
#[tokio::test(start_paused = true)]
async fn close_waits_for_a_handler_that_receives() {
    for (each, answered_after) in [(100, 2000), (900, 5000), (1100, 1000)] {
        let begin = Instant::now();
        let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
            while let Some(Ok(message)) = socket.recv().await {
                if message.is_data() {
                    tokio::time::sleep(Duration::from_millis(each)).await;
                    let _ = socket.send(message).await;
                }
            }
        });
        // Of two kinds in turn, so that none is received together with the next.
        for count in 0..20_u8 {
            let opcode = if count % 2 == 0 { TEXT } else { BINARY };
            peer.send(&frame(opcode, &[count])).await;
        }
        peer.send(&close_frame(1000)).await;
        let mut answers = 0;
        while peer.read().await.expect("an answer").0 != CLOSE {
            answers += 1;
        }
        let waited = u64::try_from(begin.elapsed().as_millis()).unwrap();
        assert!(waited.abs_diff(answered_after) < 10, "{each}: {waited}");
        assert_eq!(answers, answered_after / each);
        task.abort();
    }
}

/// 5.5.2: pings are answered while the handler does something else.
#[tokio::test(start_paused = true)]
async fn pings_are_answered_while_the_handler_is_busy() {
    let begin = Instant::now();
    let (mut peer, task) = pair(hold);
    peer.send(&frame(TEXT, b"unread")).await;
    peer.send(&frame(PING, b"there?")).await;
    peer.expect(PONG, b"there?").await;
    assert_eq!(begin.elapsed().as_secs(), 0);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    // An aborted task cannot close in order, but it does not leak the transport.
    peer.expect_end().await;
}

/// 7.1.1: a socket without a supervisor closes in order too.
#[tokio::test]
async fn socket_without_a_supervisor_closes_in_order() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let mut socket = WebSocket::server(server, &Config::new());
    let ours = tokio::spawn(async move {
        let message = socket.recv().await.unwrap().unwrap();
        socket.send(message).await.unwrap();
        socket.close(None).await.unwrap()
    });
    peer.send(&frame(TEXT, b"hi")).await;
    peer.expect(TEXT, b"hi").await;
    peer.expect(CLOSE, b"").await;
    peer.send(&close_frame(1000)).await;
    peer.expect_end().await;
    drop(peer);
    let closure = closed(Initiator::Local, 1000, None);
    assert_eq!(ours.await.unwrap(), closure);
}

/// 7.1.1: receiving until `None` closes a socket without a supervisor in order too.
#[tokio::test]
async fn receiving_until_none_closes_a_socket_without_a_supervisor() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let mut socket = WebSocket::server(server, &Config::new());
    let ours = tokio::spawn(async move {
        let mut received = Vec::new();
        while let Some(item) = socket.recv().await {
            received.push(item.unwrap());
        }
        (received, socket.closure())
    });
    peer.send(&frame(PING, b"?")).await;
    peer.expect(PONG, b"?").await;
    peer.send(&close_frame(1000)).await;
    peer.expect_close(1000).await;
    peer.expect_end().await;
    drop(peer);
    let (received, closure) = ours.await.unwrap();
    assert_eq!(received.len(), 2);
    assert_eq!(closure, Some(clean(Initiator::Remote, 1000)));
}
