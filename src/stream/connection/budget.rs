//! What a supervised connection does at most before other tasks of its thread have their turn.

use super::pace::Pace;

/// Messages that the handler receives in a turn, and as many that it sends: what tokio grants a
/// task.
const MESSAGES: u8 = 128;

/// Reads of a turn.
const READS: u8 = 32;

/// What is left for this turn: a poll of the supervisor's task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Messages that the handler may still receive.
    messages: u8,
    /// Messages that it may still send before it waits for the next turn.
    sends: u8,
    reads: u8,
    /// The handler waits in `recv`: for the transport, which it has polled, or for its next turn.
    recv_parked: bool,
    pace: Pace,
}

impl Budget {
    pub(super) const FIRST: Self = Self {
        messages: MESSAGES,
        sends: MESSAGES,
        reads: READS,
        recv_parked: false,
        pace: Pace::FIRST,
    };

    /// Another turn begins, in which `batched` messages may be received that were counted before.
    pub(super) fn begin(&mut self, batched: usize) {
        self.messages = MESSAGES;
        self.take_messages(batched);
        self.sends = MESSAGES;
        self.reads = READS;
        self.recv_parked = false;
        self.pace.begin();
    }

    /// How long the turn lasts.
    #[inline]
    pub(super) const fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }

    /// The handler waits in `recv`.
    #[inline]
    pub(super) const fn park_recv(&mut self) {
        self.recv_parked = true;
    }

    /// Whether the handler waits in `recv`, so that nothing has to be read ahead for it.
    pub(super) const fn recv_is_parked(&self) -> bool {
        self.recv_parked
    }

    /// Whether the handler may receive one more message; counts it.
    #[inline]
    pub(super) fn may_receive(&mut self) -> bool {
        let left = self.messages.checked_sub(1);
        self.messages = left.unwrap_or(0);
        left.is_some() && !self.pace.is_over()
    }

    /// Messages that the handler may receive beside the one that was counted.
    #[inline]
    pub(super) fn messages_left(&self) -> usize {
        usize::from(self.messages)
    }

    /// The handler may receive these without asking.
    #[inline]
    pub(super) fn take_messages(&mut self, count: usize) {
        let count = u8::try_from(count).unwrap_or(u8::MAX);
        self.messages = self.messages.saturating_sub(count);
    }

    /// The handler gets a message that was counted; `more` tells whether others wait behind it.
    #[inline]
    pub(super) fn note_received(&mut self, more: bool) {
        let is_lone = !more && self.messages == MESSAGES - 1;
        if !(self.pace.is_running() || is_lone && self.pace.is_trusted()) {
            self.pace.start();
        }
    }

    /// Whether the handler may send; not as long as `may_send` would have to think about it.
    #[inline]
    pub(super) fn sends_freely(&mut self) -> Option<usize> {
        let left = self.sends.checked_sub(1)?;
        let answers_first = self.sends == MESSAGES && self.messages < MESSAGES;
        if !self.pace.sends_freely(answers_first) {
            return None;
        }
        Some(usize::from(left))
    }

    /// Whether the handler may send one more message.
    pub(super) fn may_send(&mut self) -> bool {
        self.sends > 0 && self.pace.may_send()
    }

    /// It has sent one.
    #[inline]
    pub(super) fn note_sent(&mut self) {
        self.sends = self.sends.saturating_sub(1);
    }

    /// So many are left, and so many of them before the handler asks again.
    pub(super) fn set_sends(&mut self, left: usize, unwatched: usize) {
        self.sends = u8::try_from(left).unwrap_or(MESSAGES);
        self.pace.set_sends(unwatched);
    }

    /// Whether one more read may be tried.
    #[inline]
    pub(super) fn spend_read(&mut self) -> bool {
        let left = self.reads.checked_sub(1);
        self.reads = left.unwrap_or(0);
        left.is_some()
    }
}
