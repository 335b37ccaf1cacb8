//! The end of the transport (RFC 6455, section 7.1.1), and how long it may take.

use std::{task::Poll, time::Duration};

use super::harness::{ALMOST, ECHOED, MILLISECOND, Supervised, TIMEOUT, Wire, binary, close};
use crate::{
    message::{CloseFrame, Message},
    protocol::{Closure, Initiator, Loss},
    stream::{connection::Conn, error::Error, transport::Profile},
    wire::close_code,
};

fn clean(initiator: Initiator) -> Closure {
    let frame = Some(CloseFrame::new(close_code::NORMAL, ""));
    Closure::Clean {
        initiator,
        sent: frame.clone(),
        frame,
    }
}

/// Our Close was sent, and the peer's has not come.
fn closed_by_us(wire: Wire) -> Supervised {
    let mut server = Supervised::over(wire);
    let frame = Some(CloseFrame::new(close_code::NORMAL, ""));
    server.send(Message::Close(frame)).unwrap();
    server
}

/// 7.1.1: the server shuts its side first, and drops the transport when the peer has ended, too.
#[tokio::test(start_paused = true)]
async fn server_shuts_first_and_waits_for_the_peers_end() {
    let mut server = Supervised::over(Wire::new());
    server.wire.send(&close());
    assert!(matches!(
        server.recv(),
        Poll::Ready(Some(Ok(Message::Close(Some(_)))))
    ));
    assert_eq!(server.wire.written(), ECHOED);
    assert!(server.wire.is_shut() && !server.wire.is_dropped());
    server.wire.end();
    assert!(server.poll().is_ready());
    assert!(server.wire.is_dropped());
    assert_eq!(server.closure(), Some(clean(Initiator::Remote)));
}

/// What comes behind the peer's Close is read, so that no RST destroys our answer, and is not
/// progress: the peer's end is still awaited no longer.
#[tokio::test(start_paused = true)]
async fn input_behind_the_end_is_read_and_puts_nothing_off() {
    let mut server = Supervised::over(Wire::new());
    server.wire.send(&close());
    let _ = server.recv();
    for _ in 0..9 {
        server.wire.send(&binary(1000));
        assert!(server.pass(TIMEOUT / 10).await);
        assert_eq!(server.wire.unread(), 0);
        assert!(!server.wire.is_dropped());
    }
    assert!(server.pass(TIMEOUT / 10).await);
    assert!(server.wire.is_dropped());
    assert_eq!(server.closure(), Some(clean(Initiator::Remote)));
}

/// `close_timeout` is time without progress: our output may take longer, and `max_close_time` is
/// all that it may take.
#[tokio::test(start_paused = true)]
async fn output_that_makes_progress_puts_off_its_deadline() {
    let mut server = Supervised::over(Wire::full());
    server.send(binary(100).into()).unwrap();
    let frame = Some(CloseFrame::new(close_code::NORMAL, ""));
    server.send(Message::Close(frame)).unwrap();
    for _ in 0..3 {
        server.wire.take(1);
        assert!(server.poll().is_pending());
        server.pass(ALMOST).await;
        assert!(!server.wire.is_dropped());
    }
    assert!(server.pass(3 * MILLISECOND).await);
    assert!(server.wire.is_dropped());
    assert_eq!(server.closure(), Some(Closure::Lost(Loss::CloseTimedOut)));
}

#[tokio::test(start_paused = true)]
async fn output_without_progress_is_given_up() {
    let mut server = closed_by_us(Wire::full());
    server.pass(ALMOST).await;
    assert!(!server.wire.is_dropped());
    assert!(server.pass(MILLISECOND).await);
    assert!(server.wire.is_dropped());
    assert_eq!(server.closure(), Some(Closure::Lost(Loss::CloseTimedOut)));
}

/// 7.1.4: the peer's Close completes the handshake, and gives time for its end.
#[tokio::test(start_paused = true)]
async fn peers_close_puts_off_the_deadline() {
    let mut server = closed_by_us(Wire::new());
    server.pass(ALMOST).await;
    server.wire.send(&close());
    let _ = server.recv();
    assert_eq!(server.closure(), Some(clean(Initiator::Local)));
    server.pass(ALMOST).await;
    assert!(!server.wire.is_dropped());
    assert!(server.pass(MILLISECOND).await);
    assert!(server.wire.is_dropped());
    assert_eq!(server.closure(), Some(clean(Initiator::Local)));
}

/// Messages that the handler still receives are progress; those that are thrown away are not.
#[tokio::test(start_paused = true)]
async fn only_wanted_input_puts_off_the_peers_close() {
    for wanted in [true, false] {
        let mut server = closed_by_us(Wire::new());
        // It wakes the supervisor later; what counts is that nobody receives.
        if !wanted {
            let _ = server.poll_with(|handle, _, _| handle.with(Conn::drop_receiver));
        }
        server.pass(TIMEOUT / 2).await;
        server.wire.send(&binary(10));
        let _ = server.poll();
        server.pass(TIMEOUT / 2).await;
        assert_eq!(server.wire.is_dropped(), !wanted);
    }
}

/// A handler that has received nothing for a second is not about to receive the peer's Close.
#[tokio::test(start_paused = true)]
async fn close_that_is_not_received_is_answered_after_a_second() {
    let mut server = Supervised::over(Wire::new());
    server.wire.send(&[binary(10), close()].concat());
    let _ = server.poll();
    server.pass(Duration::from_millis(999)).await;
    assert!(server.wire.written().is_empty());
    assert!(server.pass(MILLISECOND).await);
    assert_eq!(server.wire.written(), ECHOED);
    assert!(matches!(server.send("late".into()), Err(Error::Closed)));
    // What came can still be received.
    assert!(matches!(
        server.recv(),
        Poll::Ready(Some(Ok(Message::Binary(_))))
    ));
}

/// One that goes on receiving has `close_timeout` to answer what came before.
#[tokio::test(start_paused = true)]
async fn handler_that_receives_puts_off_the_answer_to_a_close() {
    let mut server = Supervised::over(Wire::new());
    server
        .wire
        .send(&[vec![binary(10); 20].concat(), close()].concat());
    let _ = server.poll();
    let step = Duration::from_millis(900);
    for _ in 0..11 {
        server.pass(step).await;
        assert!(matches!(server.recv(), Poll::Ready(Some(Ok(_)))));
        assert!(server.wire.written().is_empty());
    }
    server.pass(Duration::from_millis(100)).await;
    assert_eq!(server.wire.written(), ECHOED);
}

/// RFC 9113, section 8.1: after a clean close a stream is kept for half a second, since it counts
/// among those that may be open.
#[tokio::test(start_paused = true)]
async fn stream_is_not_kept_for_the_peers_end() {
    for (profile, kept) in [
        (Profile::CONNECTION, ALMOST),
        (Profile::HTTP2_STREAM, Duration::from_millis(499)),
    ] {
        let mut server = Supervised::with(Wire::new(), profile);
        server.wire.send(&close());
        let _ = server.recv();
        server.pass(kept).await;
        assert!(server.wire.is_shut() && !server.wire.is_dropped());
        assert!(server.pass(MILLISECOND).await);
        assert!(server.wire.is_dropped());
        assert_eq!(server.closure(), Some(clean(Initiator::Remote)));
    }
}
