//! What a topic holds for those who have not read it yet.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    mem,
};

use tokio::time::Instant;

use super::{SubscriberId, TopicConfig, TopicKey};
use crate::message::PreparedMessage;

/// Entries that an empty ring keeps memory for.
const KEPT: usize = 16;

/// The last messages, numbered from 0 on.
///
/// It knows how many subscribers are to read each message next, so that what all have read is
/// dropped: to move a subscriber costs the same however far it moves.
pub(super) struct Ring {
    capacity: usize,
    max_bytes: usize,
    entries: VecDeque<Entry>,
    /// The number of the first of them.
    front: u64,
    bytes: usize,
    /// Subscribers that have read everything.
    caught_up: usize,
    newest: Newest,
}

pub(super) struct Entry {
    pub(super) message: PreparedMessage,
    /// The subscriber that published it, and does not get it.
    pub(super) from: Option<SubscriberId>,
    pub(super) at: Instant,
    key: Kind,
    /// Subscribers that are to read it next.
    here: usize,
}

/// Messages without a key are of one kind.
type Kind = Option<TopicKey>;

/// The newest message of each kind, for those who want only these.
#[derive(Default)]
struct Newest {
    /// Such subscribers. Without any, nothing is noted.
    subscribers: usize,
    numbers: HashMap<Kind, u64>,
    /// Those that have left the ring.
    kept: BTreeMap<u64, Entry>,
    kept_bytes: usize,
}

impl Ring {
    pub(super) fn new(config: &TopicConfig) -> Self {
        Self {
            capacity: config.capacity,
            max_bytes: config.max_bytes,
            entries: VecDeque::new(),
            front: 0,
            bytes: 0,
            caught_up: 0,
            newest: Newest::default(),
        }
    }

    /// The number of the next message.
    pub(super) fn end(&self) -> u64 {
        self.front + self.entries.len() as u64
    }

    /// The number of the oldest message that is held.
    pub(super) const fn front(&self) -> u64 {
        self.front
    }

    /// Messages that it has room for.
    pub(super) const fn capacity(&self) -> u64 {
        self.capacity as u64
    }

    /// Messages that are held, and the bytes of their payloads.
    pub(super) fn held(&self) -> (usize, usize) {
        let Newest {
            kept, kept_bytes, ..
        } = &self.newest;
        (self.entries.len() + kept.len(), self.bytes + kept_bytes)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Entry> {
        let index = number.checked_sub(self.front)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// Publishes a message.
    pub(super) fn push(
        &mut self,
        message: PreparedMessage,
        key: Kind,
        from: Option<SubscriberId>,
        at: Instant,
    ) {
        self.newest.note(&key, self.end());
        self.bytes += message.len();
        self.entries.push_back(Entry {
            message,
            from,
            at,
            key,
            here: mem::take(&mut self.caught_up),
        });
        self.drop_read();
        while self.entries.len() > self.capacity
            || (self.bytes > self.max_bytes && self.entries.len() > 1)
        {
            self.evict();
        }
    }

    /// A subscriber comes, for what is published from now on.
    pub(super) fn join(&mut self, latest: bool) -> u64 {
        self.newest.subscribers += usize::from(latest);
        self.caught_up += 1;
        self.end()
    }

    /// One that was to read `number` next is gone.
    pub(super) fn leave(&mut self, number: u64, latest: bool) {
        *self.readers_at(number) -= 1;
        if latest {
            self.newest.leave();
        }
        self.drop_read();
    }

    /// One that was to read `from` next is to read `to` next.
    pub(super) fn advance(&mut self, from: u64, to: u64) {
        *self.readers_at(from) -= 1;
        *self.readers_at(to) += 1;
        self.drop_read();
    }

    /// The first message from `number` on that is the newest of its kind, and its number.
    pub(super) fn newest_from(&self, number: u64) -> Option<(u64, &Entry)> {
        if number < self.front {
            if let Some((number, entry)) = self.newest.kept.range(number..).next() {
                return Some((*number, entry));
            }
        }
        let mut number = number.max(self.front);
        loop {
            let entry = self.get(number)?;
            if self.newest.is(&entry.key, number) {
                return Some((number, entry));
            }
            number += 1;
        }
    }

    /// How many are to read that one next; whoever should read what has left reads the oldest next.
    fn readers_at(&mut self, number: u64) -> &mut usize {
        let index = number.saturating_sub(self.front);
        let entry = usize::try_from(index).ok();
        match entry.and_then(|index| self.entries.get_mut(index)) {
            Some(entry) => &mut entry.here,
            None => &mut self.caught_up,
        }
    }

    /// Drops what all have read.
    fn drop_read(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.here == 0) {
            if let Some((number, entry)) = self.pop() {
                self.newest.forget(&entry.key, number);
            }
        }
        if self.entries.is_empty() {
            // Nobody is behind.
            self.newest.drop_all();
            self.newest.numbers.shrink_to(KEPT);
            self.entries.shrink_to(KEPT);
        }
    }

    /// Drops the oldest, which some have not read.
    fn evict(&mut self) {
        let Some((number, mut entry)) = self.pop() else {
            return;
        };
        let lapped = mem::take(&mut entry.here);
        *self.readers_at(self.front) += lapped;
        self.newest
            .keep(number, entry, self.capacity, self.max_bytes);
    }

    fn pop(&mut self) -> Option<(u64, Entry)> {
        let entry = self.entries.pop_front()?;
        let number = self.front;
        self.front += 1;
        self.bytes -= entry.message.len();
        Some((number, entry))
    }
}

impl Newest {
    /// A message was published under this number.
    fn note(&mut self, kind: &Kind, number: u64) {
        if self.subscribers == 0 {
            return;
        }
        if let Some(older) = self.numbers.insert(kind.clone(), number) {
            self.drop_kept(older);
        }
    }

    /// Whether none of the same kind came after it.
    fn is(&self, kind: &Kind, number: u64) -> bool {
        self.numbers.get(kind) == Some(&number)
    }

    /// A message is gone that all have read.
    fn forget(&mut self, kind: &Kind, number: u64) {
        if self.subscribers > 0 && self.is(kind, number) {
            self.numbers.remove(kind);
        }
    }

    /// A message has left the ring that some have not read.
    fn keep(&mut self, number: u64, entry: Entry, most: usize, most_bytes: usize) {
        if self.subscribers == 0 || !self.is(&entry.key, number) {
            return;
        }
        self.kept_bytes += entry.message.len();
        self.kept.insert(number, entry);
        while self.kept.len() > most || (self.kept_bytes > most_bytes && self.kept.len() > 1) {
            let Some((&oldest, entry)) = self.kept.first_key_value() else {
                return;
            };
            let key = entry.key.clone();
            self.drop_kept(oldest);
            self.numbers.remove(&key);
        }
    }

    fn drop_kept(&mut self, number: u64) {
        if let Some(entry) = self.kept.remove(&number) {
            self.kept_bytes -= entry.message.len();
        }
    }

    /// None is to be read.
    fn drop_all(&mut self) {
        if !self.numbers.is_empty() {
            *self = Self {
                subscribers: self.subscribers,
                ..Self::default()
            };
        }
    }

    fn leave(&mut self) {
        self.subscribers -= 1;
        if self.subscribers == 0 {
            *self = Self::default();
        }
    }
}
