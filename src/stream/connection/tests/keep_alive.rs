//! RFC 6455, section 5.5.2: a ping finds out whether the peer is still there.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, advance};

use super::harness::{
    Io, MILLISECOND, STEP, Supervised, Task, Wire, binary, config, frame, kept_ticket,
};
use crate::{
    config::{Config, KeepAlive},
    message::Message,
    protocol::{Batch, Closure, Loss},
    stream::{
        connection::{Conn, clock::Clock, liveness::share},
        error::Error,
        handle::Handle,
    },
};

const INTERVAL: Duration = Duration::from_secs(16);
const TIMEOUT: Duration = Duration::from_secs(8);
/// As late as a ping may be that is to be sent at another time than others.
const LATE: Duration = Duration::from_millis(500);

fn watched() -> Config {
    config().keep_alive(KeepAlive::new().interval(INTERVAL).timeout(TIMEOUT))
}

fn server(wire: &Wire) -> Supervised {
    let mut server = Supervised::configured(wire.clone(), watched());
    assert!(server.recv().is_pending());
    server
}

/// What a ping carries that was written, and nothing else was.
#[track_caller]
fn ping_in(written: &[u8]) -> Vec<u8> {
    let (header, payload) = written.split_at(2);
    assert_eq!(header, [0x89, 8]);
    assert_eq!(payload.len(), 8);
    payload.to_vec()
}

fn recv(handle: &Handle<Io>, batch: &mut Batch, cx: &mut Context<'_>) {
    while let Poll::Ready(Some(Ok(_))) = handle.poll_recv::<Error>(cx, batch) {}
}

fn nothing(_: &Handle<Io>, _: &mut Batch, _: &mut Context<'_>) {}

fn is_lost(server: &Supervised) -> bool {
    server.wire.is_dropped()
}

/// Until the next ping, if nothing comes from the peer.
async fn silence(server: &mut Supervised) -> Duration {
    let written = std::cell::RefCell::new(Vec::new());
    let after = server
        .live(3 * INTERVAL, recv, |server| {
            written.borrow_mut().extend(server.wire.written());
            !written.borrow().is_empty()
        })
        .await;
    ping_in(&written.into_inner());
    after.expect("a ping")
}

/// Whatever the handler does: it waits for messages, for something else, has given the socket to
/// another task, or will not receive any more.
#[tokio::test(start_paused = true)]
async fn dead_peer_is_pinged_and_then_given_up() {
    type Act = fn(&Handle<Io>, &mut Batch, &mut Context<'_>);
    let drop_receiver: Act = |handle, _, _| handle.with(Conn::drop_receiver);
    let wait_for_end: Act = |handle, _, cx| {
        let _ = handle.with(|conn| conn.poll_closed(cx, &mut kept_ticket()));
    };
    for act in [recv, nothing, drop_receiver, wait_for_end] as [Act; 4] {
        let wire = Wire::new();
        let mut server = server(&wire);
        let _ = server.poll_with(act);
        let over = server.live(INTERVAL - STEP, act, |_| false).await;
        assert_eq!((over, wire.written().len()), (None, 0));
        server.live(LATE + STEP, act, |_| false).await;
        ping_in(&wire.written());
        assert!(!wire.is_dropped());
        let after = server.live(TIMEOUT, act, is_lost).await;
        let since = INTERVAL + LATE + STEP + after.unwrap();
        // A step is twice lost between two lives.
        assert!(since <= INTERVAL + TIMEOUT + 2 * STEP, "{since:?}");
        assert!(since >= INTERVAL + TIMEOUT - 2 * STEP, "{since:?}");
        assert_eq!(server.closure(), Some(Closure::Lost(Loss::NoPong)));
        assert!(wire.written().is_empty() && !wire.is_shut());
    }
}

#[tokio::test(start_paused = true)]
async fn dead_peer_is_given_up_at_its_time_and_not_before() {
    let wire = Wire::new();
    let mut server = server(&wire);
    assert!(server.pass(INTERVAL + LATE).await);
    ping_in(&wire.written());
    // The ping was late, and it has all of its time.
    let ahead = server
        .handle
        .with(|conn| conn.deadlines().clock().opened().elapsed());
    assert_eq!(ahead, INTERVAL + LATE);
    let most = TIMEOUT - MILLISECOND;
    assert!(!server.pass(most - LATE).await);
    server.pass(LATE + MILLISECOND).await;
    assert!(wire.is_dropped());
    assert!(matches!(
        server.recv(),
        Poll::Ready(Some(Err(Error::Lost(Loss::NoPong))))
    ));
    assert!(matches!(server.recv(), Poll::Ready(None)));
    assert!(matches!(server.send("a".into()), Err(Error::Closed)));
}

/// Also one byte of a frame that never ends; and the time is counted from it.
#[tokio::test(start_paused = true)]
async fn any_byte_is_a_sign_of_life() {
    let wire = Wire::new();
    let mut server = server(&wire);
    let first = silence(&mut server).await;
    assert!(
        first >= INTERVAL && first <= INTERVAL + LATE + STEP,
        "{first:?}"
    );
    let mut frame = binary(100).into_iter();
    // Few reads are known to their time, however many there are.
    for reads in 1..=8 {
        for _ in 0..reads {
            server.live(TIMEOUT - LATE - STEP, recv, |_| false).await;
            assert!(wire.written().is_empty());
            wire.send(&[frame.next().unwrap()]);
            let _ = server.poll_with(recv);
        }
        let again = silence(&mut server).await;
        assert!(again.abs_diff(first) <= STEP, "{again:?} after {first:?}");
    }
    assert!(!wire.is_dropped());
}

/// A connection on which much comes is looked at eight times in an interval, and pinged late by no
/// more than that.
#[tokio::test(start_paused = true)]
async fn busy_connection_is_pinged_no_earlier_than_it_is_silent() {
    let wire = Wire::new();
    let mut server = server(&wire);
    let idle = Instant::now();
    let mut timers = 0;
    while idle.elapsed() < 4 * INTERVAL {
        for _ in 0..5 {
            wire.send(&binary(1));
            let _ = server.poll_with(recv);
        }
        advance(STEP).await;
        tokio::task::yield_now().await;
        if server.task.wakes() > 0 {
            timers += 1;
            let _ = server.poll_with(recv);
        }
    }
    assert!(wire.written().is_empty());
    assert!((30..=34).contains(&timers), "{timers}");
    let after = silence(&mut server).await;
    assert!(after >= INTERVAL - STEP, "{after:?}");
    assert!(
        after <= INTERVAL + INTERVAL / 8 + LATE + 2 * STEP,
        "{after:?}"
    );
}

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

/// While what comes waits in the transport, a peer cannot be heard: it is pinged, and not given up.
#[tokio::test(start_paused = true)]
async fn peer_that_is_not_read_is_not_given_up() {
    let wire = Wire::new();
    let mut server = server(&wire);
    wire.send(&binary(1000).repeat(200));
    let _ = server.poll();
    assert!(wire.unread() > 0);
    let over = server
        .live(10 * (INTERVAL + TIMEOUT), nothing, is_lost)
        .await;
    assert_eq!(over, None);
    let pings = wire.written();
    assert!((14..=15).contains(&(pings.len() / 10)), "{}", pings.len());
    // The handler goes on. The peer has the time of one that has just been pinged, at least.
    while server.recv().is_ready() {}
    assert_eq!(wire.unread(), 0);
    server.live(INTERVAL - STEP, recv, |_| false).await;
    assert!(wire.written().is_empty());
    let lost = server.live(INTERVAL + TIMEOUT, recv, is_lost).await;
    assert!(lost.is_some_and(|lost| lost + INTERVAL >= INTERVAL + TIMEOUT - 2 * STEP));
}

/// A ping waits behind other output, and the peer is given up all the same.
#[tokio::test(start_paused = true)]
async fn ping_that_cannot_leave_does_not_save_a_dead_peer() {
    let wire = Wire::full();
    let mut server = server(&wire);
    server.send("a".into()).unwrap();
    let over = server
        .live(INTERVAL + TIMEOUT - 2 * STEP, nothing, is_lost)
        .await;
    assert_eq!(over, None);
    let over = server.live(5 * STEP, nothing, is_lost).await;
    assert!(over.is_some());
    let last = server.recv();
    assert!(matches!(
        last,
        Poll::Ready(Some(Err(Error::Lost(Loss::NoPong))))
    ));
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

/// It is off if it is told so, and there is no timer then.
#[tokio::test(start_paused = true)]
async fn peer_may_be_silent_if_nobody_asks() {
    let wire = Wire::new();
    let config = config().keep_alive(KeepAlive::OFF);
    let mut server = Supervised::configured(wire.clone(), config);
    assert!(server.recv().is_pending());
    assert!(!server.pass(1000 * INTERVAL).await);
    assert!(wire.written().is_empty() && !wire.is_dropped());
}

/// Times of zero are very short ones.
#[tokio::test(start_paused = true)]
async fn times_of_zero_are_a_millisecond() {
    let wire = Wire::new();
    let zero = KeepAlive::new()
        .interval(Duration::ZERO)
        .timeout(Duration::ZERO);
    let mut server = Supervised::configured(wire.clone(), config().keep_alive(zero));
    assert!(server.recv().is_pending());
    assert!(server.pass(2 * MILLISECOND).await);
    ping_in(&wire.written());
    assert!(server.pass(2 * MILLISECOND).await);
    assert!(wire.is_dropped());
}

/// A peer that reads slowly what was sent to it comes to our ping late, and is not dead.
#[tokio::test(start_paused = true)]
async fn peer_that_still_reads_is_not_given_up() {
    let wire = Wire::full();
    let mut server = server(&wire);
    server.send(binary(100).into()).unwrap();
    for _ in 0..20 {
        assert!(!wire.is_dropped());
        wire.take(1);
        let _ = server.poll_with(recv);
        server
            .live(TIMEOUT - LATE - 2 * STEP, recv, |_| false)
            .await;
    }
    // It stops.
    let lost = server.live(TIMEOUT, recv, is_lost).await;
    assert!(lost.is_some());
}

/// What the buffers between us hold may have to be read first.
#[tokio::test(start_paused = true)]
async fn peer_has_time_to_read_what_is_before_the_ping() {
    let wire = Wire::new();
    let mut server = server(&wire);
    server.pass(INTERVAL - STEP).await;
    // At 32 KiB a second it takes 32 seconds.
    server.send(vec![0; 1 << 20].into()).unwrap();
    assert!(server.poll().is_pending());
    let lost = server.live(6 * TIMEOUT, recv, is_lost).await.unwrap();
    assert!(lost.abs_diff(4 * TIMEOUT) <= 2 * LATE, "{lost:?}");
}

/// Connections that were opened together are pinged at times that are spread evenly.
#[tokio::test(start_paused = true)]
async fn pings_of_many_connections_are_spread() {
    const MANY: usize = 1600;
    let mut slots = [0; 16];
    for _ in 0..MANY {
        // A connection is known by when it was opened.
        advance(Duration::from_nanos(1)).await;
        let share = share(Clock::start(), Duration::from_secs(16));
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

/// After the whole program stood still, the answer may not have been read yet.
#[tokio::test(start_paused = true)]
async fn peer_is_heard_before_it_is_given_up_too_late() {
    for answers in [true, false] {
        let wire = Wire::new();
        let mut server = server(&wire);
        assert!(server.pass(INTERVAL + LATE).await);
        let ping = ping_in(&wire.written());
        assert!(server.pass(10 * TIMEOUT).await);
        assert!(!wire.is_dropped());
        if answers {
            wire.send(&frame(0x8A, &ping));
            let _ = server.poll_with(recv);
        }
        assert!(server.pass(Duration::from_secs(1)).await);
        assert_eq!(wire.is_dropped(), !answers);
    }
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
