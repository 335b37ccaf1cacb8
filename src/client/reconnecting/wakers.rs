//! Who waits.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    task::{Wake, Waker},
};

/// The task that receives and the one that sends, which may be the same. Either of them opens
/// connections, and what that waits for wakes both.
#[derive(Debug, Default)]
pub(super) struct Wakers(Mutex<[Option<Waker>; 2]>);

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Receiver,
    Sender,
}

impl Wakers {
    /// The task waits from now on.
    pub(super) fn register(&self, side: Side, waker: &Waker) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = &mut places[side as usize];
        let stale = match place {
            Some(known) if known.will_wake(waker) => None,
            _ => place.replace(waker.clone()),
        };
        drop(places);
        drop(stale);
    }

    /// Wakes those who wait.
    pub(super) fn wake_all(&self) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wakers = mem::take(&mut *places);
        drop(places);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}
