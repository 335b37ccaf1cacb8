//! What is read ahead while a handler does not receive.

use std::collections::VecDeque;

use super::item::Item;

/// Bounds, at which reading stops: payload bytes as they came, and items. What the last read brought
/// may go beyond.
const BYTES: usize = 64 * 1024;
const ITEMS: usize = 128;

/// Pings and pongs among them. Further ones are dropped.
const NOTICES: usize = 16;

/// A bounded queue that holds no memory when it is empty.
#[derive(Debug, Default)]
pub(super) struct ReadAhead(Option<Box<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
}

impl ReadAhead {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether more may be decoded, beside `partial_len` bytes of a message under way.
    pub(super) fn has_room(&self, partial_len: usize) -> bool {
        let queue = self.0.as_deref();
        let bytes = queue.map_or(0, |queue| queue.bytes) + partial_len;
        bytes < BYTES && queue.is_none_or(|queue| queue.items.len() < ITEMS)
    }

    /// Appends. Of pings and pongs, only some are kept: they must not fill the queue of a
    /// handler that never receives, and the pings have been answered.
    pub(super) fn push(&mut self, item: Item) {
        let queue = self.0.get_or_insert_default();
        if item.is_notice() {
            let notices = queue.items.iter().filter(|item| item.is_notice()).count();
            if notices >= NOTICES {
                return;
            }
        }
        queue.bytes += item.payload_len();
        queue.items.push_back(item);
    }

    /// Gives back the item that was taken last.
    pub(super) fn put_back(&mut self, item: Item) {
        let queue = self.0.get_or_insert_default();
        queue.bytes += item.payload_len();
        queue.items.push_front(item);
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        let queue = self.0.as_deref_mut()?;
        let item = queue.items.pop_front()?;
        queue.bytes -= item.payload_len();
        if queue.items.is_empty() {
            self.0 = None;
        }
        Some(item)
    }

    /// Whether there is a message among the items.
    pub(super) fn has_message(&self) -> bool {
        let queue = self.0.as_deref();
        queue.is_some_and(|queue| queue.items.iter().any(Item::is_message))
    }

    /// The item that came last, if nothing can follow it.
    #[inline]
    pub(super) fn end(&self) -> Option<&Item> {
        let queue = self.0.as_deref()?;
        queue.items.back().filter(|item| item.is_last())
    }
}
