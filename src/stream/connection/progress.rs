//! What puts off the deadlines of a connection that closes.

use std::{task::Poll, time::Duration};

use super::{
    closing::{Closing, OurClose},
    conn::Conn,
    deadlines::Deadline,
};
use crate::protocol::Phase;

/// A handler that has received nothing for so long is not about to receive the peer's Close: it
/// is answered. Until then it may still answer what came before.
const UNRECEIVED: Duration = Duration::from_secs(1);

/// The one of these that is set is what happens next.
const NEXT: [Deadline; 3] = [Deadline::Output, Deadline::PeersClose, Deadline::PeersEnd];

impl<T> Conn<T> {
    /// The user has received something that came before the end.
    pub(super) fn note_receipt(&mut self) {
        self.deadlines_mut().put_off(Deadline::Receipt, UNRECEIVED);
    }

    /// The transport has taken so many bytes, or is flushed now.
    #[inline]
    pub(super) fn note_taken(&mut self, bytes: usize) {
        self.output_mut().note_taken(bytes);
        if self.closing().is_some() {
            self.note_output_progress(bytes);
        }
    }

    #[cold]
    fn note_output_progress(&mut self, bytes: usize) {
        let is_flushed = self.is_flushed();
        if let Some(closing) = self.closing_mut()
            && closing.note_taken(bytes, is_flushed)
        {
            self.note_progress();
        }
    }

    /// Bytes were read.
    #[inline]
    pub(super) fn note_input(&mut self) {
        if self.closing().is_some() {
            self.note_input_progress();
        }
    }

    #[cold]
    fn note_input_progress(&mut self) {
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
        let unread = self.output_mut().unread();
        let Some(closing) = self.closing() else {
            return;
        };
        let (next, patience) = (closing.awaits(has_ended), closing.patience(timeout, unread));
        for deadline in NEXT {
            self.deadlines_mut().stop(deadline);
        }
        self.deadlines_mut().set(next, patience);
    }

    /// Ready with what took too long.
    pub(super) fn poll_deadline(&mut self) -> Poll<Deadline> {
        if self.is_sending() {
            self.await_user();
        } else if self.closing().is_none() {
            self.begin_closing();
        }
        self.poll_deadlines()
    }

    /// The end is known: the user has time to answer what came before.
    fn await_user(&mut self) {
        let timeout = self.protocol().config().close_timeout;
        let end_is_near = self.inbox().end_is_near();
        let deadlines = self.deadlines_mut();
        if !deadlines.is_set(Deadline::Answers) {
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
        let deadlines = self.deadlines_mut();
        deadlines.clear();
        deadlines.set(Deadline::Closing, at_most);
        self.note_progress();
    }
}
