//! What comes while nobody receives: it is kept as far as there is room, or thrown away.

use std::task::{Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    conn::{Conn, Reading},
    item::{End, Item},
    reading::ReadTo,
    unsupervised::Receiving,
};
use crate::{
    message::{CloseFrame, Message},
    protocol::{Compress, Cost, Received, Want},
    stream::transport::sharing::Unread,
    wire::close_code,
};

/// Small messages that are decoded ahead in one go.
const ITEMS_OF_A_STEP: usize = 64;

impl<T> Conn<T> {
    /// From now on messages are dropped. A Close, an error and the end take effect at once.
    pub(in crate::stream) fn discard(&mut self) {
        self.reading = Reading::Discarding;
        if self.receiving == Receiving::Lately {
            self.receiving = Receiving::Before;
        }
        self.set_quiet(false);
        while let Some(item) = self.ahead.pop() {
            self.take_effect(&item);
        }
        if !self.is_supervised() {
            self.turn.pace.renew();
        }
        // What is not decoded now is so later.
        let _ = self.decode_ahead();
    }

    /// Whether the end is known that the user has not come to yet.
    pub(super) fn has_end_ahead(&self) -> bool {
        matches!(self.end, End::Transport(_)) || self.ahead.end().is_some()
    }

    /// The end takes effect although the user has not come to it.
    pub(super) fn end_early(&mut self) {
        let decoded = match self.ahead.end() {
            Some(Item::Decoded(decoded)) => Some(decoded.clone()),
            _ => None,
        };
        self.take_effect(&decoded.map_or(Item::Lost, Item::Decoded));
    }

    pub(super) fn is_discarding(&self) -> bool {
        matches!(self.reading, Reading::Discarding | Reading::Overrun)
    }

    /// Decodes into the queue what the input holds, as far as there is room. If that takes long,
    /// others have their turn first.
    pub(super) fn decode_ahead(&mut self) -> Poll<()> {
        let mut items = 0_usize;
        while self.has_room_ahead() {
            let (received, cost) = self.protocol.receive(&mut self.input, Want::Ahead);
            if matches!(received, Received::NeedsMore) {
                break;
            }
            if let Some(item) = Item::of(received) {
                self.take_ahead(item);
            }
            items += 1;
            if cost == Cost::Dear || items.is_multiple_of(ITEMS_OF_A_STEP) {
                ready!(self.poll_others());
            }
        }
        if self.is_discarding()
            && let Some(end) = self.end.take_transport()
        {
            self.take_effect(&end);
        }
        Poll::Ready(())
    }

    /// An item has come that nobody receives yet.
    fn take_ahead(&mut self, item: Item) {
        if self.is_discarding() {
            if item.is_message() {
                self.note_discarded_message();
            }
            self.take_effect(&item);
            return;
        }
        let is_last = item.is_last();
        // Somebody who waits takes it at once.
        let item = if self.is_awaited() {
            item
        } else {
            item.compact()
        };
        self.ahead.push(item);
        self.wake_recv();
        if is_last {
            // Who waits for the end in place of messages.
            self.wake_everyone();
        }
    }

    /// Pending if others are to have their turn. Whoever drives the transport is woken then.
    pub(super) fn poll_others(&mut self) -> Poll<()> {
        if self.turn.pace.may_go_on() {
            return Poll::Ready(());
        }
        self.wake_later();
        Poll::Pending
    }

    pub(super) fn has_room_ahead(&self) -> bool {
        let partial_len = self.protocol.incoming().partial_len();
        self.is_discarding() || self.ahead.has_room(partial_len, self.is_awaited())
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Reads ahead for the supervisor until the transport has nothing, or there is no room.
    pub(super) fn read_ahead(&mut self) {
        if self.reading == Reading::Paused {
            self.reading = Reading::Ahead;
        }
        self.turn.pace.renew();
        loop {
            if self.decode_ahead().is_pending() {
                return;
            }
            if self.has_ended() || self.has_end_ahead() || self.link.is_down() {
                return;
            }
            let to = if self.has_room_ahead() {
                ReadTo::Message
            } else if self.must_read_on() {
                ReadTo::Input
            } else {
                self.reading = Reading::Paused;
                return;
            };
            if self.poll_fill_to(to).is_pending() || self.poll_others().is_pending() {
                return;
            }
        }
    }

    /// Whether to read on although there is no room for messages.
    fn must_read_on(&mut self) -> bool {
        match self.sharing.unread(self.input.len()) {
            Unread::Waits => return false,
            Unread::ReadOn => {}
            Unread::TooMuch => {
                // For the sake of the others.
                let frame = CloseFrame::new(close_code::POLICY, "too many unread messages");
                // Does nothing if a Close was sent; the frame is valid.
                let _ = (self.protocol).send_with(Message::Close(Some(frame)), Compress::Never);
                self.discard();
                self.reading = Reading::Overrun;
                self.wake_everyone();
            }
        }
        true
    }
}
