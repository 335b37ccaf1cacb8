//! Who is woken when.

use std::pin::pin;

use super::harness::{Supervised, Task, Wire, binary, close, poll, poll_once, unsupervised};
use crate::{
    protocol::{Batch, Compress},
    stream::{connection::Conn, error::Error},
};

/// The supervisor reads ahead for another task, which is woken by a message and by nothing else.
#[tokio::test(start_paused = true)]
async fn another_task_is_woken_by_what_it_waits_for() {
    let mut server = Supervised::over(Wire::new());
    let _ = server.poll();
    let (receiver, waiter) = (Task::new(), Task::new());
    let mut batch = Batch::default();
    let recv = receiver.poll(|cx| server.handle.poll_recv::<Error>(cx, &mut batch));
    assert!(recv.is_pending());
    let half = server.handle.another();
    let mut closed = pin!(half.wait(Conn::poll_closed));
    assert!(poll(&waiter, &mut closed).is_pending());
    server.wire.send(&binary(10));
    assert!(server.task.wakes() > 0);
    let _ = server.poll();
    assert_eq!((receiver.wakes(), waiter.wakes()), (1, 0));
    server.wire.send(&close());
    let _ = server.poll();
    // The receiver was not polled since it was woken.
    assert_eq!((receiver.wakes(), waiter.wakes()), (0, 1));
}

/// A supervisor that was woken and has not run is not woken again.
#[tokio::test(start_paused = true)]
async fn supervisor_is_woken_once_by_many_sends() {
    let mut server = Supervised::over(Wire::new());
    let _ = server.poll();
    server.task.wakes();
    let sender = Task::new();
    for _ in 0..3 {
        let sent = poll_once(&sender, server.handle.send("a".into(), Compress::IfAgreed));
        assert!(sent.is_ready());
    }
    assert_eq!(server.task.wakes(), 1);
    let _ = server.poll();
    assert_eq!(server.wire.written(), b"\x81\x01a".repeat(3));
    let sent = poll_once(&sender, server.handle.send("a".into(), Compress::IfAgreed));
    assert!(sent.is_ready());
    assert_eq!(server.task.wakes(), 1);
}

/// In its turn the handler wakes nobody: the supervisor's turn follows.
#[tokio::test(start_paused = true)]
async fn handler_wakes_nobody() {
    let mut server = Supervised::over(Wire::new());
    let _ = server.recv();
    server.task.wakes();
    server.send("a".into()).unwrap();
    assert!(server.recv().is_pending());
    assert_eq!(server.wire.written(), b"\x81\x01a");
    assert_eq!(server.task.wakes(), 0);
}

/// Who waits for room is woken once the transport has taken something.
#[tokio::test(start_paused = true)]
async fn sender_is_woken_when_output_leaves() {
    let mut server = Supervised::over(Wire::full());
    let _ = server.poll();
    let sender = Task::new();
    let sent = poll_once(&sender, server.handle.send("a".into(), Compress::IfAgreed));
    assert!(sent.is_ready());
    let half = server.handle.another();
    let mut flushed = pin!(half.wait(Conn::poll_flush));
    assert!(poll(&sender, &mut flushed).is_pending());
    let _ = server.poll();
    assert_eq!(sender.wakes(), 0);
    server.wire.take(10);
    assert!(server.task.wakes() > 0);
    let _ = server.poll();
    assert_eq!(sender.wakes(), 1);
    assert!(poll(&sender, &mut flushed).is_ready());
}

/// Without a supervisor the transport wakes both halves, whichever polled it last.
#[tokio::test(start_paused = true)]
async fn both_halves_are_woken_without_a_supervisor() {
    let wire = Wire::new();
    let (receiver, waiter) = (Task::new(), Task::new());
    let handle = unsupervised(&wire);
    let mut batch = Batch::default();
    let recv = receiver.poll(|cx| handle.poll_recv::<Error>(cx, &mut batch));
    assert!(recv.is_pending());
    let mut closed = pin!(handle.wait(Conn::poll_closed));
    assert!(poll(&waiter, &mut closed).is_pending());
    wire.send(&binary(10));
    assert_eq!((receiver.wakes(), waiter.wakes()), (1, 1));
}
