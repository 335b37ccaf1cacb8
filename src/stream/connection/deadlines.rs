//! Everything that a connection may wait for no longer than a given time, and its one timer.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::stream::transport::coop::unconstrained;

/// Later than anything happens.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// What there is a deadline for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    /// The user receives more of what came before the end.
    Receipt,
    /// The user has answered what came before the end, and receives that.
    Answers,
    /// The transport takes more of our output, up to our Close.
    Output,
    /// The peer's Close comes.
    PeersClose,
    /// The peer ends the transport.
    PeersEnd,
    /// All of the closing is done.
    Closing,
}

impl Deadline {
    const ALL: [Self; 6] = [
        Deadline::Receipt,
        Deadline::Answers,
        Deadline::Output,
        Deadline::PeersClose,
        Deadline::PeersEnd,
        Deadline::Closing,
    ];
}

/// When each deadline is; allocated for the first one, since an open connection has none.
#[derive(Debug, Default)]
pub(super) struct Deadlines(Option<Box<Table>>);

#[derive(Debug, Default)]
struct Table {
    at: [Option<Instant>; Deadline::ALL.len()],
    /// Never later than the first deadline. It may be sooner, for to put one off costs nothing: the
    /// timer ends, and is set again.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadlines {
    /// Whether there is none.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn is_set(&self, deadline: Deadline) -> bool {
        self.at(deadline).is_some()
    }

    /// It is in so much time, whatever it was before.
    pub(super) fn set(&mut self, deadline: Deadline, after: Duration) {
        self.0.get_or_insert_default().set(deadline, in_time(after));
    }

    /// If it is set, it is in so much time at least.
    pub(super) fn put_off(&mut self, deadline: Deadline, after: Duration) {
        if let (Some(at), Some(table)) = (self.at(deadline), &mut self.0) {
            table.set(deadline, at.max(in_time(after)));
        }
    }

    /// If it is set, it is in so much time at most.
    pub(super) fn hurry(&mut self, deadline: Deadline, after: Duration) {
        if let (Some(at), Some(table)) = (self.at(deadline), &mut self.0) {
            table.set(deadline, at.min(in_time(after)));
        }
    }

    /// They are not waited for any more.
    pub(super) fn stop<const N: usize>(&mut self, deadlines: [Deadline; N]) {
        if let Some(table) = &mut self.0 {
            for deadline in deadlines {
                table.at[deadline as usize] = None;
            }
        }
    }

    /// There is none any more, and no timer.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }

    /// The first deadline, once it has passed. It stays until it is set anew or stopped.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Deadline> {
        let Some(table) = &mut self.0 else {
            return Poll::Pending;
        };
        loop {
            if let Some(timer) = &mut table.timer {
                ready!(unconstrained(|| timer.as_mut().poll(cx)));
            }
            let Some((at, deadline)) = table.first() else {
                return Poll::Pending;
            };
            match &mut table.timer {
                None => table.timer = Some(Box::pin(sleep_until(at))),
                Some(timer) if at > timer.deadline() => timer.as_mut().reset(at),
                Some(_) => return Poll::Ready(deadline),
            }
        }
    }

    fn at(&self, deadline: Deadline) -> Option<Instant> {
        self.0.as_ref()?.at[deadline as usize]
    }
}

impl Table {
    fn set(&mut self, deadline: Deadline, at: Instant) {
        self.at[deadline as usize] = Some(at);
        if let Some(timer) = &mut self.timer
            && at < timer.deadline()
        {
            timer.as_mut().reset(at);
        }
    }

    fn first(&self) -> Option<(Instant, Deadline)> {
        let set = self.at.into_iter().zip(Deadline::ALL);
        let set = set.filter_map(|(at, deadline)| Some((at?, deadline)));
        set.min_by_key(|(at, _)| *at)
    }
}

fn in_time(after: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(after).unwrap_or_else(|| now + NEVER)
}
