//! A room on one node: the newest entries of its log, and who listens.
//!
//! The seam between history and live is here. A client that joins stands somewhere in the log,
//! and [`Room::step`] says how it gets further: from the log, from the node's memory, or, once it
//! stands where the room does, live. Where it stands is compared under the lock under which
//! entries are published. So between its last entry of history and its first live one, none is
//! left out, and none comes twice.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, OnceCell, futures::Notified};
use tower_websock::{Lag, PreparedMessage, Subscription, Topic, TopicConfig, WebSocket};

use crate::{id::Id, wire::News};

/// Entries that a node keeps of a room, so that who comes back soon needs no Redis.
const KEPT: usize = 1000;
/// And their bytes.
const KEPT_BYTES: usize = 1 << 20;
/// Entries that a client without `?after=` gets.
const SHOWN: usize = 50;
/// Entries that are sent between two looks at the room.
const BATCH: usize = 64;

/// Who is behind by more, or for longer, is closed with 1013. It comes back with `?after=`, so
/// nothing is left out for it, and its node holds no more for it than for others.
const SLOW: Lag = Lag::Close {
    messages: 500,
    time: Duration::from_secs(10),
};

/// A message that was published.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) message: PreparedMessage,
}

pub(crate) struct Room {
    pub(crate) name: String,
    /// Set once the node knows the newest entries of the log.
    pub(crate) ready: OnceCell<()>,
    topic: Topic,
    tail: Mutex<Tail>,
    grown: Notify,
    people: Mutex<People>,
}

/// The newest entries, in order.
#[derive(Default)]
struct Tail {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// All entries that are greater than this are here.
    floor: Id,
}

#[derive(Default)]
struct People {
    /// How often a name is in the room by sockets of this node.
    ours: BTreeMap<String, usize>,
    /// Who is in the room, as it was told last.
    everywhere: Arc<[String]>,
}

/// How a client that has all up to some id gets further.
pub(crate) enum Step {
    /// It has all, and gets what is published from now on, as long as it keeps this.
    Live(Subscription),
    /// These come next.
    Send(Vec<Entry>),
    /// What comes next is older than what the node keeps: ask the log for what is after its id,
    /// up to this one. It may be that there is nothing.
    Older { until: Id },
    /// It has more than the node: the node has not yet read that, or the log has lost it.
    Ahead,
}

impl Room {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            ready: OnceCell::new(),
            topic: Topic::with_config(TopicConfig::new().lag(SLOW)),
            tail: Mutex::default(),
            grown: Notify::new(),
            people: Mutex::default(),
        }
    }

    /// Begins with the newest entries of the log. There may be older ones.
    pub(crate) fn begin(&self, newest: Vec<Entry>) {
        lock(&self.tail).floor = newest.first().map_or(Id::ZERO, |entry| entry.id.before());
        self.deliver(newest);
    }

    /// Whether its newest entries were read, so that what follows them may be delivered.
    pub(crate) fn has_begun(&self) -> bool {
        self.ready.initialized()
    }

    /// Takes entries from the log, in order. Those that the room has already are left out.
    pub(crate) fn deliver(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut tail = lock(&self.tail);
        for entry in entries {
            self.push(&mut tail, entry);
        }
    }

    /// Makes an entry. Only where there is no other log than this node's memory.
    pub(crate) fn append(&self, millis: u64, entry: impl FnOnce(Id) -> Entry) -> Id {
        let mut tail = lock(&self.tail);
        let id = tail.last().following(millis);
        self.push(&mut tail, entry(id));
        id
    }

    fn push(&self, tail: &mut Tail, entry: Entry) {
        if entry.id <= tail.last() {
            return;
        }
        // Never waits.
        self.topic.publish(entry.message.clone());
        tail.bytes += entry.message.len();
        tail.entries.push_back(entry);
        // The last one stays: it says where the room is.
        while tail.entries.len() > 1 && (tail.entries.len() > KEPT || tail.bytes > KEPT_BYTES) {
            if let Some(oldest) = tail.entries.pop_front() {
                tail.bytes -= oldest.message.len();
                tail.floor = oldest.id;
            }
        }
        self.grown.notify_waiters();
    }

    /// How a client that has all up to `at` gets further.
    pub(crate) fn step(&self, at: Id, socket: &WebSocket) -> Step {
        let tail = lock(&self.tail);
        if at == tail.last() {
            // Nothing can be published meanwhile.
            return Step::Live(socket.subscribe(&self.topic));
        }
        if at > tail.last() {
            return Step::Ahead;
        }
        if at < tail.floor {
            return Step::Older { until: tail.floor };
        }
        let next = tail.entries.partition_point(|entry| entry.id <= at);
        Step::Send(tail.entries.range(next..).take(BATCH).cloned().collect())
    }

    /// Where a client begins that has nothing.
    pub(crate) fn recent(&self) -> Id {
        let tail = lock(&self.tail);
        match tail.entries.len().checked_sub(SHOWN) {
            Some(first) => tail.entries[first].id.before(),
            None => tail.floor,
        }
    }

    /// The last entry that the node has read.
    pub(crate) fn last(&self) -> Id {
        lock(&self.tail).last()
    }

    /// Ready at the next entry after this call.
    pub(crate) fn grown(&self) -> Notified<'_> {
        self.grown.notified()
    }

    pub(crate) fn enter(&self, name: &str) {
        *lock(&self.people).ours.entry(name.into()).or_default() += 1;
    }

    pub(crate) fn leave(&self, name: &str) {
        let ours = &mut lock(&self.people).ours;
        if let Some(count) = ours.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                ours.remove(name);
            }
        }
    }

    /// Who is in the room by a socket of this node.
    pub(crate) fn ours(&self) -> Vec<String> {
        lock(&self.people).ours.keys().cloned().collect()
    }

    /// Who is in the room, as it was told last.
    pub(crate) fn everywhere(&self) -> Arc<[String]> {
        lock(&self.people).everywhere.clone()
    }

    /// Tells the room who is in it, if that has changed.
    pub(crate) fn tell(&self, names: &[String]) {
        {
            let mut people = lock(&self.people);
            if *people.everywhere == *names {
                return;
            }
            people.everywhere = names.into();
        }
        self.topic.publish(News::Here { names }.to_prepared());
    }
}

impl Tail {
    /// Zero if the log is empty.
    fn last(&self) -> Id {
        self.entries.back().map_or(Id::ZERO, |entry| entry.id)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
