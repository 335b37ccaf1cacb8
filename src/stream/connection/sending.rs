//! From the user to the transport.

use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{budget::LARGE, conn::Conn, tasks::Caller, turn};
use crate::{
    message::Message,
    protocol::{Compress, Phase, SendBuffer},
    stream::{error::Error, transport::coop::wake_later},
};

impl<T> Conn<T> {
    /// Queues a small message of the handler if that needs nothing else, and opens the send
    /// buffer for those that it may send next.
    pub(super) fn send_small(&mut self, message: &Message, compress: Compress) -> bool {
        let queued = turn::with_sent(|sent| {
            self.take(sent);
            let Some(others) = self.budget_mut().spend_free_send() else {
                return false;
            };
            let protocol = self.protocol_mut();
            let queued = protocol.send_small(message, compress, sent, others);
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
            self.protocol_mut().take(sent);
        }
        sent.close();
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Waits until there is room to queue a message, and lets others of the thread have their turn.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.tasks().caller() == Caller::Handler {
            if self.budget_mut().watch_send() {
                return self.poll_room(cx);
            }
            wake_later(cx);
            return Poll::Pending;
        }
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        if !self.tasks().is_supervised() {
            self.drive_before_send();
        }
        let ready = self.poll_room(cx);
        if ready.is_ready() {
            budget.made_progress();
        }
        ready
    }

    fn is_congested(&self) -> bool {
        let protocol = self.protocol();
        protocol.outgoing().is_congested(protocol.config())
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_written(cx, |conn| { !conn.can_send() || !conn.is_congested() }));
        Poll::Ready(self.can_send().then_some(()).ok_or(Error::Closed))
    }

    /// Queues a message. Nothing of it is queued if that fails.
    pub(crate) fn start_send(&mut self, message: Message, compress: Compress) -> Result<(), Error> {
        let could_send = self.can_send();
        if message.len() >= LARGE {
            self.budget_mut().expect_look();
        }
        self.protocol_mut().send_with(message, compress)?;
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
    pub(crate) fn poll_feed(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Message>,
        compress: Compress,
    ) -> Poll<Result<(), Error>> {
        if message.is_some() {
            ready!(self.poll_ready(cx))?;
        }
        let queued = message
            .take()
            .map(|message| self.start_send(message, compress));
        Poll::Ready(queued.unwrap_or(Ok(())))
    }

    /// The same; writes it too if no supervisor will.
    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Message>,
        compress: Compress,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_feed(cx, message, compress))?;
        if self.tasks().is_supervised() {
            return Poll::Ready(Ok(()));
        }
        self.poll_flush(cx)
    }

    /// Waits until everything queued is written.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_written(cx, Self::is_flushed));
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
        self.tasks_mut().park_send(cx.waker());
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
