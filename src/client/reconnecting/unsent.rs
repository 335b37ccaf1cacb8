//! What was sent and may not have left.

use std::mem;

use crate::message::Message;

/// What a message costs beside its payload.
const OVERHEAD: usize = 64;
/// Messages that an empty list keeps room for.
const KEPT: usize = 16;

/// Messages from when they are sent until they are flushed or handed back.
#[derive(Debug)]
pub(super) struct Unsent {
    /// Queued on the open connection, whose transport may not have all of them.
    in_flight: Vec<Message>,
    /// What they take.
    bytes: usize,
    /// The most of that at which more can be sent.
    limit: usize,
    /// Those of connections that have ended.
    lost: Vec<Message>,
    told: Told,
}

/// Whether whoever uses the sink knows that messages were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    No,
    Yes,
}

impl Unsent {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            in_flight: Vec::new(),
            bytes: 0,
            limit,
            lost: Vec::new(),
            told: Told::No,
        }
    }

    /// A message is queued.
    pub(super) fn push(&mut self, message: Message) {
        self.bytes += message.len() + OVERHEAD;
        self.in_flight.push(message);
    }

    /// Whether what is in flight must be flushed before more is sent.
    pub(super) const fn is_full(&self) -> bool {
        self.bytes > self.limit
    }

    pub(super) const fn is_in_flight(&self) -> bool {
        self.bytes > 0
    }

    /// The transport has all that is in flight.
    pub(super) fn note_flushed(&mut self) {
        self.bytes = 0;
        self.in_flight.clear();
        self.in_flight.shrink_to(KEPT);
    }

    /// The connection has ended.
    pub(super) fn note_lost(&mut self) {
        if self.is_in_flight() {
            self.bytes = 0;
            self.lost.append(&mut self.in_flight);
            self.told = Told::No;
        }
    }

    /// Whether messages wait to be handed back.
    pub(super) fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Whether the sink's user is to be told of that: once.
    pub(super) fn tell(&mut self) -> bool {
        mem::replace(&mut self.told, Told::Yes) == Told::No
    }

    /// Hands all back.
    pub(super) fn take(&mut self) -> Vec<Message> {
        mem::take(&mut self.lost)
    }

    /// Hands back the one that was sent last.
    pub(super) fn take_last(&mut self) -> Option<Message> {
        self.lost.pop()
    }
}
