//! Messages that were prepared for many.

use std::{future::Future, pin::pin, task::Poll, thread};

use super::{
    harness::{Supervised, Task, Wire, poll, unsupervised},
    senders::congested,
};
use crate::{
    message::{Message, PreparedMessage},
    protocol::Compress,
    stream::{Error, Sender, TrySendError},
};

/// A handler's messages leave in the order in which it sent them, prepared or not, small or large, and
/// those of another task where that came between.
#[tokio::test(start_paused = true)]
async fn prepared_messages_of_a_turn_keep_their_order() {
    let mut server = Supervised::over(Wire::new());
    let other = server.handle.another();
    let sizes = [5, 125, 0, 126, 7, 4000, 5000, 8, 3, 9];
    let mut sent = Vec::new();
    let mut expect = |byte: u8, size: usize| {
        let message = PreparedMessage::binary(vec![byte; size]);
        sent.extend_from_slice(message.frame());
        message
    };
    let ((), _) = server.poll_with(|handle, _, cx| {
        for (byte, size) in (0..).zip(sizes) {
            let first = expect(byte, size);
            let done = pin!(handle.send_prepared(&first)).poll(cx);
            assert!(matches!(done, Poll::Ready(Ok(()))));
            let second = expect(byte + 100, size).to_message();
            let done = pin!(handle.send(second, Compress::IfAgreed)).poll(cx);
            assert!(matches!(done, Poll::Ready(Ok(()))));
            if byte % 3 == 0 {
                let third = expect(byte + 200, 5000);
                let from_elsewhere = || other.try_send_prepared(&third);
                let done = thread::scope(|scope| scope.spawn(from_elsewhere).join());
                assert!(done.unwrap().is_ok());
            }
        }
    });
    assert!(server.wire.written() == sent);
    let traffic = server.handle.with(|conn| conn.stats()).sent;
    assert_eq!(traffic.messages, 24);
}

/// A prepared message that has no room, or comes too late, is given back as a message.
#[tokio::test(start_paused = true)]
async fn prepared_message_that_is_not_queued_is_given_back() {
    let (mut server, half) = congested();
    let message = PreparedMessage::text("a");
    let before = half.with(|conn| conn.buffered());
    let Err(TrySendError::Full(given)) = half.try_send_prepared(&message) else {
        panic!("there is no room");
    };
    assert_eq!(given, Message::text("a"));
    assert_eq!(half.with(|conn| conn.buffered()), before);

    let task = Task::new();
    let mut sent = pin!(half.send_prepared(&message));
    assert!(poll(&task, &mut sent).is_pending());
    server.wire.take(usize::MAX);
    let _ = server.poll();
    assert!(matches!(poll(&task, &mut sent), Poll::Ready(Ok(()))));
    let _ = server.poll();
    assert!(server.wire.written().ends_with(b"\x81\x01a"));

    assert!(half.try_send(Message::Close(None)).is_ok());
    let Err(TrySendError::Closed(given)) = half.try_send_prepared(&message) else {
        panic!("it is closed");
    };
    assert_eq!(given, Message::text("a"));
    let mut late = pin!(half.send_prepared(&message));
    let refused = poll(&task, &mut late);
    assert!(matches!(refused, Poll::Ready(Err(Error::Closed))));
}

/// As with a `Sink`: once there is room, it is queued, and written when that is flushed.
#[tokio::test(start_paused = true)]
async fn prepared_message_is_flushed_as_any_other() {
    for (wire, is_full) in [(Wire::full(), true), (Wire::new(), false)] {
        let mut handle = unsupervised(&wire);
        let task = Task::new();
        let message = PreparedMessage::text("a");
        assert!(task.poll(|cx| handle.poll_ready(cx)).is_ready());
        assert!(handle.start_send_prepared(&message).is_ok());
        assert_eq!(wire.written(), [0; 0]);
        let flushed = task.poll(|cx| handle.poll_flush(cx));
        assert_eq!(flushed.is_pending(), is_full);
        wire.take(3);
        assert!(task.poll(|cx| handle.poll_flush(cx)).is_ready());
        assert_eq!(wire.written(), b"\x81\x01a");

        // Without a supervisor, `send_prepared` writes too.
        wire.take(3);
        let mut sent = pin!(handle.send_prepared(&message));
        assert!(matches!(poll(&task, &mut sent), Poll::Ready(Ok(()))));
        assert_eq!(wire.written(), b"\x81\x01a");
    }
}

/// A sender outlives its connection, and fails then.
#[tokio::test(start_paused = true)]
async fn sender_fails_once_the_connection_is_gone() {
    let handle = unsupervised(&Wire::new());
    let sender = Sender::of(&handle);
    let message = PreparedMessage::binary("b");
    assert!(sender.try_send_prepared(&message).is_ok());
    drop(handle);
    let task = Task::new();
    let mut sent = pin!(sender.send_prepared(&message));
    assert!(matches!(
        poll(&task, &mut sent),
        Poll::Ready(Err(Error::Closed))
    ));
    let Err(TrySendError::Closed(given)) = sender.try_send_prepared(&message) else {
        panic!("it is gone");
    };
    assert_eq!(given, Message::binary("b"));
}
