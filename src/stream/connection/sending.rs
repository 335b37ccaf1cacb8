//! From the user to the transport.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    conn::{Caller, Conn},
    item::{End, Item},
    reading::LARGE,
    turn,
};
use crate::{
    message::{CloseFrame, InvalidClose, Message},
    protocol::{Compress, Event, Phase, Protocol, SendError},
    stream::{
        Error,
        transport::{
            coop::{unconstrained, wake_later},
            gather::gather,
        },
    },
};

/// Slices of one vectored write.
const SLICES: usize = 16;

impl<T> Conn<T> {
    /// Queues a small message of the handler if that needs nothing else, and opens the send
    /// buffer for those that it may send next.
    pub(super) fn send_small(&mut self, message: &Message, compress: Compress) -> bool {
        self.take_sent();
        let Some(left) = self.turn.sends_freely() else {
            return false;
        };
        let queued = turn::with_sent(|sent| {
            let queued = self.protocol.send_small(message, compress, sent, left);
            if queued {
                self.turn.note_sent();
                sent.allow(self.turn.pace.sends());
            }
            queued
        });
        queued.unwrap_or(false)
    }

    /// Whether something can still be sent.
    pub(in crate::stream) fn is_sending(&self) -> bool {
        matches!(self.protocol.phase(), Phase::Open)
    }

    fn is_congested(&self) -> bool {
        let protocol = &self.protocol;
        protocol.outgoing().is_congested(protocol.config())
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.protocol.outgoing().len() == 0 && !self.unflushed
    }

    /// Queues what the handler has sent in its turn. Others may have queued something since.
    pub(super) fn take_sent(&mut self) {
        turn::with_sent(|sent| {
            if let Some((left, unwatched)) = sent.left() {
                self.turn.set_sends(left, unwatched);
            }
            if !sent.is_empty() && !self.link.is_down() {
                self.protocol.take(sent);
            }
            sent.close();
        });
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Waits until there is room to queue a message, and lets others of the thread have their turn.
    pub(in crate::stream) fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        caller: Caller,
    ) -> Poll<Result<(), Error>> {
        if caller != Caller::Handler {
            let budget = ready!(tokio::task::coop::poll_proceed(cx));
            if caller == Caller::Owner {
                self.drive_before_send();
            }
            let ready = self.poll_room(cx, caller);
            if ready.is_ready() {
                budget.made_progress();
            }
            return ready;
        }
        if self.turn.may_send() {
            return self.poll_room(cx, caller);
        }
        wake_later(cx);
        Poll::Pending
    }

    fn poll_room(&mut self, cx: &mut Context<'_>, caller: Caller) -> Poll<Result<(), Error>> {
        ready!(self.poll_written(cx, caller, |conn| {
            !conn.is_sending() || !conn.is_congested()
        }));
        Poll::Ready(self.is_sending().then_some(()).ok_or(Error::Closed))
    }

    /// Queues a message. Nothing of it is queued if that fails.
    pub(in crate::stream) fn start_send(
        &mut self,
        message: Message,
        compress: Compress,
        caller: Caller,
    ) -> Result<(), Error> {
        let was_open = self.is_sending();
        if message.len() >= LARGE {
            self.turn.pace.expect_look();
        }
        self.protocol.send_with(message, compress)?;
        match caller {
            Caller::Owner => {}
            Caller::Handler => {
                self.turn.note_sent();
                if self.turn.pace.is_pressing() {
                    // A handler that takes its time must not withhold it.
                    self.flush_or_lose();
                }
            }
            Caller::Elsewhere => self.wake_supervisor(),
        }
        self.note_closing(was_open);
        Ok(())
    }

    /// Queues a Close, unless one was sent.
    pub(in crate::stream) fn start_close(
        &mut self,
        frame: Option<&CloseFrame>,
    ) -> Result<(), InvalidClose> {
        let was_open = self.is_sending();
        let close = Message::Close(frame.cloned());
        if let Err(SendError::InvalidClose(invalid)) =
            self.protocol.send_with(close, Compress::Never)
        {
            return Err(invalid);
        }
        self.wake_supervisor();
        self.note_closing(was_open);
        Ok(())
    }

    /// Whoever waits for a message without a supervisor has to write our Close, if nobody else
    /// does, and to mind the deadline.
    fn note_closing(&mut self, was_open: bool) {
        if was_open && !self.is_sending() {
            self.wake_recv();
        }
    }

    /// Waits until everything queued is written.
    pub(in crate::stream) fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        caller: Caller,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_written(cx, caller, Self::is_flushed));
        if caller == Caller::Owner {
            // No supervisor does it, and nobody may come to receive.
            self.protocol.release();
        }
        match self.protocol.phase() {
            // What was queued last may not have left.
            Phase::Ended(closure) if self.link.is_down() && !closure.is_clean() => {
                Poll::Ready(Err(Error::Closed))
            }
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Waits until enough is written, which a transport that is gone does not hinder.
    fn poll_written(
        &mut self,
        cx: &mut Context<'_>,
        caller: Caller,
        is_enough: impl Fn(&Self) -> bool,
    ) -> Poll<()> {
        if is_enough(self) {
            return Poll::Ready(());
        }
        if caller != Caller::Elsewhere {
            self.flush_or_lose();
            if is_enough(self) {
                return Poll::Ready(());
            }
        }
        self.park_send(caller, cx.waker());
        if caller == Caller::Owner {
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

    /// Writes what the transport takes. A transport that fails is dropped.
    #[inline]
    pub(super) fn flush_or_lose(&mut self) {
        if !self.is_flushed() {
            self.write_or_lose();
        }
    }

    #[inline(never)]
    fn write_or_lose(&mut self) {
        let is_supervised = self.is_supervised();
        let unflushed = &mut self.unflushed;
        let Some(io) = self.link.as_mut() else { return };
        let mut cx = Context::from_waker(&self.io_waker);
        let before = self.protocol.outgoing().len();
        let mut write = || {
            ready!(poll_write_all(io, &mut self.protocol, &mut cx, unflushed))?;
            ready!(Pin::new(&mut *io).poll_flush(&mut cx))?;
            *unflushed = false;
            Poll::Ready(Ok(()))
        };
        // A supervisor's turn is bounded by what is sent in it.
        let written = if is_supervised {
            unconstrained(write)
        } else {
            write()
        };
        if let Poll::Ready(Err(error)) = written {
            self.lose(Item::Io(error));
            return;
        }
        let taken = before.saturating_sub(self.protocol.outgoing().len());
        if taken > 0 || self.is_flushed() {
            self.note_taken(taken);
            self.wake_send();
        }
        if self.is_flushed() && matches!(self.end, End::Held(_)) {
            // The receiver waits for our answer to be on the wire.
            self.wake_recv();
        }
    }
}

fn poll_write_all<T: AsyncWrite + Unpin>(
    io: &mut T,
    protocol: &mut Protocol,
    cx: &mut Context<'_>,
    unflushed: &mut bool,
) -> Poll<io::Result<()>> {
    while protocol.outgoing().len() > 0 {
        let (written, given) = if let Some(bytes) = protocol.outgoing().as_slice() {
            (
                ready!(Pin::new(&mut *io).poll_write(cx, bytes))?,
                bytes.len(),
            )
        } else {
            ready!(poll_write_some(&mut *io, cx, protocol))?
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        if written > given {
            let lie = "transport claims to have written more than it was given";
            return Poll::Ready(Err(io::Error::other(lie)));
        }
        protocol.handle(Event::Written(written));
        *unflushed = true;
    }
    Poll::Ready(Ok(()))
}

/// Writes once what lies in several places; tells how much of how much.
#[inline(never)]
fn poll_write_some<T: AsyncWrite + Unpin>(
    io: &mut T,
    cx: &mut Context<'_>,
    protocol: &Protocol,
) -> Poll<io::Result<(usize, usize)>> {
    let mut slices = [IoSlice::new(&[]); SLICES];
    let filled = protocol.outgoing().slices(&mut slices);
    let slices = &slices[..filled];
    let io = Pin::new(io);
    let (written, given) = if let [slice] = slices {
        (io.poll_write(cx, slice), slice.len())
    } else if io.is_write_vectored() {
        let given = slices.iter().map(|slice| slice.len()).sum();
        (io.poll_write_vectored(cx, slices), given)
    } else {
        gather(slices, |bytes| (io.poll_write(cx, bytes), bytes.len()))
    };
    written.map_ok(|written| (written, given))
}
