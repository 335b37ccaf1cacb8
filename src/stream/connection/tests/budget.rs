//! What a handler may do in a turn.

use std::{pin::pin, task::Poll};

use super::harness::{MILLISECOND, Supervised, Wire, advance_at_once, binary};
use crate::{message::Message, protocol::Compress, stream::error::Error};

/// Receives until it has to wait; tells how many.
fn receive_all(server: &mut Supervised) -> usize {
    let (count, _) = server.poll_with(|handle, batch, cx| {
        let mut count = 0;
        while let Poll::Ready(received) = handle.poll_recv::<Error>(cx, batch) {
            received.unwrap().unwrap();
            count += 1;
        }
        count
    });
    count
}

/// As many as tokio grants a task; the handler is woken for its next turn.
#[tokio::test(start_paused = true)]
async fn handler_receives_128_messages_in_a_turn() {
    let mut server = Supervised::over(Wire::new());
    server.wire.send(&binary(10).repeat(300));
    for expected in [128, 128, 44] {
        server.task.wakes();
        assert_eq!(receive_all(&mut server), expected);
        tokio::task::yield_now().await;
        assert_eq!(server.task.wakes() > 0, expected == 128);
    }
}

#[tokio::test(start_paused = true)]
async fn handler_sends_128_messages_in_a_turn() {
    let mut server = Supervised::over(Wire::new());
    for _ in 0..2 {
        server.task.wakes();
        let (sent, _) = server.poll_with(|handle, _, cx| {
            let mut sent = 0;
            while pin!(handle.send("a".into(), Compress::IfAgreed))
                .poll(cx)
                .is_ready()
            {
                sent += 1;
            }
            sent
        });
        assert_eq!(sent, 128);
        // They leave in one go, and others have their turn.
        assert_eq!(server.wire.written().len(), 128 * 3);
        tokio::task::yield_now().await;
        assert!(server.task.wakes() > 0);
    }
}

/// A turn ends after a millisecond, however few messages were received in it.
#[tokio::test(start_paused = true)]
async fn slow_handler_receives_what_a_millisecond_allows() {
    let mut server = Supervised::over(Wire::new());
    server.wire.send(&binary(2000).repeat(20));
    for _ in 0..3 {
        let (received, _) = server.poll_with(|handle, batch, cx| {
            let mut received = 0;
            while let Poll::Ready(item) = handle.poll_recv::<Error>(cx, batch) {
                item.unwrap().unwrap();
                received += 1;
                advance_at_once(MILLISECOND);
            }
            received
        });
        assert_eq!(received, 1);
    }
}

/// What it sends after that leaves at once: it must not be withheld while the handler computes.
#[tokio::test(start_paused = true)]
async fn slow_handlers_answers_leave_at_once() {
    let mut server = Supervised::over(Wire::new());
    server.wire.send(&binary(2000).repeat(2));
    let wire = server.wire.clone();
    for is_slow in [false, true] {
        let _ = server.poll_with(|handle, batch, cx| {
            assert!(handle.poll_recv::<Error>(cx, batch).is_ready());
            handle
                .with(|conn| conn.start_send(Message::text("a"), Compress::IfAgreed))
                .unwrap();
            assert_eq!(!wire.written().is_empty(), is_slow);
            advance_at_once(MILLISECOND);
            assert!(handle.poll_recv::<Error>(cx, batch).is_pending());
        });
    }
}
