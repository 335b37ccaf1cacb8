//! What is done for a user who does not receive: a push service learns of pings and of the end.
//!
//! With a supervisor that reads ahead, little is left. Without one, whoever sends or waits for
//! the end reads, within the same bounds, and leaves it to a task that waits for a message.

use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::conn::{Caller, Conn, Reading};
use crate::stream::Error;

/// Reads before a message is sent, or for one wake of who waits.
const READS: usize = 4;

/// When the user received last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiving {
    /// Never: it sends only.
    Never,
    /// After it sent last.
    Lately,
    /// Before that.
    Before,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Waits until nothing can be sent any more.
    pub(in crate::stream) fn poll_closed(
        &mut self,
        cx: &mut Context<'_>,
        caller: Caller,
    ) -> Poll<()> {
        if self.is_sending() {
            self.park_send(caller, cx.waker());
            if caller == Caller::Owner {
                self.drive();
            } else if self.is_end_for_nobody() {
                self.end_early();
            }
        }
        if caller == Caller::Owner {
            // Before this waits, what is queued leaves; so does the answer to a Close.
            self.flush_or_lose();
            self.release();
        }
        if self.is_sending() {
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// A socket without a supervisor is about to send.
    #[inline]
    pub(super) fn drive_before_send(&mut self) {
        if self.receiving == Receiving::Lately {
            // It need not look for what it has just looked for.
            self.receiving = Receiving::Before;
        } else if !self.is_quiet() {
            self.drive();
        }
    }

    /// Reads what has come, within bounds, and does what must be done at once.
    #[inline(never)]
    pub(super) fn drive(&mut self) {
        self.turn.pace.renew();
        let queued = self.protocol.outgoing().len();
        if !self.is_awaited() {
            self.read_some_ahead();
            self.release();
        }
        if self.is_end_for_nobody() {
            self.end_early();
        }
        if self.protocol.outgoing().len() > queued {
            // Pongs and the answer to a Close must not wait for the user.
            self.flush_or_lose();
        }
        let _ = self.poll_closing();
    }

    /// A sink that was closed without a supervisor, whose receiving half is gone: nobody else
    /// would wait for the peer's Close.
    pub(in crate::stream) fn poll_close_alone(
        &mut self,
        cx: &mut Context<'_>,
        caller: Caller,
    ) -> Poll<Result<(), Error>> {
        if caller == Caller::Owner && self.is_discarding() {
            self.park_send(caller, cx.waker());
            ready!(self.poll_drive_close());
        }
        self.poll_flush(cx, caller)
    }

    fn read_some_ahead(&mut self) {
        for _ in 0..READS {
            if self.decode_ahead().is_pending() || !self.is_open() {
                return;
            }
            self.set_quiet(true);
            if !self.has_room_ahead() {
                self.reading = Reading::Paused;
                return;
            }
            if self.poll_fill().is_pending() {
                return;
            }
            self.set_quiet(false);
        }
        // There may be more.
        self.wake_send();
    }

    /// Whether the end has come that no message stands before, of a user who never receives: there
    /// is nothing that it could still answer.
    fn is_end_for_nobody(&self) -> bool {
        self.receiving == Receiving::Never
            && self.is_sending()
            && self.has_end_ahead()
            && !self.ahead.has_message()
    }
}
