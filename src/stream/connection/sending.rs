//! From the user to the transport.

use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    budget::LARGE,
    conn::Conn,
    outgoing::Outgoing,
    tasks::Caller,
    turn,
    waiters::{Kind, Ticket},
};
use crate::{
    protocol::{Compress, Phase, SendBuffer},
    stream::{Error, TrySendError, transport::coop::wake_later},
};

impl<T> Conn<T> {
    /// Queues a small message of the handler if that needs nothing else, and opens the send
    /// buffer for those that it may send next.
    pub(super) fn send_small<M: Outgoing>(&mut self, message: &M, compress: Compress) -> bool {
        let queued = turn::with_sent(|sent| {
            self.take(sent);
            let Some(others) = self.budget_mut().spend_free_send() else {
                return false;
            };
            let protocol = self.protocol_mut();
            let queued = message.queue_small(protocol, compress, sent, others);
            if queued {
                self.budget_mut().note_sent();
            }
            queued
        });
        queued.unwrap_or(false)
    }

    /// Queues what the handler has sent in its turn. Others may have queued something since.
    pub(super) fn take_sent(&mut self) {
        turn::with_sent(|sent| self.take(sent));
    }

    fn take(&mut self, sent: &mut SendBuffer) {
        if !sent.is_open() {
            return;
        }
        self.budget_mut().note_sent_freely(sent.allow(0));
        if !sent.is_empty() && !self.is_down() {
            let inserted = self.protocol_mut().take(sent);
            self.output_mut().note_insertion(inserted);
        }
        sent.close();
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Waits until there is room to queue a message, and lets others of the thread have their turn.
    ///
    /// None is reserved: of those who were told so, each may queue one message more.
    pub(crate) fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        ticket: &mut Ticket,
    ) -> Poll<Result<(), Error>> {
        if self.tasks().caller() == Caller::Handler {
            if self.budget_mut().watch_send() {
                return self.poll_room(cx, ticket);
            }
            wake_later(cx);
            return Poll::Pending;
        }
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        if !self.tasks().is_supervised() {
            self.drive_before_send();
        }
        let ready = self.poll_room(cx, ticket);
        if ready.is_ready() {
            budget.made_progress();
        }
        ready
    }

    fn poll_room(&mut self, cx: &mut Context<'_>, ticket: &mut Ticket) -> Poll<Result<(), Error>> {
        ready!(self.poll_written(cx, Kind::Room, ticket, Self::has_no_use_of_waiting));
        Poll::Ready(self.can_send().then_some(()).ok_or(Error::Closed))
    }

    /// Whether there is room to queue a message, or none can be sent any more.
    fn has_no_use_of_waiting(&self) -> bool {
        !self.can_send() || !self.is_congested()
    }

    /// Queues a message. Nothing of it is queued if that fails.
    pub(crate) fn start_send<M: Outgoing>(
        &mut self,
        message: M,
        compress: Compress,
    ) -> Result<(), Error> {
        let could_send = self.can_send();
        if message.payload_len() >= LARGE {
            self.budget_mut().expect_look();
        }
        message.queue(self.protocol_mut(), compress)?;
        match self.tasks().caller() {
            Caller::Unsupervised => {}
            Caller::Handler => {
                self.budget_mut().note_sent();
                if self.budget_mut().is_pressing() {
                    // A handler that takes its time must not withhold it.
                    self.flush_or_lose();
                }
            }
            Caller::Elsewhere => self.tasks_mut().wake_supervisor(),
        }
        self.note_our_close(could_send);
        Ok(())
    }

    /// Queues the message once there is room, if it is still there.
    pub(crate) fn poll_feed<M: Outgoing>(
        &mut self,
        cx: &mut Context<'_>,
        ticket: &mut Ticket,
        message: &mut Option<M>,
        compress: Compress,
    ) -> Poll<Result<(), Error>> {
        if message.is_some() {
            ready!(self.poll_ready(cx, ticket))?;
        }
        let queued = message
            .take()
            .map(|message| self.start_send(message, compress));
        Poll::Ready(queued.unwrap_or(Ok(())))
    }

    /// The same; writes it too if no supervisor will.
    pub(crate) fn poll_send<M: Outgoing>(
        &mut self,
        cx: &mut Context<'_>,
        ticket: &mut Ticket,
        message: &mut Option<M>,
        compress: Compress,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_feed(cx, ticket, message, compress))?;
        if self.tasks().is_supervised() {
            return Poll::Ready(Ok(()));
        }
        self.poll_flush(cx, ticket)
    }

    /// Queues a message now, or gives it back.
    pub(crate) fn try_send<M: Outgoing>(&mut self, message: M) -> Result<(), TrySendError> {
        let caller = self.tasks().caller();
        if caller == Caller::Unsupervised {
            self.drive_before_send();
        }
        if caller != Caller::Elsewhere && !self.has_no_use_of_waiting() {
            self.flush_or_lose();
        }
        self.queue(message)
    }

    /// The same once there is room, if it is still there.
    pub(crate) fn poll_queue<M: Outgoing>(
        &mut self,
        cx: &mut Context<'_>,
        ticket: &mut Ticket,
        message: &mut Option<M>,
    ) -> Poll<Result<(), TrySendError>> {
        // That it is closed is told below, with the message.
        let _ = ready!(self.poll_ready(cx, ticket));
        let queued = message.take().map(|message| self.queue(message));
        Poll::Ready(queued.unwrap_or(Ok(())))
    }

    fn queue<M: Outgoing>(&mut self, message: M) -> Result<(), TrySendError> {
        if !self.can_send() {
            return Err(TrySendError::Closed(message.into_message()));
        }
        if self.is_congested() {
            return Err(TrySendError::Full(message.into_message()));
        }
        let queued = self.start_send(message, Compress::IfAgreed);
        queued.map_err(TrySendError::Invalid)?;
        if !self.tasks().is_supervised() {
            // No supervisor does it.
            self.flush_or_lose();
            self.protocol_mut().release();
        }
        Ok(())
    }

    /// Waits until all is written that was queued when this was called first with the ticket.
    pub(crate) fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        ticket: &mut Ticket,
    ) -> Poll<Result<(), Error>> {
        let mark = ticket.mark().unwrap_or_else(|| self.mark());
        let written = self.poll_written(cx, Kind::Written, ticket, |conn| conn.is_written(mark));
        if written.is_pending() {
            ticket.set_mark(mark);
            return Poll::Pending;
        }
        ticket.forget_mark();
        if !self.tasks().is_supervised() {
            // No supervisor does it, and nobody may come to receive.
            self.protocol_mut().release();
        }
        match self.protocol().phase() {
            // What was queued last may not have left.
            Phase::Ended(closure) if self.is_down() && !closure.is_clean() => {
                Poll::Ready(Err(Error::Closed))
            }
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Waits until enough is written, which a transport that is gone does not hinder.
    fn poll_written(
        &mut self,
        cx: &mut Context<'_>,
        kind: Kind,
        ticket: &mut Ticket,
        is_enough: impl Fn(&Self) -> bool,
    ) -> Poll<()> {
        if is_enough(self) {
            return Poll::Ready(());
        }
        if self.tasks().caller() != Caller::Elsewhere {
            self.flush_or_lose();
            if is_enough(self) {
                return Poll::Ready(());
            }
        }
        self.tasks_mut().park(kind, ticket, cx.waker());
        if !self.tasks().is_supervised() {
            // A peer may have to write before it reads.
            self.drive();
            // A wake between the last attempt and the parking woke nobody.
            self.flush_or_lose();
            let _ = self.poll_closing();
            if is_enough(self) {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}
