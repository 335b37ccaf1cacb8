//! The tasks that wait for a connection.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    task::{Wake, Waker},
};

/// At most one task that receives and one that sends; they may be the same.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    recv: Option<Waker>,
    send: Option<Waker>,
}

impl Waiters {
    pub(super) fn park_recv(&self, waker: &Waker) {
        self.with(|slots| store(&mut slots.recv, waker));
    }

    pub(super) fn park_send(&self, waker: &Waker) {
        self.with(|slots| store(&mut slots.send, waker));
    }

    /// Whether a task waits for a message.
    pub(super) fn wants_message(&self) -> bool {
        self.with(|slots| slots.recv.is_some())
    }

    pub(super) fn wake_recv(&self) {
        wake(self.with(|slots| slots.recv.take()));
    }

    pub(super) fn wake_send(&self) {
        wake(self.with(|slots| slots.send.take()));
    }

    pub(super) fn wake_all(&self) {
        let Slots { recv, send } = self.with(mem::take);
        wake(recv);
        wake(send);
    }

    fn with<R>(&self, f: impl FnOnce(&mut Slots) -> R) -> R {
        f(&mut self.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// As the waker that the IO is polled with: whichever half polled last, both are woken.
impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}

fn store(slot: &mut Option<Waker>, waker: &Waker) {
    match slot {
        Some(stored) => stored.clone_from(waker),
        None => *slot = Some(waker.clone()),
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
