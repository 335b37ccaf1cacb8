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
    /// The same from the next turn on.
    NextTurn,
    Always,
}

pin_project! {
    #[derive(Debug)]
    struct Table {
        // Never later than the first deadline. It may be sooner, for to put one off costs nothing:
        // the timer ends, and is set again.
        #[pin]
        timer: Sleep,
        // When the timer ends.
        ends: Moment,
        at: [Moment; SLOTS],
        set: [Option<Deadline>; SLOTS],
    }
}

impl Deadlines {
    /// Of a connection that is opened now. If it is `watched`, it is polled whenever the connection
    /// waits, else when the timer has ended.
    pub(super) fn new(watched: bool, keep_alive_is_off: bool) -> Self {
        let clock = Clock::start();
        Self {
            clock,
            attention: if watched {
                Attention::Always
            } else {
                Attention::Once
            },
            liveness: Liveness::new(clock, keep_alive_is_off),
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
        matches!(self.attention, Attention::Unneeded | Attention::NextTurn)
            && !self.table.as_ref().is_some_and(has_ended)
    }

    /// A supervisor's turn ends. Returns whether there is a timer that wakes nobody yet.
    #[inline]
    pub(super) fn end_turn(&mut self) -> bool {
        match self.attention {
            Attention::Unneeded | Attention::Always => false,
            Attention::Once => true,
            Attention::NextTurn => {
                self.attention = Attention::Once;
                false
            }
        }
    }

    /// Another task drives the transport.
    pub(super) fn expect_poll(&mut self) {
        if self.attention != Attention::Always {
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
        let now = self.clock.moment(Instant::now());
        self.at(deadline)
            .is_some_and(|at| at.after(by).is_before(now))
    }

    /// It is in so much time, whatever it was before.
    pub(super) fn set(&mut self, deadline: Deadline, after: Duration) {
        self.set_from(Instant::now(), deadline, after);
    }

    /// It is so much time after `now`, whatever it was before.
    pub(super) fn set_from(&mut self, now: Instant, deadline: Deadline, after: Duration) {
        self.set_at(deadline, self.clock.moment(now).after(after));
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
        let lifetime = lifetime.map(|end| (self.clock.moment_near(end), Deadline::Lifetime));
        if let Some((at, _)) = lifetime {
            self.end_timer_by(at);
        }
        if self.attention != Attention::Always {
            self.attention = Attention::Unneeded;
        }
        let Some(table) = &mut self.table else {
            return Poll::Pending;
        };
        loop {
            let mut timer = table.as_mut().project().timer;
            ready!(unconstrained(|| timer.as_mut().poll(cx)));
            let Some((at, deadline)) = sooner(table.first(), lifetime) else {
                self.table = None;
                return Poll::Pending;
            };
            if at != Moment::NEVER && !table.ends.is_before(at) {
                return Poll::Ready(deadline);
            }
            table.as_mut().end(at, self.clock);
        }
    }

    fn change(
        &mut self,
        deadline: Deadline,
        after: Duration,
        is_better: impl FnOnce(Moment, Moment) -> bool,
    ) {
        let Some(at) = self.at(deadline) else { return };
        let other = self.clock.moment(Instant::now()).after(after);
        if is_better(at, other) {
            self.set_at(deadline, other);
        }
    }

    fn set_at(&mut self, deadline: Deadline, at: Moment) {
        self.end_timer_by(at);
        if let (Some(table), Some(slot)) = (&mut self.table, deadline.slot()) {
            let table = table.as_mut().project();
            table.at[slot] = at;
            table.set[slot] = Some(deadline);
        }
    }

    /// The timer ends with the first deadline that is set, not before; nothing is waited for that is
    /// not set. That costs less than a turn in which it has ended in vain. For a supervisor's turn.
    pub(super) fn put_off_timer(&mut self) {
        let Some(table) = &mut self.table else { return };
        let Some((at, _)) = table.first() else { return };
        if table.ends.is_before(at) && !table.timer.is_elapsed() {
            table.as_mut().end(at, self.clock);
            // If it ended meanwhile, the task has been woken, and will not be again: it looks then.
            if self.attention == Attention::Unneeded {
                self.attention = Attention::NextTurn;
            }
        }
    }

    /// The timer ends no later, if there is one.
    fn end_timer_by(&mut self, at: Moment) {
        if let Some(table) = &mut self.table {
            if at.is_before(table.ends) {
                table.as_mut().end(at, self.clock);
            }
        } else if !self.is_timerless {
            match timer(self.clock.instant(at, Instant::now())) {
                Ok(timer) => self.table = Some(Table::new(timer, at)),
                Err(missing) => self.is_timerless = missing == Missing::Timer,
            }
            self.expect_poll();
        }
    }
}

impl Table {
    fn new(timer: Sleep, ends: Moment) -> Pin<Box<Self>> {
        Box::pin(Self {
            timer,
            ends,
            at: [Moment::NEVER; SLOTS],
            set: [None; SLOTS],
        })
    }

    /// The timer ends then.
    fn end(self: Pin<&mut Self>, at: Moment, clock: Clock) {
        let mut table = self.project();
        // Near now, whenever the timer ended: nobody may have looked for weeks.
        let end = clock.instant(at, Instant::now());
        table.timer.as_mut().reset(end);
        *table.ends = at;
    }

    fn first(&self) -> Option<(Moment, Deadline)> {
        let all = self.at.iter().zip(&self.set);
        let set = all.filter_map(|(at, set)| Some((*at, (*set)?)));
        set.reduce(earlier)
    }
}

fn sooner(
    one: Option<(Moment, Deadline)>,
    other: Option<(Moment, Deadline)>,
) -> Option<(Moment, Deadline)> {
    one.into_iter().chain(other).reduce(earlier)
}

/// The first of them if they are at the same time.
fn earlier(one: (Moment, Deadline), other: (Moment, Deadline)) -> (Moment, Deadline) {
    if other.0.is_before(one.0) { other } else { one }
}
