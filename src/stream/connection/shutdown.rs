//! The end of the transport (RFC 6455, section 7.1.1).
//!
//! A TCP socket that is dropped with unread input answers with RST, which destroys our
//! last Close frame at the peer. So the transport ends in order: write everything, shut
//! writing down, read and throw away until the peer's end, and only then drop.
//! How long that may take is told in `deadlines`.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    backlog,
    conn::{Caller, Conn, IoParts},
    deadlines::{Linger, Output},
};
use crate::{
    message::{CloseFrame, Message},
    protocol::{Closure, Compress, Phase},
    stream::transport::coop::unconstrained,
    wire::{
        Role,
        close_code::{self, CloseCode},
    },
};

/// Bytes that are thrown away at most. A peer that sends more is left to wait: it can read
/// our last frame until the deadline, while dropping the transport would destroy it.
const DISCARDED_BYTES: usize = 64 << 20;

/// A handler that has received nothing for so long is not about to receive the peer's Close: it
/// is answered. Until then it may still answer what came before.
const UNRECEIVED: Duration = Duration::from_secs(1);

impl<T> Conn<T> {
    /// The handler has received something that came before the end.
    pub(super) fn put_off_deadline(&mut self) {
        if *self.protocol.phase() == Phase::Open
            && let Some(linger) = &mut self.linger
        {
            linger.put_off(UNRECEIVED);
        }
    }

    /// The transport has taken so many bytes, or is flushed now.
    #[inline]
    pub(super) fn note_taken(&mut self, bytes: usize) {
        self.backlog.note(bytes);
        if self.linger.is_some() {
            self.note_output_progress(bytes);
        }
    }

    #[cold]
    fn note_output_progress(&mut self, bytes: usize) {
        let is_flushed = self.is_flushed();
        if *self.protocol.phase() != Phase::Open
            && let Some(linger) = &mut self.linger
            && linger.note_taken(bytes, is_flushed)
        {
            self.put_off_closing();
        }
    }

    /// The peer has done a part of the closing.
    fn put_off_closing(&mut self) {
        if let Some(linger) = &mut self.linger {
            let timeout = self.protocol.config().close_timeout;
            let (unread, rate) = (self.backlog.unread(), linger.rate());
            linger.begin_again(Linger::patience(linger.output, timeout, unread, rate));
        }
    }

    /// Bytes were read.
    #[inline]
    pub(super) fn note_input(&mut self) {
        if self.linger.is_some() {
            self.note_input_progress();
        }
    }

    #[cold]
    fn note_input_progress(&mut self) {
        let counts = !self.is_discarding() || self.linger.as_ref().is_some_and(|l| l.awaits_rest);
        if counts && *self.protocol.phase() == Phase::CloseSent {
            self.put_off_closing();
        }
    }

    /// A message was thrown away.
    pub(super) fn note_discarded_message(&mut self) {
        if let Some(linger) = &mut self.linger {
            linger.awaits_rest = false;
        }
    }

    /// The peer's Close has come, or what stands in its place, and takes effect.
    pub(super) fn note_end(&mut self) {
        if *self.protocol.phase() == Phase::Open {
            // Our answer has a deadline of its own.
            self.linger = None;
        } else {
            self.put_off_closing();
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// The supervisor's turn after the handler's. Ready when the transport is gone.
    pub(super) fn poll_supervise(&mut self) -> Poll<()> {
        if self.becomes_abandoned() {
            self.close_for_handler(close_code::NORMAL);
        }
        self.flush_or_lose();
        if !self.turn.recv_parked && !self.has_ended() {
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

    /// Whether nothing has begun to close.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        matches!(self.protocol.phase(), Phase::Open)
            && !self.has_end_ahead()
            && !self.link.is_down()
    }

    /// Starts to close for a handler that has ended.
    pub(super) fn close_for_handler(&mut self, code: CloseCode) {
        if code == close_code::NORMAL {
            // What the peer sent before counts first: its Close, or its violation.
            self.discard();
        }
        // Does nothing if a Close was sent; the supervisor's codes are valid.
        let close = Message::Close(Some(CloseFrame::new(code, "")));
        let _ = self.protocol.send_with(close, Compress::Never);
        self.discard();
        self.wake_everyone();
    }

    /// Waits for the end of the closing handshake, and without a supervisor for that of
    /// the transport.
    pub(in crate::stream) fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        caller: Caller,
    ) -> Poll<Closure> {
        self.park_send(caller, cx.waker());
        self.discard();
        if caller == Caller::Owner {
            ready!(self.poll_drive_close());
        }
        self.closure().map_or(Poll::Pending, Poll::Ready)
    }

    /// Closes without a supervisor, as far as the end of the transport.
    pub(super) fn poll_drive_close(&mut self) -> Poll<()> {
        self.turn.pace.renew();
        while !self.has_ended() {
            self.flush_or_lose();
            if self.poll_fill().is_ready() {
                ready!(self.poll_others());
                ready!(self.decode_ahead());
            } else if self.poll_closing().is_pending() {
                self.release();
                return Poll::Pending;
            }
        }
        self.poll_closing()
    }

    /// Drives what remains to be done from the first Close on. Ready when the transport is gone.
    pub(super) fn poll_closing(&mut self) -> Poll<()> {
        while !self.link.is_down() {
            match self.protocol.phase() {
                Phase::Open if self.is_open() => return Poll::Pending,
                // Nothing can be sent any more, so the end need not wait for the user.
                Phase::CloseSent if self.has_end_ahead() => self.end_early(),
                Phase::Open | Phase::CloseSent | Phase::Ended(_) => {}
            }
            if self.poll_deadline().is_pending() {
                return if self.has_ended() {
                    self.poll_linger()
                } else {
                    Poll::Pending
                };
            }
            if *self.protocol.phase() == Phase::Open {
                // The user had time to answer what came before the end.
                self.end_early();
            } else {
                self.cut();
            }
        }
        Poll::Ready(())
    }

    fn poll_deadline(&mut self) -> Poll<()> {
        if self.linger.is_none() {
            self.linger = Some(Box::new(self.begin_linger()));
        }
        let Some(linger) = &mut self.linger else {
            return Poll::Pending;
        };
        let mut cx = Context::from_waker(&self.io_waker);
        linger.poll_deadline(&mut cx)
    }

    fn begin_linger(&mut self) -> Linger {
        let config = self.protocol.config();
        let timeout = config.close_timeout;
        let at_most = config.max_close_time.max(timeout);
        if *self.protocol.phase() == Phase::Open {
            // What it took in one go may still be before it.
            let is_unreceived = self.ahead.end().is_some() && self.batched == 0;
            let at_first = if is_unreceived { UNRECEIVED } else { timeout };
            return Linger::for_user(at_first, timeout);
        }
        let output = if self.is_flushed() {
            Output::HandedOver
        } else {
            Output::Waits(self.protocol.outgoing().len())
        };
        let at_first = Linger::patience(output, timeout, self.backlog.unread(), backlog::SLOWEST);
        let mut linger = Linger::new(at_first, at_most, output);
        linger.awaits_rest = !self.input.is_empty() || self.protocol.incoming().partial_len() > 0;
        linger
    }

    /// The connection has ended: writes what is left, shuts down, and reads until the
    /// peer's end.
    fn poll_linger(&mut self) -> Poll<()> {
        loop {
            self.flush_or_lose();
            let shut = self.is_flushed() && self.shuts_first() && self.poll_shutdown().is_ready();
            if self.link.is_down() {
                return Poll::Ready(());
            }
            if self.has_discarded_enough() {
                return Poll::Pending;
            }
            // Reading goes on while our last frames wait: the peer may have to write all
            // it has before it reads.
            match ready!(self.poll_read_input()) {
                Some(Ok(read)) if read > 0 => {
                    self.input.clear();
                    self.count_discarded(read);
                    ready!(self.poll_others());
                }
                Some(Ok(_)) => self.input_ended = true,
                // The peer's end was seen, and ours must follow.
                None if !shut => return Poll::Pending,
                None | Some(Err(_)) => self.cut(),
            }
        }
    }

    /// 7.1.1: the server closes first; a client does when it has seen the server's end.
    fn shuts_first(&self) -> bool {
        self.protocol.incoming().role() == Role::Server || self.input_ended
    }

    fn poll_shutdown(&mut self) -> Poll<()> {
        if self.linger.as_ref().is_some_and(|linger| linger.shut) {
            return Poll::Ready(());
        }
        let Some(IoParts { io, mut cx, .. }) = self.io_parts() else {
            return Poll::Ready(());
        };
        match ready!(unconstrained(|| Pin::new(&mut *io).poll_shutdown(&mut cx))) {
            Ok(()) => {
                let is_spent = self.sharing.is_multiplexed()
                    && self.closure().is_some_and(|closure| closure.is_clean());
                self.put_off_closing();
                if let Some(linger) = &mut self.linger {
                    linger.shut = true;
                    if is_spent {
                        linger.hurry();
                    }
                }
            }
            Err(_) => self.cut(),
        }
        Poll::Ready(())
    }

    fn count_discarded(&mut self, bytes: usize) {
        if let Some(linger) = &mut self.linger {
            linger.discarded += bytes;
        }
    }

    fn has_discarded_enough(&self) -> bool {
        self.linger
            .as_ref()
            .is_some_and(|linger| linger.discarded > DISCARDED_BYTES)
    }
}
