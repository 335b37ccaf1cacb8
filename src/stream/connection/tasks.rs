//! The tasks of a connection: who drives its transport, who waits for it, and who is to be woken.

use std::{
    mem,
    sync::Arc,
    task::{Context, Waker},
};

use super::waiters::{Kind, Kinds, Ticket, Waiters};
use crate::stream::transport::coop::wake_later;

/// Who has the connection's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The handle of a socket without a supervisor: it drives the transport itself.
    Unsupervised,
    /// The handler, in its supervisor's task: it may use the transport, and the
    /// supervisor writes what it queues.
    Handler,
    /// Another task: it leaves the transport to the supervisor.
    Elsewhere,
}

/// Whoever is to be woken is noted under the connection's lock, and woken once that is free.
#[derive(Debug)]
pub(super) struct Tasks {
    /// What the transport is polled with: the supervisor, or whoever waits.
    io_waker: Waker,
    driver: Driver,
    caller: Caller,
    /// Sockets and halves that keep it open.
    handles: usize,
    /// The last handle is gone, and the closing was started for that.
    abandoned: bool,
    /// Allocated when first needed: a handler in its own task needs none.
    waiters: Option<Arc<Waiters>>,
    due: Due,
}

/// Who polls the transport.
#[derive(Clone, Copy, Debug)]
pub(super) enum Driver {
    /// Whoever uses a handle.
    Unsupervised,
    /// The same; a ping was handed over, and the answer may not have left.
    UnsupervisedOwingPong,
    /// The supervisor, and the handler in its task.
    Supervisor,
    /// The same; it was woken and has not run since.
    SupervisorNudged,
}

/// Who is to be woken when the lock is free.
#[derive(Clone, Copy, Debug, Default)]
struct Due {
    waiting: Kinds,
    supervisor: bool,
    /// Nobody, but something is to be dropped.
    remains: bool,
}

impl Tasks {
    /// There is one handle.
    pub(super) fn new(driver: Driver) -> Self {
        Self {
            io_waker: Waker::noop().clone(),
            driver,
            caller: Caller::Elsewhere,
            handles: 1,
            abandoned: false,
            waiters: None,
            due: Due::default(),
        }
    }

    #[inline]
    pub(super) const fn is_supervised(&self) -> bool {
        matches!(self.driver, Driver::Supervisor | Driver::SupervisorNudged)
    }

    /// Who has the lock.
    #[inline]
    pub(super) const fn caller(&self) -> Caller {
        self.caller
    }

    /// The lock was taken.
    #[inline]
    pub(super) const fn enter(&mut self, caller: Caller) {
        self.caller = caller;
    }

    /// What the transport is to be polled with.
    #[inline]
    pub(super) const fn io_context(&self) -> Context<'_> {
        Context::from_waker(&self.io_waker)
    }

    /// Wakes whoever drives the transport.
    pub(super) const fn driver(&self) -> &Waker {
        &self.io_waker
    }

    /// Whether `waker` wakes whoever drives the transport.
    pub(super) fn is_driver(&self, waker: &Waker) -> bool {
        waker.will_wake(&self.io_waker)
    }

    /// The supervisor's task is polled with `waker`. Returns a waker to drop once the lock is free.
    #[inline]
    pub(super) fn begin_turn(&mut self, waker: &Waker) -> Option<Waker> {
        self.driver = Driver::Supervisor;
        let stale = !self.is_driver(waker);
        stale.then(|| mem::replace(&mut self.io_waker, waker.clone()))
    }

    /// Before a socket without a supervisor polls its transport: all who wait are woken by it,
    /// whoever polled last.
    pub(super) fn wake_waiters_by_io(&mut self) {
        if self.waiters.is_none() {
            self.io_waker = Waker::from(self.waiters().clone());
        }
    }

    /// Whether a ping was handed over without a supervisor whose answer may not have left.
    pub(super) const fn owes_pong(&self) -> bool {
        matches!(self.driver, Driver::UnsupervisedOwingPong)
    }

    pub(super) const fn set_owes_pong(&mut self, owes: bool) {
        if !self.is_supervised() {
            self.driver = if owes {
                Driver::UnsupervisedOwingPong
            } else {
                Driver::Unsupervised
            };
        }
    }

    pub(super) fn add_handle(&mut self) {
        self.handles += 1;
    }

    /// Returns whether that was the last one.
    pub(super) fn drop_handle(&mut self) -> bool {
        self.handles -= 1;
        let is_last = self.handles == 0;
        if is_last && self.caller == Caller::Elsewhere {
            self.wake_supervisor();
        }
        is_last
    }

    /// Whether the last handle is gone since it was asked last.
    pub(super) const fn take_abandonment(&mut self) -> bool {
        self.handles == 0 && !mem::replace(&mut self.abandoned, true)
    }

    /// A task waits for a message.
    pub(super) fn park_recv(&mut self, waker: &Waker) {
        if self.needs_place(waker) {
            self.due.remains |= self.waiters().park_recv(waker);
        }
    }

    /// A task waits for something else.
    pub(super) fn park(&mut self, kind: Kind, ticket: &mut Ticket, waker: &Waker) {
        if self.caller == Caller::Elsewhere {
            self.wake_supervisor();
        }
        if self.needs_place(waker) {
            self.due.remains |= self.waiters().park(kind, ticket, waker);
        }
    }

    /// The handler is polled whenever its supervisor's task is.
    fn needs_place(&self, waker: &Waker) -> bool {
        self.caller != Caller::Handler || !self.is_driver(waker)
    }

    /// Whether a task other than the supervisor's waits for a message.
    pub(super) fn is_awaited(&self) -> bool {
        self.waiters.as_ref().is_some_and(|w| w.is_awaited())
    }

    /// Whether the transport of a socket without a supervisor has brought nothing since whoever
    /// sends looked last.
    pub(super) fn is_quiet(&self) -> bool {
        self.waiters.as_ref().is_some_and(|w| w.is_quiet())
    }

    pub(super) fn set_quiet(&self, quiet: bool) {
        if let Some(waiters) = &self.waiters {
            waiters.set_quiet(quiet);
        }
    }

    /// Wakes who waits for a message.
    pub(super) fn wake_recv(&mut self) {
        self.wake(Kinds::MESSAGE);
    }

    /// Whether a task other than the supervisor's has waited yet.
    #[inline]
    pub(super) const fn has_waiters(&self) -> bool {
        self.waiters.is_some()
    }

    #[inline]
    pub(super) fn wake(&mut self, kinds: Kinds) {
        if self.waiters.is_some() {
            self.due.waiting = self.due.waiting | kinds;
        }
    }

    pub(super) fn wake_supervisor(&mut self) {
        self.due.supervisor = self.is_supervised();
    }

    pub(super) fn wake_everyone(&mut self) {
        self.wake(Kinds::ALL);
        self.wake_supervisor();
    }

    /// Wakes whoever drives the transport once others have had their turn.
    pub(super) fn wake_later(&self) {
        wake_later(&mut self.io_context());
    }

    /// Wakes nobody, perhaps, but there is something to do once the lock is free.
    pub(super) const fn expect_aftermath(&mut self) {
        self.due.remains = true;
    }

    /// Whether something is to be done once the lock is free.
    #[inline]
    pub(super) const fn has_aftermath(&self) -> bool {
        let due = self.due;
        due.supervisor || due.remains || !due.waiting.is_empty()
    }

    /// Wakes whoever is to be woken; not to be called under the lock.
    pub(super) fn take_wakes(&mut self) -> impl FnOnce() + use<> {
        let due = mem::take(&mut self.due);
        let waiters = self.waiters.clone();
        let waiters = waiters.filter(|_| due.remains || !due.waiting.is_empty());
        let supervisor = match self.driver {
            Driver::Supervisor if due.supervisor => {
                self.driver = Driver::SupervisorNudged;
                Some(self.io_waker.clone())
            }
            _ => None,
        };
        move || {
            if let Some(waiters) = waiters {
                if due.remains {
                    waiters.drop_stale();
                }
                if !due.waiting.is_empty() {
                    waiters.wake(due.waiting);
                }
            }
            if let Some(supervisor) = supervisor {
                supervisor.wake();
            }
        }
    }

    fn waiters(&mut self) -> &Arc<Waiters> {
        self.waiters.get_or_insert_default()
    }
}
