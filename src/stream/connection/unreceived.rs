//! What comes while nobody receives: it is kept as far as there is room, or thrown away.

use std::task::{Poll, ready};

use super::{conn::Conn, item::Item};
use crate::protocol::{Cost, Received};

/// Small messages that are decoded ahead in one go.
const ITEMS_OF_A_STEP: usize = 64;

impl<T> Conn<T> {
    /// Nobody will receive any more.
    pub(crate) fn drop_receiver(&mut self) {
        self.discard();
        self.tasks_mut().wake_supervisor();
    }

    /// From now on messages are dropped. A Close, an error and the end take effect at once.
    pub(super) fn discard(&mut self) {
        self.inbox_mut().reading_mut().discard();
        self.tasks().set_quiet(false);
        while let Some(item) = self.inbox_mut().pop() {
            self.take_effect(&item);
        }
        if !self.tasks().is_supervised() {
            self.budget_mut().renew();
        }
        // What is not decoded now is so later.
        let _ = self.decode_unreceived();
    }

    /// The end takes effect although the user has not come to it.
    pub(super) fn end_early(&mut self) {
        let end = self.inbox().known_end();
        self.take_effect(&end);
    }

    /// The same if the user never receives, and so has nothing to answer that came before.
    pub(super) fn end_for_nobody(&mut self) {
        if self.can_send() && self.inbox().end_is_for_nobody() {
            self.end_early();
        }
    }

    /// Decodes into the queue what the input holds, as far as there is room. If that takes long,
    /// others have their turn first.
    pub(super) fn decode_unreceived(&mut self) -> Poll<()> {
        let mut items = 0_usize;
        while self.has_room() {
            let (inbox, protocol) = self.decoding();
            let (received, cost) = inbox.receive_ahead(protocol);
            if matches!(received, Received::NeedsMore) {
                break;
            }
            if let Some(item) = Item::of(received) {
                self.take_unreceived(item);
            }
            items += 1;
            if cost == Cost::Dear || items % ITEMS_OF_A_STEP == 0 {
                ready!(self.poll_others());
            }
        }
        if self.inbox().reading().is_discarding() {
            if let Some(end) = self.inbox_mut().take_transport_end() {
                self.take_effect(&end);
            }
        }
        Poll::Ready(())
    }

    /// An item has come that nobody receives yet.
    fn take_unreceived(&mut self, item: Item) {
        if self.take_pong(&item) {
            return;
        }
        if self.inbox().reading().is_discarding() {
            if item.is_message() {
                if let Some(closing) = self.closing_mut() {
                    closing.note_discarded_message();
                }
            }
            self.take_effect(&item);
            return;
        }
        let is_last = item.is_last();
        // Somebody who waits takes it at once.
        let item = if self.tasks().is_awaited() {
            item
        } else {
            item.compact()
        };
        self.inbox_mut().push(item);
        self.tasks_mut().wake_recv();
        if is_last {
            // Who waits for the end in place of messages.
            self.tasks_mut().wake_everyone();
        }
    }

    /// Pending if others are to have their turn. Whoever drives the transport is woken then.
    pub(super) fn poll_others(&mut self) -> Poll<()> {
        if self.budget_mut().spend_step() {
            return Poll::Ready(());
        }
        self.tasks().wake_later();
        Poll::Pending
    }

    /// Whether there is room for what comes next. A message under way for which somebody waits
    /// takes none.
    pub(super) fn has_room(&self) -> bool {
        let under_way = if self.tasks().is_awaited() {
            0
        } else {
            self.protocol().incoming().partial_len()
        };
        self.inbox().has_room(under_way)
    }
}
