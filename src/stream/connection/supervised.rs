//! A connection with a supervisor: the handler's turn, the supervisor's own, and other tasks that
//! use the socket.

use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    conn::Conn,
    inbox::{Next, ReadTo},
    receiving::{charge, has_come, poll_round},
    turn,
};
use crate::{
    message::{CloseFrame, Message},
    protocol::{Batch, Compress, Cost, Received},
    stream::{
        error::Error,
        transport::{coop::wake_later, sharing::Unread},
    },
    wire::close_code::{self, CloseCode},
};

impl<T> Conn<T> {
    /// The supervisor's task is polled, with `waker`, and the handler in it. Returns a waker to
    /// drop once the lock is free.
    pub(super) fn begin_turn(&mut self, waker: &Waker) -> Option<Waker> {
        let stale = self.tasks_mut().begin_turn(waker);
        // They may all be received in this turn.
        let batched = self.inbox().batched();
        self.budget_mut().begin(batched);
        stale
    }

    /// The handler waits for its next turn.
    fn end_turn<R>(&mut self, cx: &mut Context<'_>) -> Poll<R> {
        self.budget_mut().park_recv();
        wake_later(cx);
        if !self.tasks().is_driver(cx.waker()) {
            // Another task's may be that of nobody.
            self.tasks().wake_later();
        }
        Poll::Pending
    }

    /// The handler waits for a message.
    fn park_handler<R>(&mut self, cx: &mut Context<'_>) -> Poll<R> {
        self.budget_mut().park_recv();
        self.tasks_mut().park_recv(cx.waker());
        Poll::Pending
    }

    #[inline]
    fn receive_in_turn(&mut self, batch: &mut Batch) -> Option<(Received, Cost)> {
        // This one, which counts already, and those that the turn has left.
        let most = self.budget().messages_left() + 1;
        let came = self.receive(batch, most);
        let batched = self.inbox().batched();
        self.budget_mut().take_messages(batched);
        came
    }

    #[inline]
    fn note_received_in_turn(&mut self, batch: &mut Batch) {
        let more = !batch.is_empty();
        let has_input = self.inbox().has_input();
        self.budget_mut().note_received(more || has_input);
        if more {
            // The user takes these without asking.
            batch.allow(self.budget_mut().pace().take_receives());
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
        if !self.budget_mut().may_receive() {
            return self.end_turn(cx);
        }
        if self.inbox().awaits_bytes(self.protocol()) && self.poll_fill().is_pending() {
            self.budget_mut().pace().note_parked();
            return self.park_handler(cx);
        }
        if !self.budget_mut().pace().may_receive() {
            return self.end_turn(cx);
        }
        let next = match self.receive_in_turn(batch) {
            Some((Received::Data(message), Cost::Usual)) => Poll::Ready(Some(Ok(message))),
            came => self.poll_next_in_turn(cx, batch, came).map_err(E::from),
        };
        if next.is_ready() {
            self.note_received_in_turn(batch);
        }
        next
    }

    #[inline(never)]
    fn poll_next_in_turn(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
        mut came: Option<(Received, Cost)>,
    ) -> Poll<Option<Result<Message, Error>>> {
        loop {
            match self.next(came) {
                Next::Item(item, _) => return Poll::Ready(Some(item.into_result())),
                Next::Held => {
                    self.flush_or_lose();
                    if !self.is_flushed() {
                        return self.park_handler(cx);
                    }
                    return Poll::Ready(self.inbox_mut().take_held());
                }
                Next::Nothing => return Poll::Ready(None),
                Next::Stopped => {}
                Next::Bytes => {
                    if self.poll_fill().is_pending() {
                        return self.park_handler(cx);
                    }
                    came = self.receive_in_turn(batch);
                    if has_come(came.as_ref()) {
                        continue;
                    }
                }
            }
            if !self.budget_mut().pace().may_go_on() {
                return self.end_turn(cx);
            }
            came = self.receive_in_turn(batch);
        }
    }

    /// Whether the handler goes on with its batch, of which it has taken what it was allowed.
    pub(super) fn poll_go_on(&mut self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<()> {
        let pace = self.budget_mut().pace();
        if !pace.may_receive() {
            return self.end_turn(cx);
        }
        if !pace.is_running() {
            pace.start();
        }
        batch.allow(1 + pace.take_receives());
        turn::with_sent(|sent| sent.allow(pace.sends()));
        Poll::Ready(())
    }
}

/// Another task.
impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    #[inline(never)]
    pub(super) fn poll_next_elsewhere(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
        mut came: Option<(Received, Cost)>,
    ) -> Poll<Option<Result<Message, Error>>> {
        let mut rounds = 1;
        loop {
            match self.next(came) {
                Next::Item(item, cost) => {
                    self.have_reading_resumed();
                    charge(cx, cost);
                    return Poll::Ready(Some(item.into_result()));
                }
                Next::Held if self.is_flushed() => {
                    return Poll::Ready(self.inbox_mut().take_held());
                }
                Next::Held => self.tasks_mut().wake_supervisor(),
                Next::Nothing => return Poll::Ready(None),
                Next::Stopped => {
                    rounds += 1;
                    ready!(poll_round(cx, rounds));
                    came = self.receive(batch, Batch::MAX_LEN);
                    continue;
                }
                Next::Bytes => self.have_reading_resumed(),
            }
            self.tasks_mut().park_recv(cx.waker());
            return Poll::Pending;
        }
    }
}

/// The supervisor's turn, after the handler's.
impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Does what must not wait for the handler. Ready when the transport is gone.
    pub(super) fn poll_supervise(&mut self) -> Poll<()> {
        if self.tasks_mut().becomes_abandoned() {
            self.close_for_handler(close_code::NORMAL);
        }
        self.flush_or_lose();
        if !self.budget().recv_is_parked() && !self.has_ended() {
            self.read_ahead();
        }
        let gone = if self.is_open() {
            Poll::Pending
        } else {
            self.poll_closing()
        };
        self.flush_or_lose();
        self.release();
        gone
    }

    /// Starts to close for a handler that has ended.
    pub(super) fn close_for_handler(&mut self, code: CloseCode) {
        if code == close_code::NORMAL {
            // What the peer sent before counts first: its Close, or its violation.
            self.discard();
        }
        // Does nothing if a Close was sent; the supervisor's codes are valid.
        let close = Message::Close(Some(CloseFrame::new(code, "")));
        let _ = self.protocol_mut().send_with(close, Compress::Never);
        self.discard();
        self.tasks_mut().wake_everyone();
    }

    /// Reads until the transport has nothing, or there is no room.
    fn read_ahead(&mut self) {
        self.inbox_mut().reading_mut().resume();
        self.budget_mut().pace().renew();
        loop {
            if self.decode_unreceived().is_pending() {
                return;
            }
            if self.has_ended() || self.inbox().has_end() || self.is_down() {
                return;
            }
            let to = if self.has_room() {
                ReadTo::Message
            } else if self.must_read_on() {
                ReadTo::Input
            } else {
                self.inbox_mut().reading_mut().pause();
                return;
            };
            if self.poll_fill_to(to).is_pending() || self.poll_others().is_pending() {
                return;
            }
        }
    }

    /// Whether to read on although there is no room for messages.
    fn must_read_on(&mut self) -> bool {
        match self.inbox().unread() {
            Unread::Waits => return false,
            Unread::ReadOn => {}
            Unread::TooMuch => {
                // For the sake of the others.
                let frame = CloseFrame::new(close_code::POLICY, "too many unread messages");
                // Does nothing if a Close was sent; the frame is valid.
                let close = Message::Close(Some(frame));
                let _ = self.protocol_mut().send_with(close, Compress::Never);
                self.discard();
                self.inbox_mut().reading_mut().overrun();
                self.tasks_mut().wake_everyone();
            }
        }
        true
    }
}
