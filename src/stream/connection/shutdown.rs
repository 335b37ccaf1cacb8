//! The end of the transport (RFC 6455, section 7.1.1).
//!
//! A TCP socket that is dropped with unread input answers with RST, which destroys our
//! last Close frame at the peer. So the transport ends in order: write everything, shut
//! writing down, read and throw away until the peer's end, and only then drop.
//! How long that may take is told in `closing`.

use std::{
    task::{Poll, ready},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{closing::Closing, conn::Conn, deadlines::Deadline, inbox::ReadTo};
use crate::{
    protocol::{Closure, Phase},
    stream::transport::coop::unconstrained,
    wire::Role,
};

/// How long a stream of HTTP/2 is kept for the peer's end after a clean close. Chromium does
/// not end its side, and a stream that is kept is one of those that may be open at a time. A
/// reset harms no peer that has not ended its own side by then (RFC 9113, section 8.1).
const PEERS_END: Duration = Duration::from_millis(500);

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Drives what remains to be done from the first Close on. Ready when the transport is gone.
    pub(super) fn poll_closing(&mut self) -> Poll<()> {
        while !self.is_down() {
            match self.protocol().phase() {
                Phase::Open if self.is_open() => return Poll::Pending,
                // Nothing can be sent any more, so the end need not wait for the user.
                Phase::CloseSent if self.inbox().has_end() => self.end_early(),
                Phase::Open | Phase::CloseSent | Phase::Ended(_) => {}
            }
            let Poll::Ready(overdue) = self.poll_deadline() else {
                return if self.has_ended() {
                    self.poll_linger()
                } else {
                    Poll::Pending
                };
            };
            match overdue {
                // The user had time to answer what came before the end.
                Deadline::Receipt | Deadline::Answers => self.end_early(),
                Deadline::Output
                | Deadline::PeersClose
                | Deadline::PeersEnd
                | Deadline::Closing => self.cut(),
            }
        }
        Poll::Ready(())
    }

    /// The connection has ended: writes what is left, shuts down, and reads until the
    /// peer's end.
    fn poll_linger(&mut self) -> Poll<()> {
        loop {
            self.flush_or_lose();
            let shut = self.is_flushed() && self.shuts_first() && self.poll_shutdown().is_ready();
            if self.is_down() {
                return Poll::Ready(());
            }
            if self.closing().is_some_and(Closing::has_discarded_enough) {
                return Poll::Pending;
            }
            // Reading goes on while our last frames wait: the peer may have to write all
            // it has before it reads.
            match ready!(self.poll_read(ReadTo::Message)) {
                Some(Ok(read)) if read > 0 => {
                    self.inbox_mut().clear_input();
                    if let Some(closing) = self.closing_mut() {
                        closing.note_discarded(read);
                    }
                    ready!(self.poll_others());
                }
                Some(Ok(_)) => {
                    self.inbox_mut().note_input_end();
                }
                // The peer's end was seen, and ours must follow.
                None if !shut => return Poll::Pending,
                None | Some(Err(_)) => self.cut(),
            }
        }
    }

    /// 7.1.1: the server closes first; a client does when it has seen the server's end.
    fn shuts_first(&self) -> bool {
        self.protocol().incoming().role() == Role::Server || self.inbox().input_has_ended()
    }

    fn poll_shutdown(&mut self) -> Poll<()> {
        if self.closing().is_some_and(Closing::is_shut) {
            return Poll::Ready(());
        }
        match ready!(unconstrained(|| self.poll_shutdown_io())) {
            Some(Ok(())) => {
                self.note_progress();
                if let Some(closing) = self.closing_mut() {
                    closing.note_shut();
                }
                if self.inbox().is_multiplexed()
                    && self.closure().as_ref().is_some_and(Closure::is_clean)
                {
                    self.deadlines_mut().hurry(Deadline::PeersEnd, PEERS_END);
                }
            }
            Some(Err(_)) => self.cut(),
            None => {}
        }
        Poll::Ready(())
    }
}
