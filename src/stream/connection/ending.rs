//! What a user asks for and about the end.

use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    conn::Conn,
    waiters::{Kind, Kinds, Ticket},
};
use crate::{
    message::{CloseFrame, InvalidClose, Message},
    protocol::{Closure, Compress, SendError},
    stream::error::Error,
    wire::close_code::{self, CloseCode},
};

impl<T> Conn<T> {
    /// From now on, a reason that is too long for a Close is cut instead of refused.
    #[cfg(feature = "axum")]
    pub(crate) const fn cut_reasons(&mut self) {
        self.protocol_mut().cut_reasons();
    }

    /// Queues a Close, unless one was sent.
    pub(crate) fn start_close(&mut self, frame: Option<CloseFrame>) -> Result<(), InvalidClose> {
        let could_send = self.can_send();
        let close = Message::Close(frame);
        let queued = self.protocol_mut().send_with(close, Compress::Never);
        if let Err(SendError::InvalidClose(invalid)) = queued {
            return Err(invalid);
        }
        self.tasks_mut().wake_supervisor();
        self.note_our_close(could_send);
        Ok(())
    }

    /// The same for a valid code; nobody will receive any more.
    pub(super) fn close_and_discard(&mut self, code: CloseCode, reason: &str) {
        // The frame is valid, so this cannot fail.
        let _ = self.start_close(Some(CloseFrame::new(code, reason)));
        self.discard();
        self.tasks_mut().wake_everyone();
    }

    /// Whoever waits for room or for the end learns it at once. So does who waits for a message:
    /// without a supervisor it has to write our Close, if nobody else does, and to mind the deadline.
    pub(super) fn note_our_close(&mut self, could_send: bool) {
        if could_send && !self.can_send() {
            let kinds = Kinds::MESSAGE | Kinds::ROOM | Kinds::CLOSED;
            self.tasks_mut().wake(kinds);
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Queues a Close, unless one was sent, and writes what the transport takes if no supervisor
    /// will.
    pub(crate) fn start_close_now(
        &mut self,
        frame: Option<CloseFrame>,
    ) -> Result<(), InvalidClose> {
        self.start_close(frame)?;
        self.write_unsupervised();
        Ok(())
    }

    /// Whoever uses the socket next may not write any more.
    pub(super) fn write_unsupervised(&mut self) {
        if !self.tasks().is_supervised() {
            self.flush_or_lose();
        }
    }

    /// Waits until nothing can be sent any more.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>, ticket: &mut Ticket) -> Poll<()> {
        let waits = self.can_send();
        if waits {
            self.tasks_mut().park(Kind::Closed, ticket, cx.waker());
        }
        if self.tasks().is_supervised() {
            self.end_for_nobody();
        } else {
            if waits {
                self.drive();
            }
            // Before this waits, what is queued leaves; so does the answer to a Close.
            self.flush_or_lose();
            self.release();
        }
        if self.can_send() {
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Waits for the end of the closing handshake, and without a supervisor for that of
    /// the transport.
    pub(crate) fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        ticket: &mut Ticket,
    ) -> Poll<Closure> {
        self.tasks_mut().park(Kind::End, ticket, cx.waker());
        self.discard();
        if !self.tasks().is_supervised() {
            ready!(self.poll_drive_close());
        }
        self.closure().map_or(Poll::Pending, Poll::Ready)
    }

    /// Queues a Close (1000), then flushes. Receiving goes on until the peer's Close.
    ///
    /// Without a supervisor, and if the receiving half is gone, nobody else would wait for that.
    pub(crate) fn poll_sink_close(
        &mut self,
        cx: &mut Context<'_>,
        ticket: &mut Ticket,
    ) -> Poll<Result<(), Error>> {
        self.start_close(Some(CloseFrame::new(close_code::NORMAL, "")))?;
        if !self.tasks().is_supervised() && self.inbox().reading().is_discarding() {
            self.tasks_mut().park(Kind::End, ticket, cx.waker());
            ready!(self.poll_drive_close());
        }
        self.poll_flush(cx, ticket)
    }
}
