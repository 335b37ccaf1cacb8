//! A connection with a supervisor: the handler's turn, the supervisor's own, and other tasks that
//! use the socket.

use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{conn::Conn, inbox::ReadTo, turn};
use crate::{
    message::Message,
    protocol::{Batch, Cost, Received},
    stream::{
        error::Error,
        transport::{Overflow, coop::wake_later},
    },
    wire::close_code::{self, CloseCode},
};

impl<T> Conn<T> {
    /// The supervisor's task is polled, with `waker`, and the handler in it. Returns a waker to
    /// drop once the lock is free.
    #[inline]
    pub(super) fn begin_turn(&mut self, waker: &Waker) -> Option<Waker> {
        let stale = self.tasks_mut().begin_turn(waker);
        if stale.is_some() {
            self.deadlines_mut().expect_poll();
            self.feeds_mut().expect_waker();
        }
        // They may all be received in this turn.
        let batched = self.inbox().batched();
        self.budget_mut().begin(batched);
        stale
    }

    /// The handler waits for its next turn.
    pub(super) fn end_turn<R>(&mut self, cx: &mut Context<'_>) -> Poll<R> {
        self.budget_mut().park_recv();
        wake_later(cx);
        if !self.tasks().is_driver(cx.waker()) {
            // Another task's may be that of nobody.
            self.tasks().wake_later();
        }
        Poll::Pending
    }

    #[inline]
    pub(super) fn receive_in_turn(&mut self, batch: &mut Batch) -> Option<(Received, Cost)> {
        // This one, which counts already, and those that the turn has left.
        let most = self.budget_mut().messages_left() + 1;
        let came = self.receive(batch, most);
        let batched = self.inbox().batched();
        self.budget_mut().take_messages(batched);
        came
    }

    #[inline]
    fn note_handed_over_in_turn(&mut self, batch: &mut Batch) {
        let more = !batch.is_empty();
        let has_input = self.inbox().has_input();
        self.budget_mut().note_handed_over(more || has_input);
        if more {
            // The user takes these without asking.
            batch.allow(self.budget_mut().take_unwatched());
        }
    }
}

/// The handler's turn.
impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    #[inline]
    pub(super) fn poll_recv_in_turn<E: From<Error>>(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
    ) -> Poll<Option<Result<Message, E>>> {
        if !self.budget_mut().spend_message() {
            return self.end_turn(cx);
        }
        if self.inbox().awaits_bytes(self.protocol())
            && self.poll_fill(ReadTo::Message).is_pending()
        {
            self.budget_mut().note_parked();
            self.park_recv(cx);
            return Poll::Pending;
        }
        if !self.budget_mut().watch_receive() {
            return self.end_turn(cx);
        }
        let next = match self.receive_in_turn(batch) {
            Some((Received::Data(message), Cost::Usual)) => Poll::Ready(Some(Ok(message))),
            came => self.poll_next(cx, batch, came).map_err(E::from),
        };
        if next.is_ready() {
            self.note_handed_over_in_turn(batch);
        }
        next
    }

    /// Whether the handler goes on with its batch, of which it has taken what it was allowed.
    pub(super) fn poll_go_on(&mut self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<()> {
        let go_on = turn::with_sent(|sent| {
            let budget = self.budget_mut();
            budget.note_sent_freely(sent.allow(0));
            let (receives, sends) = budget.go_on()?;
            batch.allow(receives);
            Some(sent.allow(sends))
        });
        if go_on.flatten().is_none() {
            return self.end_turn(cx);
        }
        Poll::Ready(())
    }
}

/// The supervisor's turn, after the handler's.
impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Does what must not wait for the handler. Ready when the transport is gone.
    pub(super) fn poll_supervise(&mut self) -> Poll<()> {
        if self.tasks_mut().take_abandonment() {
            self.close_for_handler(close_code::NORMAL);
        }
        // Behind what the handler has sent.
        self.forward();
        self.flush_or_lose();
        if !self.budget_mut().recv_is_parked() && !self.has_ended() {
            self.read_ahead();
        }
        let mut gone = self.poll_closing();
        self.flush_or_lose();
        if gone.is_pending() && self.deadlines_mut().end_turn() {
            // What the transport did not take now has a deadline, whose timer wakes nobody yet.
            gone = self.poll_closing();
        }
        self.release();
        self.tell_news();
        gone
    }

    /// Starts to close for a handler that has ended.
    pub(super) fn close_for_handler(&mut self, code: CloseCode) {
        if code == close_code::NORMAL {
            // What the peer sent before counts first: its Close, or its violation.
            self.discard();
        }
        self.close_and_discard(code, "");
    }

    /// Reads until the transport has nothing, or there is no room.
    fn read_ahead(&mut self) {
        self.inbox_mut().reading_mut().resume();
        self.budget_mut().renew();
        loop {
            if self.decode_unreceived().is_pending() {
                return;
            }
            if self.has_ended() || self.inbox().end_is_known() || self.is_down() {
                return;
            }
            let to = match self.inbox().overflow() {
                _ if self.has_room() => ReadTo::Message,
                Overflow::Waits => {
                    self.pause_reading();
                    return;
                }
                Overflow::ReadOn => ReadTo::Input,
                Overflow::TooMuch => {
                    // For the sake of the others.
                    self.close_and_discard(close_code::POLICY, "too many unread messages");
                    self.inbox_mut().reading_mut().overrun();
                    ReadTo::Input
                }
            };
            if self.poll_fill(to).is_pending() || self.poll_others().is_pending() {
                return;
            }
        }
    }
}
