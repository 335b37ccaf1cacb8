//! What a topic and its subscribers share.

use std::{
    mem,
    sync::{PoisonError, atomic::Ordering},
    task::Waker,
};

use tokio::time::Instant;

use super::{Lag, SubscriberId, TopicConfig, TopicKey, TopicStats, places::Places, ring::Ring};
use crate::{
    message::PreparedMessage,
    observe::{self, TopicPassed},
    sync::{AtomicU64, Mutex, MutexGuard},
};

/// The lock is held for a short time only, and nothing foreign runs under it but the cloning of
/// wakers. It may be taken under that of a connection, and not the other way round.
pub(super) struct Shared {
    lag: Lag,
    name: Option<&'static str>,
    /// The number of the message that is published next, for those who have read all before it.
    end: AtomicU64,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) ring: Ring,
    pub(super) places: Places,
    pub(super) skipped: u64,
    pub(super) closed: u64,
    /// Of those that were left out and closed, how many metrics know of.
    told: (u64, u64),
    told_subscribers: usize,
}

impl Shared {
    pub(super) fn new(config: &TopicConfig) -> Self {
        Self {
            lag: config.lag,
            name: config.name,
            end: AtomicU64::new(0),
            state: Mutex::new(State {
                ring: Ring::new(config),
                places: Places::default(),
                skipped: 0,
                closed: 0,
                told: (0, 0),
                told_subscribers: 0,
            }),
        }
    }

    /// What becomes of those who are behind, unless they say otherwise.
    pub(super) const fn lag(&self) -> Lag {
        self.lag
    }

    /// The number of the message that is published next.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn publish(
        &self,
        message: PreparedMessage,
        key: Option<TopicKey>,
        from: Option<SubscriberId>,
    ) {
        let now = Instant::now();
        let (woken, passed) = {
            let mut state = self.lock();
            let number = state.ring.end();
            state.ring.push(message, key, from, now);
            self.end.store(state.ring.end(), Ordering::Release);
            let passed = self.name.map(|name| (name, state.take_passed()));
            let front = state.ring.front();
            (state.places.take_waiting(number, front), passed)
        };
        woken.wake();
        if let Some((name, passed)) = passed {
            observe::published(name, passed);
        }
    }

    /// Somebody comes, for what is published from now on: what it reads next, and its place.
    pub(super) fn join(&self, lag: Lag, waker: &Waker) -> (u64, u32) {
        let mut state = self.lock();
        let place = state.places.join();
        // It has no waker there yet.
        let _ = state.places.wait(place, waker);
        (state.ring.join(lag.is_latest()), place)
    }

    pub(super) fn stats(&self) -> TopicStats {
        let state = self.lock();
        let (messages, bytes) = state.ring.held();
        TopicStats {
            subscribers: state.places.len(),
            published: state.ring.end(),
            skipped: state.skipped,
            closed: state.closed,
            held_messages: messages,
            held_bytes: bytes,
        }
    }
}

impl State {
    /// What metrics do not know yet.
    fn take_passed(&mut self) -> TopicPassed {
        let (skipped, closed) = mem::replace(&mut self.told, (self.skipped, self.closed));
        let subscribers = self.places.len();
        let former = mem::replace(&mut self.told_subscribers, subscribers);
        TopicPassed {
            skipped: self.skipped - skipped,
            closed: self.closed - closed,
            joined: subscribers.saturating_sub(former),
            left: former.saturating_sub(subscribers),
        }
    }
}

/// Its subscribers are gone, if it has been told of some.
impl Drop for Shared {
    fn drop(&mut self) {
        let Some(name) = self.name else { return };
        let state = self.state.get_mut();
        let passed = state.unwrap_or_else(PoisonError::into_inner).take_passed();
        observe::topic_ended(name, passed);
    }
}
