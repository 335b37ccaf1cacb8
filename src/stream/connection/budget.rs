//! What a turn may do before other tasks of its thread have theirs: so much, and for so long.

use std::{mem, time::Duration};

use tokio::time::Instant;

/// Bytes that take long enough to read, decode or send for a look at the clock.
pub(super) const LARGE: usize = 16 * 1024;

/// Messages that the handler receives in a turn, and as many that it sends: what tokio grants a
/// task.
const MESSAGES: u8 = 128;

/// Reads of a turn.
const READS: u8 = 32;

/// Steps of decoding, of which each has a bound of its own.
const STEPS: u8 = 64;

/// What lasted so long ends the turn: what was sent leaves, and others have theirs.
const LONGEST: Duration = Duration::from_millis(1);

/// Messages that last so long are looked at one by one, and quick ones do not: of them, as many
/// as pass between two looks last no longer than a turn.
const SLOW: Duration = Duration::from_micros(250);
const QUICK: Duration = Duration::from_micros(60);

/// At most 2 to this many messages pass between two looks.
const MOST_TRUST: u8 = 5;

/// What is left for this turn: a poll of the supervisor's task.
///
/// A look at the clock costs a tenth of what a small message does. So a turn looks after its
/// first message, then after 1, 2, 4 ... 32 more, as long as they are quick. What it has learned
/// holds for the next turns: a handler that was slow is looked at after each message, and after
/// twice as many with each turn that is quick; one that was quick is trusted to take 32 before the
/// first look, and to answer a lone one without any.
#[expect(clippy::struct_excessive_bools, reason = "they are independent")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Messages that the handler may still receive, and those before the next look.
    receives: u8,
    unwatched_receives: u8,
    /// Messages that it may still send, and those before the next look.
    sends: u8,
    unwatched_sends: u8,
    reads: u8,
    steps: u8,
    /// The handler waits in `recv`: for the transport, which it has polled, or for its next turn.
    recv_parked: bool,
    /// When the turn will have lasted too long; `None` if the clock was not looked at yet.
    ends: Option<Instant>,
    /// Looks since then.
    looks: u8,
    trust: u8,
    is_over: bool,
    /// The last message that was looked at was quick.
    is_quick: bool,
    /// What is sent is to leave at once, since the next message may take long.
    is_slow: bool,
    /// A turn was over for its time, and not enough have been quick since.
    is_wary: bool,
}

impl Budget {
    pub(super) const FIRST: Self = Self {
        receives: MESSAGES,
        unwatched_receives: 0,
        sends: MESSAGES,
        unwatched_sends: 0,
        reads: READS,
        steps: STEPS,
        recv_parked: false,
        ends: None,
        looks: 0,
        trust: 0,
        is_over: false,
        is_quick: false,
        is_slow: false,
        is_wary: false,
    };

    /// Another turn begins, in which `batched` messages may be received that were counted before.
    #[inline]
    pub(super) fn begin(&mut self, batched: usize) {
        self.receives = MESSAGES;
        self.take_messages(batched);
        self.sends = MESSAGES;
        self.reads = READS;
        self.recv_parked = false;
        if self.is_wary && self.is_quick && !self.is_over {
            self.gain();
        }
        self.renew();
    }

    /// Others have had their turn: time and work are counted from here on.
    pub(super) const fn renew(&mut self) {
        self.ends = None;
        self.is_over = false;
        self.steps = STEPS;
    }

    /// Whether one more read may be tried; counts it.
    #[inline]
    pub(super) fn spend_read(&mut self) -> bool {
        spend(&mut self.reads)
    }

    /// Whether a step of decoding may be followed by another one; counts it.
    pub(super) fn spend_step(&mut self) -> bool {
        self.is_over |= !spend(&mut self.steps);
        match self.ends {
            Some(ends) => self.is_over |= Instant::now() >= ends,
            None => self.start(),
        }
        !self.is_over
    }

    /// Something was dear, as much as a step: the next message is looked at.
    #[inline]
    pub(super) fn expect_look(&mut self) {
        self.steps = self.steps.saturating_sub(1);
        self.is_over |= self.steps == 0;
        self.trust = self.trust.min(MOST_TRUST - 1);
        self.unwatched_receives = 0;
        self.unwatched_sends = 0;
    }
}

/// To receive.
impl Budget {
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
    pub(super) fn spend_message(&mut self) -> bool {
        spend(&mut self.receives) && !self.is_over
    }

    /// Messages that the handler may receive beside the one that was counted.
    #[inline]
    pub(super) fn messages_left(&self) -> usize {
        usize::from(self.receives)
    }

    /// The handler may receive these without asking.
    #[inline]
    pub(super) fn take_messages(&mut self, count: usize) {
        deduct(&mut self.receives, count);
    }

    /// Whether there is time for another message; not to be asked before there is one.
    #[inline]
    pub(super) fn watch_receive(&mut self) -> bool {
        if self.ends.is_some() && !spend(&mut self.unwatched_receives) {
            self.look();
        }
        !self.is_over
    }

    /// There is no other message. If it is not known yet whether one lasts long, that is seen now.
    #[inline]
    pub(super) fn note_parked(&mut self) {
        if self.ends.is_some() && !self.is_trusted() {
            self.look();
        }
    }

    /// The handler gets a message that was counted; `more` tells whether others wait behind it.
    #[inline]
    pub(super) fn note_handed_over(&mut self, more: bool) {
        let is_lone = !more && self.receives == MESSAGES - 1;
        if self.ends.is_none() && !(is_lone && self.is_trusted()) {
            self.start();
        }
    }

    /// Messages that may be received without asking.
    #[inline]
    pub(super) fn take_unwatched(&mut self) -> usize {
        usize::from(mem::take(&mut self.unwatched_receives))
    }
}

/// To send.
impl Budget {
    /// Whether the handler may send; not as long as `watch_send` would have to think about it. Tells
    /// how many more may follow.
    #[inline]
    pub(super) fn spend_free_send(&mut self) -> Option<usize> {
        let others = self.sends.checked_sub(1)?;
        if self.ends.is_none() {
            let answers_first = self.sends == MESSAGES && self.receives < MESSAGES;
            if !answers_first || !self.is_trusted() {
                return None;
            }
        } else if !spend(&mut self.unwatched_sends) || self.is_pressing() {
            return None;
        }
        Some(usize::from(others.min(self.unwatched_sends)))
    }

    /// Whether the handler may send one more message. What is found to be over with this message is
    /// so from the next one on.
    pub(super) fn watch_send(&mut self) -> bool {
        if self.sends == 0 || self.is_over {
            return false;
        }
        if self.ends.is_none() {
            self.start();
        } else if self.unwatched_sends == 0 {
            self.look();
        }
        self.unwatched_sends = self.unwatched_sends.saturating_sub(1);
        true
    }

    /// It has sent one.
    #[inline]
    pub(super) fn note_sent(&mut self) {
        self.sends = self.sends.saturating_sub(1);
    }

    /// It has sent so many without asking.
    #[inline]
    pub(super) fn note_sent_freely(&mut self, count: usize) {
        deduct(&mut self.sends, count);
        deduct(&mut self.unwatched_sends, count);
    }

    /// Whether the handler goes on with a batch; tells how many messages it may receive, and send,
    /// without asking.
    pub(super) fn go_on(&mut self) -> Option<(usize, usize)> {
        if !self.watch_receive() {
            return None;
        }
        if self.ends.is_none() {
            self.start();
        }
        let sends = usize::from(self.sends.min(self.unwatched_sends));
        Some((1 + self.take_unwatched(), sends))
    }

    /// Whether what is sent is not to wait for the end of the turn.
    pub(super) const fn is_pressing(&self) -> bool {
        self.is_over || self.is_slow
    }
}

/// How long the turn lasts.
impl Budget {
    #[inline]
    const fn is_trusted(&self) -> bool {
        self.trust == MOST_TRUST
    }

    /// The first message is there.
    #[inline(never)]
    fn start(&mut self) {
        self.ends = Some(Instant::now() + LONGEST);
        self.looks = 0;
        let unwatched = if self.is_trusted() {
            1 << MOST_TRUST
        } else {
            0
        };
        self.unwatched_receives = unwatched;
        // With the answer to it.
        self.unwatched_sends = unwatched.max(1);
    }

    /// A message was quick, or a whole turn of a handler that was slow before.
    fn gain(&mut self) {
        self.trust = (self.trust + 1).min(MOST_TRUST);
        self.is_wary &= !self.is_trusted();
        self.is_quick = false;
    }

    /// Sees whether it is over, and how many messages may pass before the next look.
    #[inline(never)]
    fn look(&mut self) {
        let Some(ends) = self.ends else { return };
        let now = Instant::now();
        self.looks = self.looks.saturating_add(1);
        if now >= ends {
            self.is_over = true;
            self.is_slow = now + LONGEST - ends >= SLOW * u32::from(self.looks);
            self.is_wary = true;
            self.is_quick = false;
            self.trust = 0;
            return;
        }
        self.is_slow = false;
        if !self.is_trusted() {
            self.is_quick = now + LONGEST < ends + QUICK;
            if self.is_quick && !self.is_wary {
                self.gain();
            }
        }
        self.unwatched_receives = (1 << self.trust) - 1;
        self.unwatched_sends = 1 << self.trust;
    }
}

/// Whether there was one; it is used up.
#[inline]
fn spend(left: &mut u8) -> bool {
    let rest = left.checked_sub(1);
    *left = rest.unwrap_or(0);
    rest.is_some()
}

#[inline]
fn deduct(left: &mut u8, count: usize) {
    *left = left.saturating_sub(u8::try_from(count).unwrap_or(u8::MAX));
}
