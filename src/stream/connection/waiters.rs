//! The tasks that wait for a connection.

use std::{
    collections::VecDeque,
    mem,
    ops::BitOr,
    sync::{Arc, PoisonError, atomic::Ordering},
    task::{Wake, Waker},
};

use crate::sync::{AtomicBool, Mutex};

/// Places that an empty queue keeps memory for.
const KEPT: usize = 8;

/// At most one task that receives, and any number of others, each in the queue of what it waits for.
///
/// When that comes, all who wait for it are woken, not only as many as may go on: a task that was woken
/// may have lost interest, or be slow to look, and would strand the others. So one event costs one wake for
/// each task that waits for it, and those who find it used up wait again.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    places: Mutex<Places>,
    /// Whoever sends has found nothing to read, and the transport has not woken anybody since.
    quiet: AtomicBool,
}

/// What a task waits for that does not wait for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Room to queue another message.
    Room,
    /// Something is written.
    Written,
    /// Nothing can be sent any more.
    Closed,
    /// The closing is done.
    End,
}

/// Kinds of waiting, and that for a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds(u8);

/// What a call that may have to wait keeps meanwhile. Its place in a queue is free again when it is
/// dropped.
///
/// Allocated when it waits, since most calls do not: a future that sends is moved more quickly.
#[derive(Debug, Default)]
pub(crate) struct Ticket(Option<Box<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    place: Option<Place>,
    /// How much is to be written in all, if that is what is waited for.
    mark: Option<u64>,
}

#[derive(Debug)]
struct Place {
    waiters: Arc<Waiters>,
    kind: Kind,
    id: u64,
}

#[derive(Debug, Default)]
struct Places {
    message: Option<Waker>,
    /// One for each kind, or none as long as nobody has waited.
    queues: Vec<Queue>,
    last_id: u64,
    /// Wakers that others have taken the place of.
    stale: Vec<Waker>,
}

/// In the order in which they came, which is that of their ids.
#[derive(Debug, Default)]
struct Queue(VecDeque<(u64, Waker)>);

impl Kinds {
    pub(super) const NONE: Self = Self(0);
    pub(super) const MESSAGE: Self = Self(1 << Kind::COUNT);
    pub(super) const ROOM: Self = Self(1 << Kind::Room as u8);
    pub(super) const WRITTEN: Self = Self(1 << Kind::Written as u8);
    pub(super) const CLOSED: Self = Self(1 << Kind::Closed as u8);
    /// All but those for a message.
    pub(super) const SENDERS: Self = Self(Self::MESSAGE.0 - 1);
    pub(super) const ALL: Self = Self(u8::MAX);

    #[inline]
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn has(self, index: usize) -> bool {
        self.0 & 1 << index != 0
    }
}

impl BitOr for Kinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Kind {
    const COUNT: usize = 4;
}

impl Waiters {
    /// A task waits for a message. Returns whether another waker is stale now: see
    /// [`drop_stale`](Self::drop_stale).
    #[must_use]
    pub(super) fn park_recv(&self, waker: &Waker) -> bool {
        self.with(|places| {
            let Places { message, stale, .. } = places;
            match message {
                Some(stored) => keep(stored, waker, stale),
                None => *message = Some(waker.clone()),
            }
            !stale.is_empty()
        })
    }

    /// A task waits for something else. Returns whether a waker is stale now.
    #[must_use]
    pub(super) fn park(self: &Arc<Self>, kind: Kind, ticket: &mut Ticket, waker: &Waker) -> bool {
        self.with(|places| {
            if places.queues.is_empty() {
                places.queues.resize_with(Kind::COUNT, Queue::default);
            }
            let waiting = ticket.0.get_or_insert_default();
            if let Some(place) = &waiting.place {
                let queue = &mut places.queues[place.kind as usize];
                if place.kind != kind {
                    places.stale.extend(queue.remove(place.id));
                } else if let Some(stored) = queue.get_mut(place.id) {
                    keep(stored, waker, &mut places.stale);
                    return !places.stale.is_empty();
                }
            }
            places.last_id += 1;
            let id = places.last_id;
            places.queues[kind as usize]
                .0
                .push_back((id, waker.clone()));
            let new = || Place {
                waiters: self.clone(),
                kind,
                id,
            };
            let place = waiting.place.get_or_insert_with(new);
            (place.kind, place.id) = (kind, id);
            !places.stale.is_empty()
        })
    }

    /// Drops what is stale; not to be called under a lock, since to drop a waker may drop all
    /// that its task holds.
    pub(super) fn drop_stale(&self) {
        drop(self.with(|places| mem::take(&mut places.stale)));
    }

    /// Whether a task waits for a message.
    pub(super) fn is_awaited(&self) -> bool {
        self.with(|places| places.message.is_some())
    }

    /// Wakes who waits for these now; not to be called under a lock.
    pub(super) fn wake(&self, kinds: Kinds) {
        let (receiver, last) = self.with(|places| {
            let is_for_it = kinds.has(Kind::COUNT);
            let receiver = is_for_it.then(|| places.message.take()).flatten();
            (receiver, places.last_id)
        });
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        // Those who come later have seen what these are woken for.
        while let Some(waker) = self.with(|places| places.next(kinds, last)) {
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

    fn with<R>(&self, f: impl FnOnce(&mut Places) -> R) -> R {
        f(&mut self.places.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// As the waker that the IO is polled with: whoever polled last, all who wait are woken.
impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set_quiet(false);
        Waiters::wake(self, Kinds::ALL);
    }
}

impl Ticket {
    pub(crate) const NONE: Self = Self(None);

    /// How much is to be written in all, if this was waited for.
    pub(super) fn mark(&self) -> Option<u64> {
        self.0.as_ref()?.mark
    }

    pub(super) fn set_mark(&mut self, mark: u64) {
        self.0.get_or_insert_default().mark = Some(mark);
    }

    /// What was waited for is there, or more is waited for now.
    pub(crate) fn forget_mark(&mut self) {
        if let Some(waiting) = &mut self.0 {
            waiting.mark = None;
        }
    }
}

impl Drop for Ticket {
    /// Short, since it is a part of every future that sends.
    #[inline]
    fn drop(&mut self) {
        #[cold]
        #[inline(never)]
        fn give_up(waiting: Box<Waiting>) {
            drop(waiting);
        }

        if let Some(waiting) = self.0.take() {
            give_up(waiting);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self { kind, id, .. } = *self;
        let waker = self.waiters.with(|places| {
            let queue = places.queues.get_mut(kind as usize)?;
            queue.remove(id)
        });
        drop(waker);
    }
}

impl Places {
    /// Takes one of those who wait for one of these, and have since `last` came or longer.
    fn next(&mut self, kinds: Kinds, last: u64) -> Option<Waker> {
        let queues = self.queues.iter_mut().enumerate();
        let mut due = queues.filter(|(index, _)| kinds.has(*index));
        due.find_map(|(_, queue)| queue.pop(last))
    }
}

impl Queue {
    fn get_mut(&mut self, id: u64) -> Option<&mut Waker> {
        let at = self.position(id)?;
        self.0.get_mut(at).map(|(_, waker)| waker)
    }

    fn remove(&mut self, id: u64) -> Option<Waker> {
        let at = self.position(id)?;
        let removed = self.0.remove(at);
        self.release();
        removed.map(|(_, waker)| waker)
    }

    /// Takes the first, unless it came after `last`.
    fn pop(&mut self, last: u64) -> Option<Waker> {
        self.0.front().filter(|(id, _)| *id <= last)?;
        let popped = self.0.pop_front();
        self.release();
        popped.map(|(_, waker)| waker)
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.0.binary_search_by_key(&id, |(id, _)| *id).ok()
    }

    fn release(&mut self) {
        if self.0.is_empty() && self.0.capacity() > KEPT {
            self.0 = VecDeque::new();
        }
    }
}

/// Has `stored` wake the task of `waker`.
fn keep(stored: &mut Waker, waker: &Waker, stale: &mut Vec<Waker>) {
    if !stored.will_wake(waker) {
        stale.push(mem::replace(stored, waker.clone()));
    }
}
