//! Many tasks that send to one connection.

use std::{future::Future, pin::pin, sync::Arc, task::Poll, thread};

use super::harness::{
    ECHOED, Io, Supervised, TIMEOUT, Task, Wire, client, close, poll, poll_once, unsupervised,
};
use crate::{
    message::Message,
    protocol::Compress,
    stream::{Error, SendTimeoutError, Sender, connection::Conn, handle::Handle},
};

/// The default of `write_high_water`.
pub(super) const MOST: usize = 64 * 1024;

pub(super) fn tasks<const N: usize>() -> [Arc<Task>; N] {
    std::array::from_fn(|_| Task::new())
}

pub(super) fn wakes<const N: usize>(tasks: &[Arc<Task>; N]) -> [usize; N] {
    std::array::from_fn(|number| tasks[number].wakes())
}

/// A message that fills the send buffer.
pub(super) fn large() -> Message {
    vec![7; MOST].into()
}

/// A supervised connection whose send buffer is full, and a half of it elsewhere.
pub(super) fn congested() -> (Supervised, Handle<Io>) {
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
        let mut third = pin!(sender.send_timeout("c".into(), TIMEOUT));
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
    wait_in_vain(&supervised);
    wait_in_vain(&alone);
}

/// Polls what waits, and drops it.
fn wait_in_vain(half: &Handle<Io>) {
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
    assert!(poll_once(&task, sender.send_timeout("a".into(), TIMEOUT)).is_pending());
    assert_eq!(Arc::strong_count(&task), 1);
    assert_eq!(task.wakes(), 0);
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
        for byte in 0..20_u8 {
            let message = Message::binary(vec![byte]);
            let sent = pin!(handle.send(message, Compress::Never)).poll(cx);
            assert!(sent.is_ready());
        }
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(half.try_send(Message::binary(vec![20])).is_ok());
                assert!(poll(&task, &mut flushed).is_pending());
                assert!(half.try_send(Message::binary(vec![21])).is_ok());
            });
        });
    });
    for taken in 0..=20 {
        assert!(poll(&task, &mut flushed).is_pending(), "{taken}");
        server.wire.take(3);
        let _ = server.poll();
    }
    assert!(poll(&task, &mut flushed).is_ready());
    let written = (0..=20).flat_map(|byte| [0x82, 1, byte]);
    assert_eq!(server.wire.written(), written.collect::<Vec<_>>());

    // A `Sink` means what was sent while it waited, too.
    let mut sink = half.another();
    sink.start_send("a".into()).unwrap();
    assert!(task.poll(|cx| sink.poll_flush(cx)).is_pending());
    sink.start_send("b".into()).unwrap();
    assert!(task.poll(|cx| sink.poll_flush(cx)).is_pending());
    assert!(half.try_send("c".into()).is_ok());
    for (taken, done) in [(6, false), (3, true)] {
        server.wire.take(taken);
        let _ = server.poll();
        let flushed = task.poll(|cx| sink.poll_flush(cx));
        assert_eq!(flushed.is_ready(), done, "{taken}");
    }
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
        assert_eq!(wakes(&tasks), [0; 3]);
        wire.take(usize::MAX);
        assert_eq!(wakes(&tasks), [1; 3]);
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
    let [waiting, other_task] = tasks();
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
    assert!(poll_once(&other_task, handle.wait(Conn::poll_flush)).is_ready());
    assert!(waiting.wakes() > 0);
    assert!(poll(&waiting, &mut sent).is_ready());
}

/// A handler that waits in its own task needs no place to wait: its task is the supervisor's.
#[tokio::test(start_paused = true)]
async fn handler_in_its_own_task_stores_no_waker() {
    let mut server = Supervised::over(Wire::full());
    let task = server.task.clone();
    let _ = server.poll_with(|handle, batch, cx| {
        assert!(handle.poll_recv::<Error>(cx, batch).is_pending());
        // Both here, the supervisor's, the poll's own, and the transport's for reading.
        assert_eq!(Arc::strong_count(&task), 5);
        assert!(handle.try_send(large()).is_ok());
        let mut sent = pin!(handle.send("a".into(), Compress::Never));
        let mut flushed = pin!(handle.wait(Conn::poll_flush));
        let mut closed = pin!(handle.wait(Conn::poll_closed));
        assert!(sent.as_mut().poll(cx).is_pending());
        assert!(flushed.as_mut().poll(cx).is_pending());
        assert!(closed.as_mut().poll(cx).is_pending());
        // The transport's for writing.
        assert_eq!(Arc::strong_count(&task), 6);
    });
}
