//! From the topics that a socket is subscribed to, to its peer.
//!
//! It happens in the supervisor's turn, after the handler's, or when whoever drives the transport is
//! about to wait. Who has taken everything is woken by what is published next; who has no room for
//! more is not, but by the transport.

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{budget::LARGE, conn::Conn, deadlines::Deadline, feeds::Fault};
use crate::{
    message::CloseFrame,
    topic::{Cursor, Subscribe, SubscriberId, Topic},
    wire::close_code,
};

/// Messages that are forwarded in a turn.
const MOST: usize = 128;

impl<T> Conn<T> {
    /// Forwards what is published on the topic from now on, if anything can be sent. Else it leaves
    /// `wanted`, which holds foreign code, to be dropped once the lock is free.
    pub(crate) fn subscribe(
        &mut self,
        id: SubscriberId,
        topic: &Topic,
        wanted: &mut Option<Subscribe>,
    ) {
        if !self.can_send() {
            return;
        }
        if let Some(wanted) = wanted.take() {
            let cursor = topic.cursor(id, wanted, self.tasks().driver());
            self.feeds_mut().add(cursor);
        }
    }

    /// Returns what is to be dropped once the lock is free.
    #[must_use]
    pub(crate) fn unsubscribe(&mut self, id: SubscriberId) -> Option<Cursor> {
        self.feeds_mut().remove(id)
    }

    /// How many messages were left out for it.
    pub(crate) fn skipped_by(&self, id: SubscriberId) -> u64 {
        self.feeds().get(id).map_or(0, Cursor::skipped)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Queues what the topics have, as far as there is room, and writes it when there is none.
    #[inline]
    pub(super) fn forward(&mut self) {
        if !self.feeds().is_empty() {
            self.forward_published();
        }
    }

    #[inline(never)]
    fn forward_published(&mut self) {
        if !self.can_send() {
            // They are dropped when the lock is free.
            return self.tasks_mut().expect_aftermath();
        }
        let mut left = MOST;
        while self.feeds().are_due() {
            if self.room_to_forward() == 0 {
                self.flush_or_lose();
                if self.is_down() {
                    return;
                }
                if self.room_to_forward() == 0 {
                    return self.wait_behind();
                }
            }
            if left == 0 {
                return self.tasks().wake_later();
            }
            let room = self.room_to_forward();
            let (feeds, protocol, waker) = self.forwarding();
            match feeds.forward(protocol, waker, room) {
                Ok(forwarded) => {
                    // A large one counts for several.
                    let work = forwarded.messages + forwarded.bytes / LARGE;
                    left = left.saturating_sub(work.max(1));
                    self.note_skipped(forwarded.skipped);
                }
                Err(fault) => return self.close_subscriber(fault),
            }
        }
        self.deadlines_mut().stop([Deadline::Lag]);
    }

    /// Bytes that may be forwarded. A quarter of the room is left to those who send: the topics of
    /// a slow peer would always be there before them.
    fn room_to_forward(&self) -> usize {
        let most = self.protocol().config().write_high_water;
        (most - most / 4).saturating_sub(self.buffered())
    }

    /// There is more, and no room for it.
    fn wait_behind(&mut self) {
        let (feeds, _, waker) = self.forwarding();
        match feeds.wait(waker) {
            Ok(Some(at)) => {
                let after = at.saturating_duration_since(Instant::now());
                self.deadlines_mut().set(Deadline::Lag, after);
            }
            Ok(None) => self.deadlines_mut().stop([Deadline::Lag]),
            Err(fault) => self.close_subscriber(fault),
        }
    }

    fn close_subscriber(&mut self, fault: Fault) {
        let (code, reason) = match fault {
            Fault::TooSlow => (close_code::AGAIN, "too slow"),
            Fault::Panic => (close_code::ERROR, ""),
        };
        // The frame is valid, so this cannot fail.
        let _ = self.start_close(Some(CloseFrame::new(code, reason)));
        self.tasks_mut().wake_everyone();
        self.flush_or_lose();
    }
}
