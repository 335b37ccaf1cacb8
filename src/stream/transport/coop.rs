//! Tokio's cooperative scheduling.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll, Waker},
};

/// Polls outside of the task's cooperative budget.
///
/// What a handler has used up of it must not hold back answers, reading for pings, or
/// deadlines. What is polled here has bounds of its own.
#[inline]
pub(crate) fn unconstrained<R>(mut poll: impl FnMut() -> Poll<R>) -> Poll<R> {
    let future = pin!(tokio::task::unconstrained(poll_fn(|_| poll())));
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Wakes the task of `cx` once others have had their turn, and events have been looked for.
pub(crate) fn wake_later(cx: &mut Context<'_>) {
    // It is woken although this future is not polled again.
    let _ = pin!(tokio::task::yield_now()).poll(cx);
}
