//! What a ping of ours is: when it leaves, what answers it, and what it costs.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::advance;

use super::{
    harness::{Io, MILLISECOND, Supervised, Task, Wire, binary, config, frame},
    keep_alive::{INTERVAL, LATE, TIMEOUT, is_lost, nothing, ping_in, recv, server, watched},
};
use crate::{
    config::KeepAlive,
    message::Message,
    protocol::Batch,
    stream::{
        connection::{clock::Clock, liveness::Liveness},
        handle::Handle,
    },
};

/// The user did not send the ping. Its pong tells how long the peer takes.
#[tokio::test(start_paused = true)]
async fn pong_of_our_ping_is_not_received() {
    let rtt = Duration::from_millis(123);
    for is_handler_busy in [false, true] {
        let wire = Wire::new();
        let mut server = server(&wire);
        let last_rtt = |server: &Supervised| server.handle.with(|conn| conn.stats().last_rtt);
        assert!(server.pass(INTERVAL + LATE).await);
        let ping = ping_in(&wire.written());
        advance(rtt).await;
        assert_eq!(last_rtt(&server), None);
        let answer = [
            frame(0x8A, &ping),
            frame(0x8A, b"?"),
            frame(0x8A, &ping),
            binary(1),
        ];
        wire.send(&answer.concat());
        if is_handler_busy {
            assert!(server.poll().is_pending());
            assert_eq!(last_rtt(&server), Some(rtt));
        }
        // Others are, as they always were.
        let other = server.recv();
        assert!(matches!(&other, Poll::Ready(Some(Ok(Message::Pong(data)))) if data == "?"));
        assert!(matches!(
            server.recv(),
            Poll::Ready(Some(Ok(Message::Binary(_))))
        ));
        assert!(server.recv().is_pending());
        assert_eq!(last_rtt(&server), Some(rtt));
    }
}

/// From our Close on the peer has `close_timeout`.
#[tokio::test(start_paused = true)]
async fn connection_that_closes_is_not_pinged() {
    let wire = Wire::new();
    let patient = watched().close_timeout(100 * INTERVAL);
    let mut server = Supervised::configured(wire.clone(), patient);
    assert!(server.recv().is_pending());
    server.send(Message::Close(None)).unwrap();
    assert_eq!(wire.written(), [0x88, 0]);
    let over = server.live(10 * INTERVAL, recv, is_lost).await;
    assert_eq!((over, wire.written().len()), (None, 0));
}

/// Connections that were opened together are pinged at times that are spread evenly.
#[tokio::test(start_paused = true)]
async fn pings_of_many_connections_are_spread() {
    const MANY: usize = 1600;
    let mut slots = [0; 16];
    for _ in 0..MANY {
        // A connection is known by when it was opened.
        advance(Duration::from_nanos(1)).await;
        let share = Liveness::new(Clock::start(), false).share(Duration::from_secs(16));
        assert!(share < Duration::from_secs(1));
        slots[share.as_millis() as usize / 63] += 1;
    }
    let most = MANY / slots.len();
    assert!(
        slots
            .iter()
            .all(|&slot| (most / 2..2 * most).contains(&slot)),
        "{slots:?}"
    );
}

/// The timer wakes whoever drives the transport, also if that is another task by now.
#[tokio::test(start_paused = true)]
async fn timer_wakes_the_task_that_polled_last() {
    let wire = Wire::new();
    let mut server = server(&wire);
    let before = std::mem::replace(&mut server.task, Task::new());
    assert!(server.poll().is_pending());
    before.wakes();
    assert!(server.pass(INTERVAL + LATE).await);
    ping_in(&wire.written());
    assert_eq!(before.wakes(), 0);
}

/// Nor is one that has ended, and whose last messages the handler may still answer.
#[tokio::test(start_paused = true)]
async fn peer_that_has_ended_is_not_pinged() {
    let wire = Wire::new();
    let quick = KeepAlive::new().interval(MILLISECOND).timeout(TIMEOUT);
    let mut server = Supervised::configured(wire.clone(), config().keep_alive(quick));
    wire.send(&binary(1));
    wire.end();
    assert!(server.poll().is_pending());
    server.live(TIMEOUT, nothing, |_| false).await;
    assert_eq!((server.closure(), wire.written().len()), (None, 0));
}

/// The timer does not end when the pong was due that has come: a turn for the ping, none else.
#[tokio::test(start_paused = true)]
async fn idle_connection_has_two_turns_for_each_ping() {
    let wire = Wire::new();
    let keep_alive = KeepAlive::new().interval(INTERVAL).timeout(INTERVAL);
    let mut server = Supervised::configured(wire.clone(), config().keep_alive(keep_alive));
    assert!(server.recv().is_pending());
    let turns = std::cell::Cell::new(0);
    for _ in 0..9 {
        let written = std::cell::RefCell::new(Vec::new());
        let count = |handle: &Handle<Io>, batch: &mut Batch, cx: &mut Context<'_>| {
            turns.set(turns.get() + 1);
            recv(handle, batch, cx);
        };
        let pinged = |server: &Supervised| {
            written.borrow_mut().extend(server.wire.written());
            !written.borrow().is_empty()
        };
        server.live(2 * INTERVAL, count, pinged).await.unwrap();
        wire.send(&frame(0x8A, &ping_in(&written.into_inner())));
    }
    assert_eq!(turns.get(), 9 + 8);
}

/// A peer that sends an answer again forges no round trip, and it is not received either.
#[tokio::test(start_paused = true)]
async fn answer_is_measured_once() {
    let wire = Wire::new();
    let mut server = server(&wire);
    server.live(INTERVAL + LATE, recv, |_| false).await;
    let answer = frame(0x8A, &ping_in(&wire.written()));
    let mut measured = Vec::new();
    for _ in 0..3 {
        advance(Duration::from_millis(100)).await;
        wire.send(&answer);
        assert!(server.recv().is_pending());
        let stats = server.handle.with(|conn| conn.stats());
        measured.push(stats.last_rtt.expect("it was answered"));
    }
    assert_eq!(measured[1..], [measured[0]; 2]);
}

/// While the handler does not receive and nothing can be written, pings do not pile up.
#[tokio::test(start_paused = true)]
async fn pings_do_not_queue_behind_output_that_waits() {
    let wire = Wire::full();
    let unlimited = watched().write_timeout(None);
    let mut server = Supervised::configured(wire.clone(), unlimited);
    assert!(server.send("a".into()).is_ok());
    wire.send(&binary(1).repeat(1000));
    server.live(100 * INTERVAL, nothing, |_| false).await;
    assert!(!wire.is_dropped());
    wire.take(usize::MAX);
    let _ = server.poll();
    // What was sent, and at most one ping before reading was paused.
    let written = wire.written().len();
    assert!(written <= 3 + 10, "{written}");
}
