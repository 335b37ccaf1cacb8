//! What is read ahead while a handler does not receive.

use std::collections::VecDeque;

use super::item::Item;

/// Bounds: payload bytes, items, and pings and pongs among them.
const BYTES: usize = 64 * 1024;
const ITEMS: usize = 128;
const NOTICES: usize = 16;

/// A bounded queue that holds no memory when it is empty.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    items: VecDeque<Item>,
    bytes: usize,
}

impl ReadAhead {
    /// Whether more may be decoded. A partial message of `partial_len` bytes counts unless
    /// somebody `waits` for it.
    pub(super) fn has_room(&self, partial_len: usize, waits: bool) -> bool {
        self.items.len() < ITEMS && self.bytes < BYTES && (waits || partial_len < BYTES)
    }

    /// Appends. Of pings and pongs, only some are kept: they must not fill the queue of a
    /// handler that never receives, and the pings have been answered.
    pub(super) fn push(&mut self, item: Item) {
        if item.is_notice() {
            let notices = self.items.iter().filter(|item| item.is_notice()).count();
            if notices >= NOTICES {
                return;
            }
        }
        self.bytes += item.payload_len();
        self.items.push_back(item);
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.bytes -= item.payload_len();
        if self.items.is_empty() {
            self.items = VecDeque::new();
        }
        Some(item)
    }

    /// The item that came last, if nothing can follow it.
    pub(super) fn end(&self) -> Option<&Item> {
        self.items.back().filter(|item| item.is_last())
    }
}
