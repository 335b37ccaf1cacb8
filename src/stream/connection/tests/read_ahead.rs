//! What is read for a handler that does not receive.

use std::task::Poll;

use super::harness::{Supervised, Task, Wire, binary, frame, ping};
use crate::{
    message::Message,
    protocol::Batch,
    stream::{
        connection::{item::Item, read_ahead::ReadAhead},
        error::Error,
        transport::Profile,
    },
};

fn of(len: usize) -> Item {
    Item::Decoded(Ok(Message::Binary(vec![0; len].into())))
}

/// 64 KiB, 128 messages; what is under way counts.
#[test]
fn room_is_bounded_by_bytes_and_by_messages() {
    let mut queue = ReadAhead::default();
    queue.push(of(60 * 1024));
    assert!(queue.has_room(4 * 1024 - 1));
    assert!(!queue.has_room(4 * 1024));
    queue.pop();
    for _ in 0..127 {
        queue.push(of(1));
    }
    assert!(queue.has_room(0));
    queue.push(of(1));
    assert!(!queue.has_room(0));
    queue.pop();
    assert!(queue.has_room(0));
}

/// Pings were answered when they came: more than 16 that nobody receives are dropped.
#[tokio::test(start_paused = true)]
async fn pings_do_not_fill_the_queue() {
    let mut server = Supervised::over(Wire::new());
    server.wire.send(&ping().repeat(100));
    server.wire.send(&binary(10));
    let _ = server.poll();
    assert_eq!(server.wire.written(), b"\x8a\x01?".repeat(100));
    for _ in 0..16 {
        assert!(matches!(
            server.recv(),
            Poll::Ready(Some(Ok(Message::Ping(_))))
        ));
    }
    assert!(matches!(
        server.recv(),
        Poll::Ready(Some(Ok(Message::Binary(_))))
    ));
}

/// What does not fit waits in the transport, and is read when there is room again.
#[tokio::test(start_paused = true)]
async fn reading_stops_without_room_and_goes_on_with_room() {
    let mut server = Supervised::over(Wire::new());
    server.wire.send(&binary(10 * 1024).repeat(40));
    let _ = server.poll();
    let unread = server.wire.unread();
    assert!(unread > 200 * 1024, "{unread}");
    for _ in 0..40 {
        assert!(matches!(server.recv(), Poll::Ready(Some(Ok(_)))));
    }
    assert_eq!(server.wire.unread(), 0);
    assert!(server.recv().is_pending());
}

/// A message that is larger than what is read ahead is read on for a task that waits for it.
#[tokio::test(start_paused = true)]
async fn message_under_way_takes_no_room_of_who_waits_for_it() {
    for waits in [false, true] {
        let mut server = Supervised::over(Wire::new());
        let _ = server.poll();
        let (task, mut batch) = (Task::new(), Batch::default());
        let mut recv =
            |server: &Supervised| task.poll(|cx| server.handle.poll_recv::<Error>(cx, &mut batch));
        if waits {
            assert!(recv(&server).is_pending());
        }
        // Neither is the last frame of its message.
        let part = vec![7; 200 * 1024];
        server.wire.send(&frame(0x02, &part));
        server.wire.send(&frame(0x00, &part));
        let _ = server.poll();
        assert_eq!(server.wire.unread() == 0, waits);
    }
}

/// h2 ends a connection on which too many small frames lie unread: a stream reads on, and closes
/// for the sake of the others (1008) when it has read too much.
#[tokio::test(start_paused = true)]
async fn stream_does_not_leave_small_frames_unread() {
    for profile in [Profile::CONNECTION, Profile::HTTP2_STREAM] {
        let mut server = Supervised::with(Wire::new(), profile);
        for _ in 0..2000 {
            server.wire.send(&binary(100));
            let _ = server.poll();
        }
        let is_overrun = server.wire.written().starts_with(&[0x88]);
        assert_eq!(is_overrun, profile == Profile::HTTP2_STREAM);
        if is_overrun {
            assert_eq!(server.wire.unread(), 0);
            assert!(matches!(
                server.recv(),
                Poll::Ready(Some(Err(Error::Overrun)))
            ));
            assert!(matches!(server.recv(), Poll::Ready(None)));
        }
    }
}
