//! Everything that a connection may wait for no longer than a given time, and its one timer.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::{
    clock::{Clock, Moment},
    liveness::Liveness,
    timer::{Missing, timer},
};
use crate::stream::transport::coop::unconstrained;

/// What there is a deadline for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    /// A byte comes from the peer, or it is sent a ping.
    Ping,
    /// A byte comes after the ping.
    Pong,
    /// A message that has begun is complete.
    Message,
    /// The transport takes more of our output, as long as nothing closes.
    Write,
    /// There is room to forward what a topic has had for long.
    Lag,
    /// The connection has lived long enough.
    Lifetime,
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

/// As many as are waited for at a time, of those that are kept.
const SLOTS: usize = 4;

impl Deadline {
    /// Where it is kept. Those that are not waited for together share a slot, and setting one ends
    /// the other. That of a lifetime is known from the start.
    const fn slot(self) -> Option<usize> {
        Some(match self {
            Deadline::Ping
            | Deadline::Pong
            | Deadline::Receipt
            | Deadline::Output
            | Deadline::PeersClose
            | Deadline::PeersEnd => 0,
            Deadline::Message | Deadline::Answers | Deadline::Closing => 1,
            Deadline::Write => 2,
            Deadline::Lag => 3,
            Deadline::Lifetime => return None,
        })
    }
}

/// When each deadline is. Without a timer of tokio's, none passes.
#[derive(Debug)]
pub(super) struct Deadlines {
    clock: Clock,
    attention: Attention,
    /// Here, where there is room for it: what tells how long the peer has been silent.
    liveness: Liveness,
    /// Tokio's timer is not enabled.
    is_timerless: bool,
    /// Allocated with the first deadline.
    table: Option<Pin<Box<Table>>>,
}

/// Whether [`Deadlines::poll`] is to be called although the timer has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attention {
    Unneeded,
    /// The timer is not one that wakes whoever drives the transport now.
    Once,
    Always,
}

pin_project! {
    #[derive(Debug)]
    struct Table {
        // Never later than the first deadline. It may be sooner, for to put one off costs nothing:
        // the timer ends, and is set again.
        #[pin]
        timer: Sleep,
        at: [Moment; SLOTS],
        set: [Option<Deadline>; SLOTS],
    }
}

impl Deadlines {
    /// Of a connection that is opened now. If it is `watched`, it is polled whenever the connection
    /// waits, else when the timer has ended.
    pub(super) fn new(watched: bool, liveness: Liveness) -> Self {
        Self {
            clock: Clock::start(),
            attention: if watched {
                Attention::Always
            } else {
                Attention::Once
            },
            liveness,
            is_timerless: false,
            table: None,
        }
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    #[inline]
    pub(super) const fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    pub(super) const fn liveness_mut(&mut self) -> &mut Liveness {
        &mut self.liveness
    }

    /// Whether there is nothing to [poll](Self::poll).
    #[inline]
    pub(super) fn are_quiet(&self) -> bool {
        let has_ended = |table: &Pin<Box<Table>>| table.timer.is_elapsed();
        self.attention == Attention::Unneeded && !self.table.as_ref().is_some_and(has_ended)
    }

    /// Whether there is a timer that wakes nobody yet.
    pub(super) fn are_new(&self) -> bool {
        self.attention == Attention::Once
    }

    /// Another task drives the transport.
    pub(super) fn expect_poll(&mut self) {
        if self.attention == Attention::Unneeded {
            self.attention = Attention::Once;
        }
    }

    /// When it is, if it is set.
    #[inline]
    pub(super) fn at(&self, deadline: Deadline) -> Option<Moment> {
        let (table, slot) = (self.table.as_ref()?, deadline.slot()?);
        (table.set[slot] == Some(deadline)).then_some(table.at[slot])
    }

    #[inline]
    pub(super) fn is_set(&self, deadline: Deadline) -> bool {
        self.at(deadline).is_some()
    }

    /// Whether it has passed so long ago.
    pub(super) fn is_overdue(&self, deadline: Deadline, by: Duration) -> bool {
        let now = self.clock.now();
        self.at(deadline)
            .is_some_and(|at| at.after(by).is_before(now))
    }

    /// It is in so much time, whatever it was before.
    pub(super) fn set(&mut self, deadline: Deadline, after: Duration) {
        let now = Instant::now();
        self.set_at(deadline, self.clock.moment(now).after(after), now);
    }

    /// If it is set, it is in so much time at least.
    pub(super) fn put_off(&mut self, deadline: Deadline, after: Duration) {
        self.change(deadline, after, Moment::is_before);
    }

    /// If it is set, it is in so much time at most.
    pub(super) fn hurry(&mut self, deadline: Deadline, after: Duration) {
        self.change(deadline, after, |at, other| other.is_before(at));
    }

    /// They are not waited for any more.
    pub(super) fn stop<const N: usize>(&mut self, deadlines: [Deadline; N]) {
        let Some(table) = &mut self.table else { return };
        let set = table.as_mut().project().set;
        for deadline in deadlines {
            for slot in &mut *set {
                *slot = slot.filter(|set| *set != deadline);
            }
        }
    }

    /// There is none any more, and no timer.
    pub(super) fn clear(&mut self) {
        self.table = None;
        self.attention = Attention::Unneeded;
        self.liveness.stop();
    }

    /// The first deadline, once it has passed, with that of a `lifetime` if it has one. It stays
    /// until it is set anew or stopped.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        lifetime: Option<Instant>,
    ) -> Poll<Deadline> {
        if let Some(end) = lifetime {
            self.end_timer_by(end);
        }
        if self.attention == Attention::Once {
            self.attention = Attention::Unneeded;
        }
        let Some(table) = &mut self.table else {
            return Poll::Pending;
        };
        let mut table = table.as_mut().project();
        loop {
            ready!(unconstrained(|| table.timer.as_mut().poll(cx)));
            let end = table.timer.deadline();
            let kept = first(table.set, table.at);
            let kept = kept.map(|(at, deadline)| (self.clock.instant(at, end), deadline));
            let lifetime = lifetime.map(|at| (at, Deadline::Lifetime));
            let first = kept.into_iter().chain(lifetime).min_by_key(|(at, _)| *at);
            let Some((at, deadline)) = first else {
                self.table = None;
                return Poll::Pending;
            };
            if at <= end {
                return Poll::Ready(deadline);
            }
            table.timer.as_mut().reset(at);
        }
    }

    fn change(
        &mut self,
        deadline: Deadline,
        after: Duration,
        is_better: impl FnOnce(Moment, Moment) -> bool,
    ) {
        let Some(at) = self.at(deadline) else { return };
        let now = Instant::now();
        let other = self.clock.moment(now).after(after);
        if is_better(at, other) {
            self.set_at(deadline, other, now);
        }
    }

    fn set_at(&mut self, deadline: Deadline, at: Moment, now: Instant) {
        self.end_timer_by(self.clock.instant(at, now));
        if let (Some(table), Some(slot)) = (&mut self.table, deadline.slot()) {
            let table = table.as_mut().project();
            table.at[slot] = at;
            table.set[slot] = Some(deadline);
        }
    }

    /// The timer ends no later, if there is one.
    fn end_timer_by(&mut self, end: Instant) {
        let Some(table) = &mut self.table else {
            if !self.is_timerless {
                match timer(end) {
                    Ok(timer) => self.table = Some(Table::new(timer)),
                    Err(missing) => self.is_timerless = missing == Missing::Timer,
                }
                self.expect_poll();
            }
            return;
        };
        let timer = table.as_mut().project().timer;
        if end < timer.deadline() {
            timer.reset(end);
        }
    }
}

impl Table {
    fn new(timer: Sleep) -> Pin<Box<Self>> {
        Box::pin(Self {
            timer,
            at: [Moment::NEVER; SLOTS],
            set: [None; SLOTS],
        })
    }
}

fn first(set: &[Option<Deadline>], at: &[Moment]) -> Option<(Moment, Deadline)> {
    let set = at
        .iter()
        .zip(set)
        .filter_map(|(at, set)| Some((*at, (*set)?)));
    set.reduce(|first, other| {
        if other.0.is_before(first.0) {
            other
        } else {
            first
        }
    })
}
