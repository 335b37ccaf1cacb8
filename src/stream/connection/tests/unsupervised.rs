//! A connection that its handles drive.

use std::task::Poll;

use super::harness::{ECHOED, Task, Wire, binary, client, close, ping, poll_once, unsupervised};
use crate::{
    message::Message,
    protocol::{Batch, Compress},
    stream::{connection::Conn, error::Error},
};

/// 5.5.2: a ping is answered although the user only sends.
#[tokio::test(start_paused = true)]
async fn ping_is_answered_before_a_message_is_sent() {
    let wire = Wire::new();
    let handle = unsupervised(&wire);
    wire.send(&ping());
    let sent = poll_once(&Task::new(), handle.send("a".into(), Compress::IfAgreed));
    assert!(sent.is_ready());
    assert_eq!(wire.written(), b"\x8a\x01?\x81\x01a");
}

/// Of a user who never receives nothing is to be answered before the Close.
#[tokio::test(start_paused = true)]
async fn close_is_answered_for_who_only_waits_for_the_end() {
    let wire = Wire::new();
    let handle = unsupervised(&wire);
    let task = Task::new();
    assert!(poll_once(&task, handle.wait(Conn::poll_closed)).is_pending());
    wire.send(&close());
    assert_eq!(task.wakes(), 1);
    assert!(poll_once(&task, handle.wait(Conn::poll_closed)).is_ready());
    assert_eq!(wire.written(), ECHOED);
}

/// The Close is handed over once our answer is with the transport, and then the transport ends.
#[tokio::test(start_paused = true)]
async fn close_is_received_after_the_answer_has_left() {
    let wire = Wire::full();
    let handle = unsupervised(&wire);
    let (task, mut batch) = (Task::new(), Batch::default());
    wire.send(&[binary(1), close()].concat());
    let mut recv = || task.poll(|cx| handle.poll_recv::<Error>(cx, &mut batch));
    assert!(matches!(recv(), Poll::Ready(Some(Ok(Message::Binary(_))))));
    assert!(recv().is_pending());
    wire.take(usize::MAX);
    assert!(task.wakes() > 0);
    assert!(matches!(recv(), Poll::Ready(Some(Ok(Message::Close(_))))));
    assert_eq!(wire.written(), ECHOED);
    assert!(recv().is_pending());
    assert!(wire.is_shut());
    wire.end();
    assert!(matches!(recv(), Poll::Ready(None)));
    assert!(wire.is_dropped());
}

/// 7.1.1: a client shuts its side when it has seen the server's end.
#[tokio::test(start_paused = true)]
async fn client_shuts_after_the_server() {
    let wire = Wire::new();
    let handle = client(&wire);
    let (task, mut batch) = (Task::new(), Batch::default());
    wire.send(&ECHOED);
    let mut recv = || task.poll(|cx| handle.poll_recv::<Error>(cx, &mut batch));
    assert!(matches!(recv(), Poll::Ready(Some(Ok(Message::Close(_))))));
    assert_eq!(wire.written(), close());
    assert!(recv().is_pending());
    assert!(!wire.is_shut());
    wire.end();
    assert!(matches!(recv(), Poll::Ready(None)));
    assert!(wire.is_shut() && wire.is_dropped());
}
