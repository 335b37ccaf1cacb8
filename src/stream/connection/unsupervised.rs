//! A connection without a supervisor: whoever uses a handle drives the transport.
//!
//! Whoever sends or waits for the end reads ahead, too, within the bounds that hold for a
//! supervisor: a push service learns of pings and of the end. It leaves that to a task that waits
//! for a message.

use std::task::{Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{conn::Conn, inbox::ReadTo, waiters::Kinds};

/// Reads before a message is sent, or for one wake of who waits.
const READS: usize = 4;

/// Who receives.
impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Has the answer to a ping leave, if nobody else will.
    pub(super) fn send_pong(&mut self) {
        self.flush_or_lose();
        let owes = !self.is_flushed();
        self.tasks_mut().set_owes_pong(owes);
    }

    /// Before a read waits. Returns whether that brought the end.
    pub(super) fn brings_end(&mut self) -> bool {
        self.forward();
        // What is queued leaves: pongs must not wait for the user.
        self.flush_or_lose();
        let _ = self.poll_closing();
        let end_is_known = self.inbox().end_is_known();
        if !end_is_known {
            self.release();
        }
        end_is_known
    }
}

/// Who sends, or waits for the end.
impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// A message is about to be sent.
    #[inline]
    pub(super) fn drive_before_send(&mut self) {
        if !self.inbox_mut().reading_mut().take_receipt() && !self.tasks().is_quiet() {
            self.drive();
        }
    }

    /// Reads what has come, within bounds, and does what must be done at once.
    #[inline(never)]
    pub(super) fn drive(&mut self) {
        self.budget_mut().renew();
        let queued = self.protocol().outgoing().len();
        if !self.tasks().is_awaited() {
            self.read_some_ahead();
            self.release();
        }
        self.forward();
        self.end_for_nobody();
        if self.protocol().outgoing().len() > queued {
            // Pongs and the answer to a Close must not wait for the user.
            self.flush_or_lose();
        }
        let _ = self.poll_closing();
    }

    fn read_some_ahead(&mut self) {
        for _ in 0..READS {
            if self.decode_unreceived().is_pending() || !self.is_undisturbed() {
                return;
            }
            self.tasks().set_quiet(true);
            if !self.has_room() {
                self.pause_reading();
                return;
            }
            if self.poll_fill(ReadTo::Message).is_pending() {
                return;
            }
            self.tasks().set_quiet(false);
        }
        // There may be more.
        self.tasks_mut().wake(Kinds::SENDERS);
    }

    /// Closes, as far as the end of the transport.
    pub(super) fn poll_drive_close(&mut self) -> Poll<()> {
        self.budget_mut().renew();
        while !self.has_ended() {
            self.flush_or_lose();
            if self.poll_fill(ReadTo::Message).is_ready() {
                ready!(self.poll_others());
                ready!(self.decode_unreceived());
            } else if self.poll_closing().is_pending() {
                self.release();
                return Poll::Pending;
            }
        }
        self.poll_closing()
    }
}
