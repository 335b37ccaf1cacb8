//! RFC 6455, section 5.5.2: a ping finds out whether the peer is still there.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, advance};

use super::harness::{Io, MILLISECOND, STEP, Supervised, Wire, binary, config, frame, kept_ticket};
use crate::{
    config::{Config, KeepAlive},
    protocol::{Batch, Closure, Loss},
    stream::{connection::Conn, error::Error, handle::Handle},
};

pub(super) const INTERVAL: Duration = Duration::from_secs(16);
pub(super) const TIMEOUT: Duration = Duration::from_secs(8);
/// As late as a ping may be that is to be sent at another time than others.
pub(super) const LATE: Duration = Duration::from_millis(500);

pub(super) fn watched() -> Config {
    config().keep_alive(KeepAlive::new().interval(INTERVAL).timeout(TIMEOUT))
}

pub(super) fn server(wire: &Wire) -> Supervised {
    let mut server = Supervised::configured(wire.clone(), watched());
    assert!(server.recv().is_pending());
    server
}

/// What a ping carries that was written, and nothing else was.
#[track_caller]
pub(super) fn ping_in(written: &[u8]) -> Vec<u8> {
    let (header, payload) = written.split_at(2);
    assert_eq!(header, [0x89, 8]);
    assert_eq!(payload.len(), 8);
    payload.to_vec()
}

pub(super) fn recv(handle: &Handle<Io>, batch: &mut Batch, cx: &mut Context<'_>) {
    while let Poll::Ready(Some(Ok(_))) = handle.poll_recv::<Error>(cx, batch) {}
}

pub(super) fn nothing(_: &Handle<Io>, _: &mut Batch, _: &mut Context<'_>) {}

pub(super) fn is_lost(server: &Supervised) -> bool {
    server.wire.is_dropped()
}

/// Until the next ping, if nothing comes from the peer.
pub(super) async fn silence(server: &mut Supervised) -> Duration {
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
        // An answer puts off the timer, too.
        assert_eq!(server.pass(Duration::from_secs(1)).await, !answers);
        assert_eq!(wire.is_dropped(), !answers);
    }
}
