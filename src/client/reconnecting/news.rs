//! What has happened, and was not received yet.

use std::{collections::VecDeque, sync::Arc};

use super::{
    cause::Cause,
    event::{Event, Stopped},
    link::Change,
    unsent::Unsent,
};
use crate::message::Message;

/// Messages that are taken at most from a connection that still brings some.
const MOST: usize = 128;

/// If nobody receives, this does not grow: a connection that came and went without a message leaves
/// nothing but its end, and while messages wait no other connection is opened.
#[derive(Debug, Default)]
pub(super) struct News {
    queue: VecDeque<Item>,
    messages: usize,
}

#[derive(Debug)]
enum Item {
    Opened(u64),
    Message(Message),
    Lost(Arc<Cause>),
    Stopped(Arc<Cause>),
}

impl News {
    pub(super) fn note(&mut self, change: Change) {
        let item = match change {
            Change::Opened(number) => Item::Opened(number),
            Change::Lost(cause) => Item::Lost(cause),
            Change::Stopped(cause) => Item::Stopped(cause),
        };
        if !matches!(item, Item::Opened(_)) {
            if let Some(Item::Opened(_)) = self.queue.back() {
                self.queue.pop_back();
            }
            if let Some(Item::Lost(_)) = self.queue.back() {
                self.queue.pop_back();
            }
        }
        self.queue.push_back(item);
    }

    /// A message came on a connection that ends.
    pub(super) fn note_message(&mut self, message: Message) {
        self.messages += 1;
        self.queue.push_back(Item::Message(message));
    }

    /// This side has closed: how it went before is of no interest.
    pub(super) fn keep_messages(&mut self) {
        self.queue.retain(|item| matches!(item, Item::Message(_)));
    }

    /// Nothing of it is received.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether messages wait of a connection that ends or has ended.
    pub(super) const fn has_messages(&self) -> bool {
        self.messages > 0
    }

    pub(super) const fn is_full(&self) -> bool {
        self.messages >= MOST
    }

    /// The oldest. The last end brings what was not sent.
    pub(super) fn next(&mut self, unsent: &mut Unsent) -> Option<Result<Event, Stopped>> {
        let event = match self.queue.pop_front()? {
            Item::Opened(number) => Event::Open { number },
            Item::Message(message) => {
                self.messages -= 1;
                Event::Message(message)
            }
            Item::Lost(why) => {
                let ends = |item: &Item| matches!(item, Item::Lost(_) | Item::Stopped(_));
                let unsent = if self.queue.iter().any(ends) {
                    Vec::new()
                } else {
                    unsent.take()
                };
                Event::Lost { why, unsent }
            }
            Item::Stopped(why) => {
                let unsent = unsent.take();
                return Some(Err(Stopped { why, unsent }));
            }
        };
        Some(Ok(event))
    }
}
