//! Who is subscribed, and who is to be woken.

use std::{collections::BTreeMap, mem, task::Waker};

/// A place for each subscriber, and the wakers of those who wait.
///
/// What is published wakes all who wait, at a cost that does not depend on how many do, until they
/// are woken: that is done once the topic's lock is free.
#[derive(Default)]
pub(super) struct Places {
    /// Where in `waiting` each is, if it is there.
    all: Vec<u32>,
    free: Vec<u32>,
    waiting: Waiting,
    /// Those who are behind, by the number that makes them too slow when it is published, and by what
    /// they read next: if that leaves the ring before, they are too slow as well.
    alarms: BTreeMap<(u64, u32), (Alarm, Waker)>,
    behind: BTreeMap<(u64, u32), u64>,
}

/// When one that is behind is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alarm {
    /// When this is published.
    pub(super) number: u64,
    /// When this, which it reads next, has left the ring.
    pub(super) next: u64,
}

/// Wakers, and whose they are.
#[derive(Default)]
struct Waiting {
    wakers: Vec<Waker>,
    places: Vec<u32>,
}

/// To be woken outside of the lock.
#[must_use]
pub(super) struct Woken {
    waiting: Vec<Waker>,
    alarmed: Vec<Waker>,
}

impl Places {
    /// Somebody comes; returns where.
    pub(super) fn join(&mut self) -> u32 {
        if let Some(place) = self.free.pop() {
            return place;
        }
        push(&mut self.all, 0);
        index(self.all.len() - 1)
    }

    /// Somebody is gone; returns its waker, to be dropped outside of the lock.
    pub(super) fn leave(&mut self, place: u32) -> Option<Waker> {
        let waker = self.take(place);
        self.free.push(place);
        if self.len() == 0 {
            *self = Self::default();
        }
        waker
    }

    /// Subscribers.
    pub(super) fn len(&self) -> usize {
        self.all.len() - self.free.len()
    }

    /// It waits for what is published next. Returns a waker to drop outside of the lock.
    pub(super) fn wait(&mut self, place: u32, waker: &Waker) -> Option<Waker> {
        if let Some(at) = self.find(place) {
            let waiting = &mut self.waiting.wakers[at];
            let is_stale = !waiting.will_wake(waker);
            return is_stale.then(|| mem::replace(waiting, waker.clone()));
        }
        self.all[place as usize] = index(self.waiting.places.len());
        push(&mut self.waiting.wakers, waker.clone());
        push(&mut self.waiting.places, place);
        None
    }

    /// It is woken when it is too slow. Returns a waker to drop outside of the lock.
    pub(super) fn set_alarm(&mut self, place: u32, alarm: Alarm, waker: Waker) -> Option<Waker> {
        self.behind.insert((alarm.next, place), alarm.number);
        let former = self.alarms.insert((alarm.number, place), (alarm, waker));
        former.map(|(_, waker)| waker)
    }

    /// It is not behind any more.
    pub(super) fn clear_alarm(&mut self, place: u32, alarm: Alarm) -> Option<Waker> {
        self.behind.remove(&(alarm.next, place));
        let removed = self.alarms.remove(&(alarm.number, place));
        removed.map(|(_, waker)| waker)
    }

    /// `number` was published, and the ring begins at `front`: takes all who waited.
    pub(super) fn take_waiting(&mut self, number: u64, front: u64) -> Woken {
        let mut alarmed = Vec::new();
        while let Some(first) = self.alarms.first_entry() {
            if first.key().0 > number {
                break;
            }
            let place = first.key().1;
            let (alarm, waker) = first.remove();
            self.behind.remove(&(alarm.next, place));
            alarmed.push(waker);
        }
        while let Some(first) = self.behind.first_entry() {
            if first.key().0 >= front {
                break;
            }
            let ((_, place), number) = first.remove_entry();
            let removed = self.alarms.remove(&(number, place));
            alarmed.extend(removed.map(|(_, waker)| waker));
        }
        let wakers = &mut self.waiting.wakers;
        let likely = wakers.len();
        let waiting = if likely == 0 {
            Vec::new()
        } else {
            self.waiting.places.clear();
            mem::replace(wakers, Vec::with_capacity(likely))
        };
        Woken { waiting, alarmed }
    }

    fn take(&mut self, place: u32) -> Option<Waker> {
        let at = self.find(place)?;
        self.waiting.places.swap_remove(at);
        if let Some(moved) = self.waiting.places.get(at) {
            self.all[*moved as usize] = index(at);
        }
        Some(self.waiting.wakers.swap_remove(at))
    }

    /// Where in `waiting` it is.
    fn find(&self, place: u32) -> Option<usize> {
        let at = self.all[place as usize] as usize;
        let waits = self.waiting.places.get(at)?;
        (*waits == place).then_some(at)
    }
}

/// Appends it. The memory grows by an eighth at a time: for thousands of subscribers, doubling would
/// be what one of them weighs most.
fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 4);
    }
    list.push(item);
}

fn index(at: usize) -> u32 {
    u32::try_from(at).expect("there are fewer subscribers than 2^32")
}

impl Woken {
    pub(super) fn wake(self) {
        for waker in self.waiting {
            waker.wake();
        }
        for waker in self.alarmed {
            waker.wake();
        }
    }
}
