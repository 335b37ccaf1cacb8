//! What keeps a connection open.

use std::{pin::pin, task::Poll};

use super::{
    harness::{Supervised, TIMEOUT, Task, Wire, client, poll, poll_once},
    senders::{large, tasks, wakes},
};
use crate::stream::{Error, SendTimeoutError, Sender, TrySendError, connection::Conn};

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
    assert_eq!(wakes(&tasks), [1; 3]);
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
    let sent = poll_once(&tasks[0], sender.send_timeout("b".into(), TIMEOUT));
    assert!(matches!(
        sent,
        Poll::Ready(Err(SendTimeoutError::Closed(_)))
    ));
    assert_eq!(sender.buffered(), 0);
    assert!(sender.start_close(None).is_ok());
}
