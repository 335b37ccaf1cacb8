//! One timer for all deadlines.

use std::{task::Poll, time::Duration};

use tokio::time::{Instant, advance};

use super::harness::{ECHOED, Supervised, Task, Wire, close, config};
use crate::{
    config::KeepAlive,
    stream::connection::deadlines::{Deadline, Deadlines},
};

const SECOND: Duration = Duration::from_secs(1);

fn deadlines() -> Deadlines {
    Deadlines::new(false, true)
}

/// The first one passes first, whichever was set first, and stays until it is stopped.
#[tokio::test(start_paused = true)]
async fn deadlines_pass_in_their_order() {
    let task = Task::new();
    let mut deadlines = deadlines();
    deadlines.set(Deadline::Closing, 3 * SECOND);
    deadlines.set(Deadline::Output, SECOND);
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
    advance(SECOND).await;
    assert_eq!(task.wakes(), 1);
    for _ in 0..2 {
        assert_eq!(
            task.poll(|cx| deadlines.poll(cx, None)),
            Poll::Ready(Deadline::Output)
        );
    }
    deadlines.stop([Deadline::Output]);
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
    advance(2 * SECOND).await;
    assert_eq!(task.wakes(), 1);
    assert_eq!(
        task.poll(|cx| deadlines.poll(cx, None)),
        Poll::Ready(Deadline::Closing)
    );
}

/// The timer ends when the deadline was at first, and is set again.
#[tokio::test(start_paused = true)]
async fn deadline_that_is_put_off_passes_later() {
    let task = Task::new();
    let mut deadlines = deadlines();
    deadlines.set(Deadline::Receipt, SECOND);
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
    advance(SECOND / 2).await;
    deadlines.put_off(Deadline::Receipt, SECOND);
    // To a time that is sooner it is not put off.
    deadlines.put_off(Deadline::Receipt, SECOND / 4);
    advance(SECOND / 2).await;
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
    task.wakes();
    advance(SECOND / 2).await;
    assert_eq!(task.wakes(), 1);
    assert_eq!(
        task.poll(|cx| deadlines.poll(cx, None)),
        Poll::Ready(Deadline::Receipt)
    );
}

/// Who comes back after weeks has all of the time that is set then.
#[tokio::test(start_paused = true)]
async fn deadline_after_weeks_passes_at_its_time() {
    for days in [1, 24, 25, 30, 49, 50] {
        let task = Task::new();
        let mut deadlines = deadlines();
        deadlines.set(Deadline::Receipt, SECOND);
        assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
        advance(days * 24 * 3600 * SECOND).await;
        deadlines.set(Deadline::Output, SECOND);
        assert!(
            task.poll(|cx| deadlines.poll(cx, None)).is_pending(),
            "{days}"
        );
        advance(SECOND).await;
        assert_eq!(
            task.poll(|cx| deadlines.poll(cx, None)),
            Poll::Ready(Deadline::Output),
            "{days}"
        );
    }
}

/// A life ends between two milliseconds, and whoever polls comes between others.
#[tokio::test(start_paused = true)]
async fn life_ends_whatever_part_of_a_millisecond_it_has() {
    const ODD: Duration = Duration::from_nanos(700_301);
    let day = 24 * 3600 * SECOND;
    for life in [
        SECOND,
        SECOND + ODD,
        24 * day + ODD,
        25 * day,
        160 * day + ODD,
    ] {
        advance(ODD).await;
        let task = Task::new();
        let mut deadlines = deadlines();
        let end = Instant::now() + life;
        let mut poll = || task.poll(|cx| deadlines.poll(cx, Some(end)));
        // It is put off again and again.
        while Instant::now() + day < end {
            assert!(poll().is_pending());
            advance(day - ODD).await;
        }
        while Instant::now() < end {
            assert!(poll().is_pending(), "{life:?}");
            let left = end - Instant::now();
            advance((left / 2).max(ODD)).await;
        }
        // The timer has milliseconds only.
        advance(ODD).await;
        advance(ODD).await;
        tokio::task::yield_now().await;
        assert_eq!(poll(), Poll::Ready(Deadline::Lifetime), "{life:?}");
    }
}

/// The task is woken then although it has not polled since.
#[tokio::test(start_paused = true)]
async fn deadline_that_is_hurried_passes_sooner() {
    let task = Task::new();
    let mut deadlines = deadlines();
    deadlines.set(Deadline::PeersEnd, 10 * SECOND);
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
    deadlines.hurry(Deadline::PeersEnd, SECOND);
    // Nor is it hurried to a time that is later.
    deadlines.hurry(Deadline::PeersEnd, 5 * SECOND);
    advance(SECOND).await;
    assert_eq!(task.wakes(), 1);
    assert_eq!(
        task.poll(|cx| deadlines.poll(cx, None)),
        Poll::Ready(Deadline::PeersEnd)
    );
}

/// What is not set is neither put off nor hurried; what is cleared wakes nobody.
#[tokio::test(start_paused = true)]
async fn only_deadlines_that_are_set_pass() {
    let task = Task::new();
    let mut deadlines = deadlines();
    deadlines.put_off(Deadline::Answers, SECOND);
    deadlines.hurry(Deadline::Answers, SECOND);
    assert!(!deadlines.is_set(Deadline::Answers));
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
    deadlines.set(Deadline::Answers, SECOND);
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
    deadlines.clear();
    advance(2 * SECOND).await;
    assert_eq!(task.wakes(), 0);
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
}

/// A timeout of `Duration::MAX` is none.
#[tokio::test(start_paused = true)]
async fn deadline_beyond_the_clock_is_set_and_does_not_pass() {
    let task = Task::new();
    let mut deadlines = deadlines();
    deadlines.set(Deadline::Closing, Duration::MAX);
    assert!(deadlines.is_set(Deadline::Closing));
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
    advance(Duration::from_secs(1 << 28)).await;
    assert!(task.poll(|cx| deadlines.poll(cx, None)).is_pending());
}

/// The longest times are no limits.
#[tokio::test(start_paused = true)]
async fn longest_times_are_never() {
    let max = Some(Duration::MAX);
    let keep_alive = KeepAlive::new()
        .interval(Duration::MAX)
        .timeout(Duration::MAX);
    let config = config().keep_alive(keep_alive).write_timeout(max);
    let config = config.message_timeout(max).max_lifetime(max);
    let wire = Wire::full();
    let mut server = Supervised::configured(wire.clone(), config);
    wire.send(&[0x82]);
    server.send("a".into()).unwrap();
    for _ in 0..20 {
        let _ = server.recv();
        server.pass(Duration::from_millis(1 << 31)).await;
    }
    assert!(server.closure().is_none() && !wire.is_dropped());
}

/// The peer closes before anything is due, and nothing is left of what was.
#[tokio::test(start_paused = true)]
async fn end_leaves_nothing_behind() {
    let wire = Wire::new();
    let config = config()
        .max_lifetime(Some(SECOND))
        .message_timeout(Some(SECOND));
    let mut server = Supervised::configured(wire.clone(), config);
    assert!(server.recv().is_pending());
    wire.send(&close());
    assert!(server.recv().is_ready());
    assert_eq!(wire.written(), ECHOED);
    wire.end();
    assert!(server.poll().is_ready());
    server.task.wakes();
    assert!(!server.pass(100 * SECOND).await);
    assert!(wire.written().is_empty());
}
