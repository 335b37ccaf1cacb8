//! The end of the transport (RFC 6455, section 7.1.1).
//!
//! A TCP socket that is dropped with unread input answers with RST, which destroys our
//! last Close frame at the peer. So the transport ends in order: write everything, shut
//! writing down, read and throw away until the peer's end, and only then drop.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep, sleep},
};

use super::{
    conn::{Caller, Conn, IoParts},
    coop::unconstrained,
};
use crate::{
    message::CloseFrame,
    protocol::{Closure, Phase},
    wire::{
        Role,
        close_code::{self, CloseCode},
    },
};

/// Bytes that are thrown away at most. A peer that sends more is left to wait: it can read
/// our last frame until the deadline, while dropping the transport would destroy it.
const DISCARDED_BYTES: usize = 64 << 20;

/// How long a stream of HTTP/2 is kept for the peer's end after a clean close. Chromium does
/// not end its side, and a stream that is kept is one of those that may be open at a time. A
/// reset harms no peer that has not ended its own side by then (RFC 9113, section 8.1).
const PEERS_END: Duration = Duration::from_millis(500);

/// A handler that has received nothing for so long is not about to receive the peer's Close: it
/// is answered. Until then it may still answer what came before.
const UNRECEIVED: Duration = Duration::from_secs(1);

/// State of a connection that closes; an open one does not pay for it.
pub(super) struct Linger {
    deadline: Pin<Box<Sleep>>,
    /// It is put off to this at most; `None` if that is never.
    latest: Option<Instant>,
    /// Our side is shut down.
    shut: bool,
    discarded: usize,
}

impl Linger {
    fn new(timeout: Duration, at_first: Duration) -> Self {
        Self {
            deadline: Box::pin(sleep(timeout.min(at_first))),
            latest: Instant::now().checked_add(timeout),
            shut: false,
            discarded: 0,
        }
    }

    /// The handler goes on receiving what came before the peer's Close.
    fn put_off(&mut self) {
        let later = Instant::now() + UNRECEIVED;
        let later = self.latest.map_or(later, |latest| later.min(latest));
        if later > self.deadline.deadline() {
            self.deadline.as_mut().reset(later);
        }
    }

    /// Waits for the peer's end no longer than for that of a stream.
    fn hurry(&mut self) {
        let deadline = self.deadline.deadline();
        let sooner = deadline.min(Instant::now() + PEERS_END);
        self.deadline.as_mut().reset(sooner);
    }
}

impl<T> Conn<T> {
    /// The handler has received something that came before the end.
    pub(super) fn put_off_deadline(&mut self) {
        if *self.protocol.phase() == Phase::Open
            && let Some(linger) = &mut self.linger
        {
            linger.put_off();
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
    fn is_open(&self) -> bool {
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
        let _ = self.protocol.close(Some(&CloseFrame::new(code, "")));
        self.discard();
        self.wake_everyone();
    }

    /// Waits for the end of the closing handshake, and without a supervisor for that of
    /// the transport.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>, caller: Caller) -> Poll<Closure> {
        self.discard();
        self.park_send(caller, cx.waker());
        if caller == Caller::Owner {
            ready!(self.poll_drive_close());
        }
        self.closure().map_or(Poll::Pending, Poll::Ready)
    }

    /// Closes without a supervisor, as far as the end of the transport.
    pub(super) fn poll_drive_close(&mut self) -> Poll<()> {
        while !self.has_ended() {
            self.flush_or_lose();
            if self.poll_fill().is_ready() {
                self.discard();
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
        let timeout = self.protocol.config().close_timeout;
        // What it took in one go may still be before it.
        let is_unreceived = *self.protocol.phase() == Phase::Open
            && self.ahead.end().is_some()
            && self.batched == 0;
        let at_first = if is_unreceived { UNRECEIVED } else { timeout };
        let linger = self
            .linger
            .get_or_insert_with(|| Box::new(Linger::new(timeout, at_first)));
        let mut cx = Context::from_waker(&self.io_waker);
        unconstrained(|| linger.deadline.as_mut().poll(&mut cx))
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
        self.protocol.role() == Role::Server || self.input_ended
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
                let is_spent = self.siblings.may_exist()
                    && self.closure().is_some_and(|closure| closure.is_clean());
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
