//! The tasks that wait for a connection.

use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

/// At most one task that receives and one that sends; they may be the same.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    slots: Mutex<Slots>,
    /// Whoever sends has found nothing to read, and the transport has not woken anybody since.
    quiet: AtomicBool,
}

/// What a task waits for: a message, or that something was written, or the end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Recv,
    Send,
}

#[derive(Debug, Default)]
struct Slots {
    waiting: [Option<Waker>; 2],
    /// Wakers that others have taken the place of.
    stale: Vec<Waker>,
}

impl Waiters {
    /// Returns whether another waker is stale now: see [`drop_stale`](Self::drop_stale).
    #[must_use]
    pub(super) fn park(&self, side: Side, waker: &Waker) -> bool {
        self.with(|Slots { waiting, stale }| {
            let slot = &mut waiting[side as usize];
            if slot.as_ref().is_some_and(|stored| stored.will_wake(waker)) {
                return false;
            }
            stale.extend(slot.replace(waker.clone()));
            !stale.is_empty()
        })
    }

    /// Drops what is stale; not to be called under a lock, since to drop a waker may drop all
    /// that its task holds.
    pub(super) fn drop_stale(&self) {
        drop(self.with(|slots| mem::take(&mut slots.stale)));
    }

    pub(super) fn is_parked(&self, side: Side) -> bool {
        self.with(|slots| slots.waiting[side as usize].is_some())
    }

    pub(super) fn wake_side(&self, side: Side) {
        let waker = self.with(|slots| slots.waiting[side as usize].take());
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet.load(Ordering::Acquire)
    }

    /// To be called before the transport is asked, or it may have woken in between.
    pub(super) fn set_quiet(&self, quiet: bool) {
        self.quiet.store(quiet, Ordering::Release);
    }

    fn with<R>(&self, f: impl FnOnce(&mut Slots) -> R) -> R {
        f(&mut self.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// As the waker that the IO is polled with: whichever half polled last, both are woken.
impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set_quiet(false);
        self.wake_side(Side::Recv);
        self.wake_side(Side::Send);
    }
}
