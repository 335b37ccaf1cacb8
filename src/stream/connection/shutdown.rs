//! The end of the transport (RFC 6455, section 7.1.1).
//!
//! A TCP socket that is dropped with unread input answers with RST, which destroys our
//! last Close frame at the peer. So the transport ends in order: write everything, shut
//! writing down, read and throw away until the peer's end, and only then drop.
//! How long that may take is told in `closing`; here its deadlines are set, and acted upon. Those of
//! an open connection are in `watching`.

use std::{
    task::{Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{
    closing::{Closing, OurClose},
    conn::Conn,
    deadlines::Deadline,
    inbox::ReadTo,
    item::Item,
};
use crate::{
    protocol::{Closure, Loss, Phase},
    stream::transport::coop::unconstrained,
    wire::Role,
};

/// How long a stream of HTTP/2 is kept for the peer's end after a clean close. Chromium does
/// not end its side, and a stream that is kept is one of those that may be open at a time. A
/// reset harms no peer that has not ended its own side by then (RFC 9113, section 8.1).
const PEERS_END: Duration = Duration::from_millis(500);

/// A handler that has received nothing for so long is not about to receive the peer's Close: it
/// is answered. Until then it may still answer what came before.
const UNRECEIVED: Duration = Duration::from_secs(1);

/// What may be waited for until the closing begins, and what is from then on, one at a time.
const BEFORE: [Deadline; 2] = [Deadline::Receipt, Deadline::Answers];
const NEXT: [Deadline; 3] = [Deadline::Output, Deadline::PeersClose, Deadline::PeersEnd];

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Acts on what took too long, and drives what remains to be done from the first Close on.
    /// Ready when the transport is gone.
    #[inline]
    pub(super) fn poll_closing(&mut self) -> Poll<()> {
        if self.is_undisturbed() && self.deadlines().are_quiet() {
            return Poll::Pending;
        }
        self.poll_closing_and_deadlines()
    }

    #[inline(never)]
    fn poll_closing_and_deadlines(&mut self) -> Poll<()> {
        while !self.is_down() {
            if self.is_undisturbed() {
                self.watch();
            } else {
                if *self.protocol().phase() == Phase::CloseSent && self.inbox().end_is_known() {
                    // Nothing can be sent any more, so the end need not wait for the user.
                    self.end_early();
                }
                self.limit_closing();
            }
            match self.poll_deadlines() {
                Poll::Pending if self.has_ended() => return self.poll_linger(),
                Poll::Pending => return Poll::Pending,
                // The user had time to answer what came before the end.
                Poll::Ready(Deadline::Receipt | Deadline::Answers) => self.end_early(),
                Poll::Ready(
                    Deadline::Output
                    | Deadline::PeersClose
                    | Deadline::PeersEnd
                    | Deadline::Closing,
                ) => self.lose(Item::Lost(Loss::CloseTimedOut)),
                Poll::Ready(passed) => self.act_on(passed),
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
                None | Some(Err(_)) => self.lose(Item::Lost(Loss::Ended)),
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
            Some(Err(_)) => self.lose(Item::Lost(Loss::Ended)),
            None => {}
        }
        Poll::Ready(())
    }
}

/// What is waited for, and what puts it off.
impl<T> Conn<T> {
    /// The user has received something that came before the end: it may go on.
    pub(super) fn put_off_answer(&mut self) {
        self.deadlines_mut().put_off(Deadline::Receipt, UNRECEIVED);
    }

    /// So many bytes were written, or all is flushed now.
    #[cold]
    pub(super) fn note_output_progress(&mut self, bytes: usize) {
        let is_flushed = self.is_flushed();
        if let Some(closing) = self.closing_mut() {
            if closing.note_written(bytes, is_flushed) {
                self.note_progress();
            }
        }
    }

    /// Bytes were read.
    #[cold]
    pub(super) fn note_input_progress(&mut self) {
        let is_wanted = !self.inbox().reading().is_discarding();
        if (is_wanted || self.closing().is_some_and(Closing::awaits_rest))
            && *self.protocol().phase() == Phase::CloseSent
        {
            self.note_progress();
        }
    }

    /// The peer has done a part of the closing: there is time for the next one.
    pub(super) fn note_progress(&mut self) {
        let has_ended = self.has_ended();
        let timeout = self.protocol().config().close_timeout;
        let now = Instant::now();
        let moment = self.deadlines().clock().moment(now);
        let unread = self.output_mut().unread_by_peer(moment);
        let Some(closing) = self.closing() else {
            return;
        };
        let (next, patience) = (closing.awaits(has_ended), closing.patience(timeout, unread));
        self.deadlines_mut().stop(NEXT);
        self.deadlines_mut().set_from(now, next, patience);
    }

    /// Our answer has deadlines of its own.
    pub(super) fn end_waiting_for_user(&mut self) {
        self.deadlines_mut().stop(BEFORE);
    }

    /// Sets the deadlines of a connection that something has begun to close.
    fn limit_closing(&mut self) {
        if self.can_send() {
            self.await_user();
        } else if self.closing().is_none() {
            self.begin_closing();
        }
    }

    /// The end is known: the user has time to answer what came before.
    fn await_user(&mut self) {
        let timeout = self.protocol().config().close_timeout;
        let end_is_near = self.inbox().end_is_near();
        if !self.deadlines().is_set(Deadline::Answers) {
            self.end_watching();
            let deadlines = self.deadlines_mut();
            deadlines.set(Deadline::Answers, timeout);
            if end_is_near {
                deadlines.set(Deadline::Receipt, UNRECEIVED);
            }
        }
    }

    fn begin_closing(&mut self) {
        let our_close = if self.is_flushed() {
            OurClose::HandedOver
        } else {
            OurClose::Waits(self.protocol().outgoing().len())
        };
        let awaits_rest = self.inbox().is_amid_message(self.protocol());
        let config = self.protocol().config();
        let at_most = config.max_close_time.max(config.close_timeout);
        *self.closing_mut() = Some(Box::new(Closing::begin(our_close, awaits_rest)));
        self.end_watching();
        self.end_waiting_for_user();
        self.deadlines_mut().set(Deadline::Closing, at_most);
        self.note_progress();
    }
}
