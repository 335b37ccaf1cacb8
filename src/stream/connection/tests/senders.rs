//! Many tasks that send to one connection.

use std::{future::Future, pin::pin, sync::Arc, task::Poll, thread, time::Duration};

use tokio::time::advance;

use super::harness::{
    ECHOED, Io, MILLISECOND, Supervised, Task, Wire, client, close, poll, poll_once, unsupervised,
};
use crate::{
    message::{CloseFrame, InvalidClose, Message},
    protocol::Compress,
    stream::{Error, SendTimeoutError, Sender, TrySendError, connection::Conn, handle::Handle},
};

/// The default of `write_high_water`.
const MOST: usize = 64 * 1024;

const SECOND: Duration = Duration::from_secs(1);

fn tasks<const N: usize>() -> [Arc<Task>; N] {
    std::array::from_fn(|_| Task::new())
}

/// A message that fills the send buffer.
fn large() -> Message {
    vec![7; MOST].into()
}

/// A supervised connection whose send buffer is full, and a half of it elsewhere.
fn congested() -> (Supervised, Handle<Io>) {
    let mut server = Supervised::over(Wire::full());
    let _ = server.poll();
    let half = server.handle.another();
    assert!(half.try_send(large()).is_ok());
    (server, half)
}

/// Who waits for room, for what is written, and for the end: none is woken for another's sake.
#[tokio::test(start_paused = true)]
async fn each_waits_for_its_own() {
    let (mut server, half) = congested();
    let [room, flush, end] = tasks();
    let mut sent = pin!(half.send("a".into(), Compress::IfAgreed));
    let mut flushed = pin!(half.wait(Conn::poll_flush));
    let mut closed = pin!(half.wait(Conn::poll_closed));
    assert!(poll(&room, &mut sent).is_pending());
    assert!(poll(&flush, &mut flushed).is_pending());
    assert!(poll(&end, &mut closed).is_pending());
    let wakes = || [room.wakes(), flush.wakes(), end.wakes()];
    let _ = server.poll();
    assert_eq!(wakes(), [0, 0, 0]);
    server.wire.take(11);
    let _ = server.poll();
    // The header has left, and a byte of the payload.
    assert_eq!(wakes(), [1, 1, 0]);
    assert!(poll(&room, &mut sent).is_ready());
    assert!(poll(&flush, &mut flushed).is_pending());
    server.wire.take(MOST);
    let _ = server.poll();
    assert_eq!(wakes(), [0, 1, 0]);
    assert!(poll(&flush, &mut flushed).is_ready());
    server.wire.send(&close());
    let _ = server.poll();
    assert_eq!(wakes(), [0, 0, 1]);
    assert!(poll(&end, &mut closed).is_ready());
}

/// Many may wait for the same, and all are woken: one that is dropped then, or waits no more, strands
/// nobody.
#[tokio::test(start_paused = true)]
async fn all_who_wait_for_room_are_woken() {
    let (mut server, half) = congested();
    let tasks: [_; 20] = tasks();
    let mut sends = Vec::new();
    for task in &tasks {
        let mut send = Box::pin(half.send("a".into(), Compress::IfAgreed));
        assert!(poll(task, &mut send.as_mut()).is_pending());
        sends.push(Some(send));
    }
    // Woken or not: those who lose interest.
    sends[3] = None;
    server.wire.take(usize::MAX);
    let _ = server.poll();
    sends[0] = None;
    sends[1] = None;
    server.wire.written();
    for (number, (task, send)) in tasks.iter().zip(&mut sends).enumerate() {
        assert_eq!(task.wakes(), usize::from(number != 3), "{number}");
        if let Some(send) = send {
            assert!(poll(task, &mut send.as_mut()).is_ready());
        }
    }
    let _ = server.poll();
    assert_eq!(server.wire.written(), b"\x81\x01a".repeat(17));
}

/// Our Close and the peer's: all who wait learn of it in the same turn.
#[tokio::test(start_paused = true)]
async fn all_who_wait_learn_of_a_close_at_once() {
    for ours in [true, false] {
        let (mut server, half) = congested();
        let sender = Sender::of(&half);
        let tasks: [_; 6] = tasks();
        let mut first = pin!(half.send("a".into(), Compress::IfAgreed));
        let mut second = pin!(sender.send("b".into()));
        let mut third = pin!(sender.send_timeout("c".into(), SECOND));
        let mut whole = pin!(half.wait(Conn::poll_closed));
        let mut weak = pin!(sender.closed());
        assert!(poll(&tasks[0], &mut first).is_pending());
        assert!(poll(&tasks[1], &mut second).is_pending());
        assert!(poll(&tasks[2], &mut third).is_pending());
        assert!(poll(&tasks[3], &mut whole).is_pending());
        assert!(poll(&tasks[4], &mut weak).is_pending());
        assert!(!sender.is_closed());
        if ours {
            half.with(|conn| conn.start_close(None)).unwrap();
        } else {
            server.wire.send(&close());
            // It has a second to answer; a receiver that is gone has not.
            half.with(Conn::drop_receiver);
            let _ = server.poll();
        }
        for task in &tasks[..5] {
            assert_eq!(task.wakes(), 1, "{ours}");
        }
        assert!(sender.is_closed());
        let is_closed = |sent| matches!(sent, Poll::Ready(Err(Error::Closed)));
        assert!(is_closed(poll(&tasks[0], &mut first)));
        assert!(is_closed(poll(&tasks[1], &mut second)));
        let Poll::Ready(Err(SendTimeoutError::Closed(message))) = poll(&tasks[2], &mut third)
        else {
            panic!("{ours}");
        };
        assert_eq!(message, Message::text("c"));
        assert!(poll(&tasks[3], &mut whole).is_ready());
        assert!(poll(&tasks[4], &mut weak).is_ready());
    }
}

/// Futures that are polled and dropped leave nothing behind, whatever they waited for and whoever
/// drives the transport.
#[tokio::test(start_paused = true)]
async fn futures_that_are_dropped_leave_no_waker() {
    let (_server, supervised) = congested();
    let wire = Wire::full();
    let alone = unsupervised(&wire);
    assert!(alone.try_send(large()).is_ok());
    fn check(half: &Handle<Io>) {
        let (task, sender) = (Task::new(), Sender::of(half));
        for _ in 0..1000 {
            assert!(poll_once(&task, half.send("a".into(), Compress::Never)).is_pending());
            assert!(poll_once(&task, half.feed("a".into())).is_pending());
            assert!(poll_once(&task, sender.send("a".into())).is_pending());
            assert!(poll_once(&task, sender.flush()).is_pending());
            assert!(poll_once(&task, sender.closed()).is_pending());
            assert!(poll_once(&task, half.wait(Conn::poll_flush)).is_pending());
            assert!(poll_once(&task, half.wait(Conn::poll_closed)).is_pending());
            assert!(Arc::strong_count(&task) <= 1, "a waker is left");
        }
        // A timer keeps a waker only as long as its future lives, too.
        assert!(poll_once(&task, sender.send_timeout("a".into(), SECOND)).is_pending());
        assert_eq!(Arc::strong_count(&task), 1);
        assert_eq!(task.wakes(), 0);
    }
    check(&supervised);
    check(&alone);
}

/// As a `Sink`, a handle has one place for each of its methods, and gives it back when it is dropped.
#[tokio::test(start_paused = true)]
async fn sink_has_a_place_for_each_method() {
    let (mut server, half) = congested();
    let [room, flush, again] = tasks();
    let mut other = half.another();
    for _ in 0..100 {
        assert!(room.poll(|cx| other.poll_ready(cx)).is_pending());
        assert!(flush.poll(|cx| other.poll_flush(cx)).is_pending());
    }
    assert_eq!(
        (Arc::strong_count(&room), Arc::strong_count(&flush)),
        (2, 2)
    );
    // It has moved to another task.
    assert!(again.poll(|cx| other.poll_ready(cx)).is_pending());
    assert_eq!(
        (Arc::strong_count(&room), Arc::strong_count(&again)),
        (1, 2)
    );
    server.wire.take(11);
    let _ = server.poll();
    assert_eq!((room.wakes(), flush.wakes(), again.wakes()), (0, 1, 1));
    assert!(again.poll(|cx| other.poll_ready(cx)).is_ready());
    assert!(flush.poll(|cx| other.poll_flush(cx)).is_pending());
    drop(other);
    assert_eq!(
        (Arc::strong_count(&flush), Arc::strong_count(&again)),
        (1, 1)
    );
}

/// Of those who were told that there is room, each may queue one message.
#[tokio::test(start_paused = true)]
async fn sinks_exceed_the_bound_by_a_message_each() {
    let mut server = Supervised::over(Wire::full());
    let _ = server.poll();
    let task = Task::new();
    let mut halves: Vec<_> = (0..10).map(|_| server.handle.another()).collect();
    assert!(server.handle.try_send(vec![7; MOST - 100].into()).is_ok());
    for half in &mut halves {
        assert!(task.poll(|cx| half.poll_ready(cx)).is_ready());
    }
    for half in &mut halves {
        half.start_send(vec![7; 100].into()).unwrap();
    }
    let buffered = server.handle.with(|conn| conn.buffered());
    assert!(buffered <= MOST + 10 * 102, "{buffered}");
    for half in &mut halves {
        assert!(task.poll(|cx| half.poll_ready(cx)).is_pending());
    }
}

/// A flush is done when that has left which was queued before it, although others go on sending. What
/// the handler has put before it in its turn counts, too.
#[tokio::test(start_paused = true)]
async fn flush_waits_for_what_was_queued_before() {
    let mut server = Supervised::over(Wire::full());
    let half = server.handle.another();
    let task = Task::new();
    assert!(half.try_send(vec![1; 100].into()).is_ok());
    let mut flushed = pin!(half.wait(Conn::poll_flush));
    assert!(poll(&task, &mut flushed).is_pending());
    assert!(half.try_send(vec![2; 100].into()).is_ok());
    for (taken, done) in [(101, false), (1, true)] {
        server.wire.take(taken);
        let _ = server.poll();
        assert_eq!(poll(&task, &mut flushed).is_ready(), done, "{taken}");
    }
    server.wire.take(102);
    let _ = server.poll();
    server.wire.written();

    // The handler opens its buffer, another task sends, the handler ends its turn.
    let mut flushed = pin!(half.wait(Conn::poll_flush));
    let ((), _) = server.poll_with(|handle, _, cx| {
        for byte in [b"1", b"2", b"3"] {
            let message = Message::binary(&byte[..]);
            assert!(
                pin!(handle.send(message, Compress::Never))
                    .poll(cx)
                    .is_ready()
            );
        }
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(half.try_send(Message::binary(&b"4"[..])).is_ok());
                assert!(poll(&task, &mut flushed).is_pending());
                assert!(half.try_send(Message::binary(&b"5"[..])).is_ok());
            });
        });
    });
    for taken in 1..=4 {
        assert!(poll(&task, &mut flushed).is_pending(), "{taken}");
        server.wire.take(3);
        let _ = server.poll();
    }
    assert!(poll(&task, &mut flushed).is_ready());
    assert_eq!(
        server.wire.written(),
        b"\x82\x011\x82\x012\x82\x013\x82\x014"
    );
}

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
    for (message, len) in [(Message::Ping(vec![0; 126].into()), 126)] {
        let Err(TrySendError::Invalid(Error::ControlTooLong(seen))) = half.try_send(message) else {
            panic!("{len}");
        };
        assert_eq!(seen, len);
    }
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
        let (_server, wire, half) = if alone {
            let wire = Wire::full();
            let half = unsupervised(&wire);
            assert!(half.try_send(large()).is_ok());
            (None, wire, half)
        } else {
            let mut server = Supervised::over(Wire::full());
            let _ = server.poll();
            let half = server.handle.another();
            assert!(half.try_send(large()).is_ok());
            let wire = server.wire.clone();
            (Some(server), wire, half)
        };
        let before = half.with(|conn| conn.buffered());
        let task = Task::new();
        let mut sent = pin!(half.send_timeout("a".into(), SECOND));
        assert!(poll(&task, &mut sent).is_pending());
        advance(SECOND - MILLISECOND).await;
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

        // Zero does not wait; for ever is no panic.
        let sent = poll_once(&task, half.send_timeout("a".into(), Duration::ZERO));
        assert!(matches!(
            sent,
            Poll::Ready(Err(SendTimeoutError::Timeout(_)))
        ));
        let mut sent = pin!(half.send_timeout("a".into(), Duration::MAX));
        assert!(poll(&task, &mut sent).is_pending());
        wire.take(usize::MAX);
        if let Some(mut server) = _server {
            let _ = server.poll();
        }
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

/// Without a supervisor, whoever waits is woken by the transport, and by each other's progress: nobody
/// is left, whichever of them goes on.
#[tokio::test(start_paused = true)]
async fn nobody_is_left_without_a_supervisor() {
    for first in 0..3 {
        let wire = Wire::full();
        let handle = client(&wire);
        let halves = [handle.another(), handle.another(), handle.another()];
        let tasks: [_; 3] = tasks();
        assert!(handle.try_send(large()).is_ok());
        let mut room = pin!(halves[0].feed("a".into()));
        let mut flush = pin!(halves[1].wait(Conn::poll_flush));
        let mut end = pin!(halves[2].wait(Conn::poll_closed));
        assert!(poll(&tasks[0], &mut room).is_pending());
        assert!(poll(&tasks[1], &mut flush).is_pending());
        assert!(poll(&tasks[2], &mut end).is_pending());
        tasks.iter().for_each(|task| assert_eq!(task.wakes(), 0));
        wire.take(usize::MAX);
        tasks.iter().for_each(|task| assert_eq!(task.wakes(), 1));
        // One of them writes; the others are ready or wait again.
        for step in 0..3 {
            match (first + step) % 3 {
                0 => assert!(poll(&tasks[0], &mut room).is_ready()),
                1 => assert!(poll(&tasks[1], &mut flush).is_ready()),
                _ => assert!(poll(&tasks[2], &mut end).is_pending()),
            }
        }
        wire.send(&ECHOED);
        assert_eq!(tasks[2].wakes(), 1);
        assert!(poll(&tasks[2], &mut end).is_ready());
    }
}

/// Without a supervisor the transport's wake may come to a task that is gone: the others go on.
#[tokio::test(start_paused = true)]
async fn one_that_writes_wakes_the_others_without_a_supervisor() {
    let wire = Wire::full();
    let handle = client(&wire);
    assert!(handle.try_send(large()).is_ok());
    let [waiting, writing] = tasks();
    let other = handle.another();
    let mut sent = pin!(other.send("a".into(), Compress::IfAgreed));
    assert!(poll(&waiting, &mut sent).is_pending());
    // It is woken, is slow to look, and another one writes all.
    wire.take(MOST);
    assert_eq!(waiting.wakes(), 1);
    assert!(
        poll(&waiting, &mut sent).is_pending(),
        "queued, and waits for its end to leave"
    );
    wire.take(usize::MAX);
    assert!(poll_once(&writing, handle.wait(Conn::poll_flush)).is_ready());
    assert!(waiting.wakes() > 0);
    assert!(poll(&waiting, &mut sent).is_ready());
}

/// The connection is closed when the last of many halves is gone, and senders that are left do not
/// keep it open.
#[tokio::test(start_paused = true)]
async fn connection_lives_as_long_as_its_last_half() {
    let mut server = Supervised::over(Wire::new());
    let sender = Sender::of(&server.handle);
    let mut halves: Vec<_> = (0..1000).map(|_| server.handle.another()).collect();
    let last = halves.pop().unwrap();
    let socket = std::mem::replace(&mut server.handle, last);
    drop((socket, halves));
    let _ = server.poll();
    assert!(server.wire.written().is_empty());
    assert!(sender.try_send("a".into()).is_ok());
    let senders = vec![sender.clone(); 1000];
    assert!(senders[0].same_connection(&sender));
    let task = Task::new();
    let mut closed = pin!(sender.closed());
    assert!(poll(&task, &mut closed).is_pending());
    let _ = server.poll_with(|handle, _, _| handle.with(Conn::drop_handle));
    // As it would be dropped now; it must not count twice.
    server.handle.with(Conn::add_handle);
    assert_eq!(server.wire.written(), b"\x81\x01a\x88\x02\x03\xe8");
    assert_eq!(task.wakes(), 1);
    assert!(poll(&task, &mut closed).is_ready());
    assert!(matches!(
        sender.try_send("b".into()),
        Err(TrySendError::Closed(_))
    ));
}

/// Without a supervisor the transport goes with the last half, and who waits with a sender learns it.
#[tokio::test(start_paused = true)]
async fn senders_do_not_keep_a_transport() {
    let wire = Wire::full();
    let handle = client(&wire);
    let (half, sender) = (handle.another(), Sender::of(&handle));
    assert!(sender.try_send(large()).is_ok());
    let tasks: [_; 3] = tasks();
    let mut sent = pin!(sender.send("a".into()));
    let mut flushed = pin!(sender.flush());
    let mut closed = pin!(sender.closed());
    assert!(poll(&tasks[0], &mut sent).is_pending());
    assert!(poll(&tasks[1], &mut flushed).is_pending());
    assert!(poll(&tasks[2], &mut closed).is_pending());
    drop(handle);
    assert!(!wire.is_dropped() && !sender.is_closed());
    drop(half);
    assert!(wire.is_dropped() && sender.is_closed());
    tasks.iter().for_each(|task| assert_eq!(task.wakes(), 1));
    assert!(matches!(
        poll(&tasks[0], &mut sent),
        Poll::Ready(Err(Error::Closed))
    ));
    assert!(matches!(
        poll(&tasks[1], &mut flushed),
        Poll::Ready(Err(Error::Closed))
    ));
    assert!(poll(&tasks[2], &mut closed).is_ready());
    assert!(matches!(
        sender.try_send("b".into()),
        Err(TrySendError::Closed(_))
    ));
    let sent = poll_once(&tasks[0], sender.send_timeout("b".into(), SECOND));
    assert!(matches!(
        sent,
        Poll::Ready(Err(SendTimeoutError::Closed(_)))
    ));
    assert_eq!(sender.buffered(), 0);
    assert!(sender.start_close(None).is_ok());
}

/// A handler that waits in its own task needs no place to wait: its task is the supervisor's.
#[tokio::test(start_paused = true)]
async fn handler_in_its_own_task_stores_no_waker() {
    let mut server = Supervised::over(Wire::full());
    let _ = server.recv();
    let count = Arc::strong_count(&server.task);
    for _ in 0..2 {
        let _ = server.poll_with(|handle, batch, cx| {
            assert!(handle.poll_recv::<Error>(cx, batch).is_pending());
            let _ = handle.try_send(large());
            assert!(
                pin!(handle.send("a".into(), Compress::Never))
                    .poll(cx)
                    .is_pending()
            );
            assert!(pin!(handle.wait(Conn::poll_flush)).poll(cx).is_pending());
            assert!(pin!(handle.wait(Conn::poll_closed)).poll(cx).is_pending());
        });
    }
    // The transport's writer has one more.
    assert_eq!(Arc::strong_count(&server.task), count + 1);
}
