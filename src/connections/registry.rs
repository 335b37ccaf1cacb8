//! Who is there, under one lock.
//!
//! The lock is held for a few hundred nanoseconds, and for one page of the list at most: under it
//! nobody is woken, no connection's lock is taken, and nothing of others is dropped.

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    fmt,
    ops::Bound,
    pin::pin,
    sync::{Arc, PoisonError, Weak},
    task::{Context, Poll, Waker},
    time::Instant,
};

use tokio::sync::Notify;

use super::{
    control::{Control, Order},
    id::ConnectionId,
    key::ConnectionKey,
};
use crate::{
    handshake::Rejection,
    sync::{Mutex, MutexGuard},
};

/// Entries that are looked at under one lock.
const PAGE: usize = 64;

/// Keys below which the map does not shrink.
const FEW_KEYS: usize = 64;

pub(super) struct Registry {
    state: Mutex<State>,
    /// Nobody is left.
    finished: Notify,
}

struct State {
    limits: Limits,
    stage: Stage,
    next: ConnectionId,
    entries: BTreeMap<ConnectionId, Entry>,
    /// Those that have a connection, and how many.
    keys: HashMap<ConnectionKey, usize>,
    /// Handlers that run.
    at_work: usize,
    ended: Ended,
}

pub(super) struct Limits {
    pub(super) max: usize,
    pub(super) max_per_key: usize,
    /// Seconds.
    pub(super) retry_after: u32,
}

/// How far the end of all has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Serving,
    /// New ones are still accepted.
    Leaving,
    /// New ones are refused.
    Draining,
}

/// Connections that have ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ended {
    pub(super) clean: usize,
    pub(super) cut: usize,
}

pub(super) struct Entry {
    pub(super) key: Option<ConnectionKey>,
    pub(super) progress: Progress,
}

pub(super) enum Progress {
    /// The request was accepted; the transport is to come.
    Accepted {
        order: Option<Order>,
        waker: Option<Waker>,
    },
    Open {
        connection: Weak<dyn Control>,
        since: Instant,
    },
}

impl Registry {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                limits: Limits {
                    max: usize::MAX,
                    max_per_key: usize::MAX,
                    retry_after: 5,
                },
                stage: Stage::Serving,
                next: ConnectionId::FIRST,
                entries: BTreeMap::new(),
                keys: HashMap::new(),
                at_work: 0,
                ended: Ended::default(),
            }),
            finished: Notify::new(),
        })
    }

    pub(super) fn limit(&self, set: impl FnOnce(&mut Limits)) {
        set(&mut self.lock().limits);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    pub(super) fn of_key(&self, key: &ConnectionKey) -> usize {
        self.lock().keys.get(key).copied().unwrap_or(0)
    }

    pub(super) fn stage(&self) -> Stage {
        self.lock().stage
    }

    /// Later stages stay.
    pub(super) fn advance(&self, stage: Stage) {
        let mut all = self.lock();
        all.stage = all.stage.max(stage);
        self.drop_and_tell(all);
    }

    pub(super) fn ended(&self) -> Ended {
        self.lock().ended
    }

    pub(super) fn at_work(&self) -> usize {
        self.lock().at_work
    }

    /// Enters a connection, if there is room for it.
    pub(super) fn enter(&self, key: Option<ConnectionKey>) -> Result<ConnectionId, Rejection> {
        let mut all = self.lock();
        let all = &mut *all;
        let retry_after = all.limits.retry_after;
        if all.stage == Stage::Draining {
            return Err(Rejection::Draining { retry_after });
        }
        if all.entries.len() >= all.limits.max {
            return Err(Rejection::TooManyConnections { retry_after });
        }
        if let Some(key) = &key {
            let max = all.limits.max_per_key;
            match all.keys.get_mut(key) {
                Some(count) if *count < max => *count += 1,
                None if max > 0 => _ = all.keys.insert(key.clone(), 1),
                _ => return Err(Rejection::TooManyOfKey { retry_after }),
            }
        }
        let id = all.next;
        all.next = id.next();
        let progress = Progress::Accepted {
            order: None,
            waker: None,
        };
        all.entries.insert(id, Entry { key, progress });
        Ok(id)
    }

    /// The transport is here. Returns what was ordered before.
    pub(super) fn open(&self, id: ConnectionId, connection: Weak<dyn Control>) -> Option<Order> {
        // One look at the clock for each connection; tokio's, which tests can stop.
        let since = tokio::time::Instant::now().into_std();
        let open = Progress::Open { connection, since };
        let mut all = self.lock();
        let entry = all.entries.get_mut(&id)?;
        let before = std::mem::replace(&mut entry.progress, open);
        drop(all);
        match before {
            Progress::Accepted { order, .. } => order,
            Progress::Open { .. } => None,
        }
    }

    /// Ready when a connection that is accepted is not to be opened any more.
    pub(super) fn poll_cut(&self, id: ConnectionId, cx: &mut Context<'_>) -> Poll<()> {
        let mine = cx.waker().clone();
        let mut all = self.lock();
        let Some(entry) = all.entries.get_mut(&id) else {
            return Poll::Ready(());
        };
        let stale = match &mut entry.progress {
            Progress::Accepted {
                order: Some(Order::Cut),
                ..
            } => return Poll::Ready(()),
            Progress::Accepted { waker, .. } => waker.replace(mine),
            Progress::Open { .. } => None,
        };
        drop(all);
        drop(stale);
        Poll::Pending
    }

    /// Has a connection do something, now or as soon as it opens. Returns whether it is there.
    pub(super) fn order(&self, id: ConnectionId, order: Order) -> bool {
        let mut all = self.lock();
        let Some(entry) = all.entries.get_mut(&id) else {
            return false;
        };
        match &mut entry.progress {
            Progress::Open { connection, .. } => {
                let connection = connection.upgrade();
                drop(all);
                if let Some(connection) = &connection {
                    order.carry_out(&**connection);
                }
                connection.is_some()
            }
            Progress::Accepted {
                order: before,
                waker,
            } => {
                let (stale, waker) = match (&before, &order) {
                    // Nobody takes back what was ordered first, but to cut is more than to close.
                    (Some(_), Order::Close(_)) | (Some(Order::Cut), _) => (Some(order), None),
                    (_, Order::Close(_)) => (before.replace(order), None),
                    (_, Order::Cut) => (before.replace(order), waker.take()),
                };
                drop(all);
                drop(stale);
                if let Some(waker) = waker {
                    waker.wake();
                }
                true
            }
        }
    }

    /// The connection is gone, with its transport.
    pub(super) fn leave(&self, id: ConnectionId, is_clean: bool) {
        let mut all = self.lock();
        let Some(entry) = all.entries.remove(&id) else {
            return;
        };
        let stale = entry.key.as_ref().and_then(|key| all.leave_key(key));
        match (&entry.progress, is_clean) {
            (Progress::Accepted { .. }, _) => {}
            (Progress::Open { .. }, true) => all.ended.clean += 1,
            (Progress::Open { .. }, false) => all.ended.cut += 1,
        }
        self.drop_and_tell(all);
        drop((entry, stale));
    }

    pub(super) fn begin_work(&self) {
        self.lock().at_work += 1;
    }

    pub(super) fn end_work(&self) {
        let mut all = self.lock();
        all.at_work -= 1;
        self.drop_and_tell(all);
    }

    /// Waits until there is neither a connection nor a handler, for good.
    pub(super) async fn finished(&self) {
        loop {
            let mut finished = pin!(self.finished.notified());
            finished.as_mut().enable();
            if self.lock().is_finished() {
                return;
            }
            finished.await;
        }
    }

    /// What `f` makes of the entries behind `after`, as many as are looked at under one lock;
    /// empty after the last.
    pub(super) fn page<T>(
        &self,
        after: Option<ConnectionId>,
        mut f: impl FnMut(ConnectionId, &Entry) -> T,
    ) -> Vec<T> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let all = self.lock();
        let entries = all.entries.range((from, Bound::Unbounded));
        entries
            .take(PAGE)
            .map(|(id, entry)| f(*id, entry))
            .collect()
    }

    #[cfg(test)]
    pub(super) fn keys_kept(&self) -> usize {
        self.lock().keys.capacity()
    }

    fn drop_and_tell(&self, all: MutexGuard<'_, State>) {
        let is_finished = all.is_finished();
        drop(all);
        if is_finished {
            self.finished.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_finished(&self) -> bool {
        self.stage == Stage::Draining && self.entries.is_empty() && self.at_work == 0
    }

    /// A connection of `key` is gone. Returns what is to be dropped once the lock is free.
    fn leave_key(&mut self, key: &ConnectionKey) -> Option<ConnectionKey> {
        let hash_map::Entry::Occupied(mut count) = self.keys.entry(key.clone()) else {
            return None;
        };
        *count.get_mut() -= 1;
        if *count.get() > 0 {
            return None;
        }
        let (key, _) = count.remove_entry();
        // Once in so many removals.
        if self.keys.len() < self.keys.capacity() / 8 && self.keys.capacity() > FEW_KEYS {
            self.keys.shrink_to(self.keys.len() * 2);
        }
        Some(key)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.lock();
        f.debug_struct("Connections")
            .field("len", &all.entries.len())
            .field("max", &all.limits.max)
            .field("max_per_key", &all.limits.max_per_key)
            .field("stage", &all.stage)
            .finish_non_exhaustive()
    }
}
