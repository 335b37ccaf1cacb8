//! Senders that do not wait, or not for long.

use std::{future::Future, pin::pin, task::Poll, time::Duration};

use tokio::time::advance;

use super::{
    harness::{
        ALMOST, ECHOED, MILLISECOND, Supervised, TIMEOUT, Task, Wire, client, poll, poll_once,
        unsupervised,
    },
    senders::{MOST, congested, large},
};
use crate::{
    message::{CloseFrame, InvalidClose, Message},
    stream::{Error, SendTimeoutError, Sender, TrySendError, connection::Conn},
};

/// `try_send` is for whoever cannot wait: it queues, or gives the message back.
#[tokio::test(start_paused = true)]
async fn try_send_gives_back_what_has_no_room() {
    let (mut server, half) = congested();
    let full = |sent| matches!(sent, Err(TrySendError::Full(_)));
    for message in [
        Message::text("a"),
        Message::Ping("a".into()),
        Message::Close(None),
    ] {
        let Err(TrySendError::Full(given)) = half.try_send(message.clone()) else {
            panic!("{message:?}");
        };
        assert_eq!(given, message);
    }
    server.wire.take(10);
    assert!(
        full(half.try_send("a".into())),
        "another task does not write"
    );
    let _ = server.poll();
    server.task.wakes();
    let before = half.with(|conn| conn.buffered());
    assert_eq!(before, MOST);
    server.wire.take(1);
    let _ = server.poll();
    server.task.wakes();
    assert!(half.try_send("a".into()).is_ok());
    assert_eq!(half.with(|conn| conn.buffered()), MOST - 1 + 3);
    assert_eq!(server.task.wakes(), 1, "the supervisor writes it");
    server.wire.take(usize::MAX);
    let _ = server.poll();
    assert_eq!(half.with(|conn| conn.buffered()), 0);
    let Err(TrySendError::Invalid(error)) = half.try_send(Message::Ping(vec![0; 126].into()))
    else {
        panic!("it is too long");
    };
    assert!(matches!(error, Error::ControlTooLong(126)));
    let invalid = Message::Close(Some(CloseFrame::new(1005, "")));
    let sent = half.try_send(invalid);
    assert!(matches!(
        sent,
        Err(TrySendError::Invalid(Error::InvalidClose(
            InvalidClose::Code(1005)
        )))
    ));
    assert!(half.try_send(Message::Close(None)).is_ok());
    let Err(TrySendError::Closed(given)) = half.try_send("late".into()) else {
        panic!("it is closed");
    };
    assert_eq!(given, Message::text("late"));
}

/// A handler in its turn may send on as long as the transport takes it, without waiting.
#[tokio::test(start_paused = true)]
async fn try_send_of_the_handler_writes_what_has_no_room() {
    let mut server = Supervised::over(Wire::full());
    server.wire.take(10 * MOST);
    let (sent, _) = server.poll_with(|handle, _, _| {
        let mut sent = 0;
        while handle.try_send(vec![7; 1000].into()).is_ok() {
            sent += 1;
        }
        sent
    });
    assert!(
        (11 * MOST / 1004..=11 * MOST / 1004 + 1).contains(&sent),
        "{sent}"
    );
}

/// Without a supervisor `try_send` writes what the transport takes; the rest leaves with the next call
/// of any method.
#[tokio::test(start_paused = true)]
async fn try_send_without_a_supervisor_writes_at_once() {
    let wire = Wire::full();
    let (handle, task) = (client(&wire), Task::new());
    let sender = Sender::of(&handle);
    wire.take(9);
    assert!(sender.try_send("hello".into()).is_ok());
    assert!(sender.try_send("again".into()).is_ok());
    assert_eq!((wire.written().len(), sender.buffered()), (9, 13));
    wire.take(usize::MAX);
    assert_eq!(sender.buffered(), 13);
    assert!(poll_once(&task, handle.wait(Conn::poll_closed)).is_pending());
    assert_eq!((wire.written().len(), sender.buffered()), (13, 0));
    // It minds what has come, too, as `send` does.
    wire.send(&[0x89, 1, b'?']);
    assert!(sender.try_send("hello".into()).is_ok());
    assert_eq!(wire.written()[..2], [0x8A, 0x81]);
    wire.send(&ECHOED);
    assert!(matches!(
        sender.try_send("x".into()),
        Err(TrySendError::Closed(_))
    ));
}

/// The message is given back when the time is over, not before, and nothing was queued.
#[tokio::test(start_paused = true)]
async fn send_timeout_gives_back_what_has_no_room_in_time() {
    for alone in [false, true] {
        let mut server = Supervised::over(Wire::full());
        let _ = server.poll();
        let (wire, half) = if alone {
            let wire = Wire::full();
            (wire.clone(), unsupervised(&wire))
        } else {
            (server.wire.clone(), server.handle.another())
        };
        assert!(half.try_send(large()).is_ok());
        let before = half.with(|conn| conn.buffered());
        let task = Task::new();
        let mut sent = pin!(half.send_timeout("a".into(), TIMEOUT));
        assert!(poll(&task, &mut sent).is_pending());
        advance(ALMOST).await;
        assert!(poll(&task, &mut sent).is_pending());
        task.wakes();
        advance(MILLISECOND).await;
        assert_eq!(task.wakes(), 1, "{alone}");
        let Poll::Ready(Err(SendTimeoutError::Timeout(message))) = poll(&task, &mut sent) else {
            panic!("{alone}");
        };
        assert_eq!(message, Message::text("a"));
        assert_eq!(half.with(|conn| conn.buffered()), before);
        assert!(wire.written().is_empty());

        // Zero does not wait, not even for the next tick of the timer; for ever is no panic.
        advance(Duration::from_micros(100)).await;
        let sent = poll_once(&task, half.send_timeout("a".into(), Duration::ZERO));
        assert!(matches!(
            sent,
            Poll::Ready(Err(SendTimeoutError::Timeout(_)))
        ));
        advance(Duration::from_micros(900)).await;
        let mut sent = pin!(half.send_timeout("a".into(), Duration::MAX));
        assert!(poll(&task, &mut sent).is_pending());
        wire.take(usize::MAX);
        let _ = server.poll();
        assert!(task.wakes() > 0);
        assert!(poll(&task, &mut sent).is_ready());
        assert!(poll_once(&task, half.send_timeout("a".into(), Duration::ZERO)).is_ready());
    }
}

/// Zero is no reason to give a message back for which there is room, when a turn is at its end.
#[tokio::test(start_paused = true)]
async fn send_timeout_of_zero_queues_at_the_end_of_a_turn() {
    let mut server = Supervised::over(Wire::new());
    let (sent, _) = server.poll_with(|handle, _, cx| {
        (0..1000)
            .filter(|_| {
                let send = pin!(handle.send_timeout("a".into(), Duration::ZERO));
                matches!(send.poll(cx), Poll::Ready(Ok(())))
            })
            .count()
    });
    assert_eq!(sent, 1000);
}
