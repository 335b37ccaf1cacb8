//! How long a turn lasts.

use std::{mem, time::Duration};

use tokio::time::Instant;

/// Bytes that take long enough to read, decode or send for a look at the clock.
pub(super) const LARGE: usize = 16 * 1024;

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

/// How long a turn lasts.
///
/// A look at the clock costs a tenth of what a small message does. So a turn looks after its
/// first message, then after 1, 2, 4 ... 32 more, as long as they are quick. What it has learned
/// holds for the next turns: a handler that was slow is looked at after each message, and after
/// twice as many with each turn that is quick; one that was quick is trusted to take 32 before the
/// first look, and to answer a lone one without any.
#[expect(clippy::struct_excessive_bools, reason = "they are independent")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When it will have lasted too long; `None` if the clock was not looked at yet.
    ends: Option<Instant>,
    /// Looks since then.
    looks: u8,
    /// Messages that may be received before the next look, and sent.
    receives: u8,
    sends: u8,
    steps: u8,
    trust: u8,
    is_over: bool,
    /// The last message that was looked at was quick.
    is_quick: bool,
    /// What is sent is to leave at once, since the next message may take long.
    is_slow: bool,
    /// A turn was over for its time, and not enough have been quick since.
    is_wary: bool,
}

impl Pace {
    pub(super) const FIRST: Self = Self {
        ends: None,
        looks: 0,
        receives: 0,
        sends: 0,
        steps: STEPS,
        trust: 0,
        is_over: false,
        is_quick: false,
        is_slow: false,
        is_wary: false,
    };

    /// Others have had their turn.
    #[inline]
    pub(super) fn begin(&mut self) {
        if self.is_wary && self.is_quick && !self.is_over {
            self.gain();
        }
        self.renew();
    }

    /// Time and work are counted from here on.
    pub(super) const fn renew(&mut self) {
        self.ends = None;
        self.is_over = false;
        self.steps = STEPS;
    }

    #[inline]
    pub(super) const fn is_running(&self) -> bool {
        self.ends.is_some()
    }

    #[inline]
    pub(super) const fn is_trusted(&self) -> bool {
        self.trust == MOST_TRUST
    }

    /// Whether it has lasted too long.
    #[inline]
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether what is sent is not to wait for the end of the turn.
    pub(super) const fn is_pressing(&self) -> bool {
        self.is_over || self.is_slow
    }

    /// The first message is there.
    #[inline(never)]
    pub(super) fn start(&mut self) {
        self.ends = Some(Instant::now() + LONGEST);
        self.looks = 0;
        let unwatched = if self.is_trusted() {
            1 << MOST_TRUST
        } else {
            0
        };
        self.receives = unwatched;
        // With the answer to it.
        self.sends = unwatched.max(1);
    }

    /// Whether another message may be received; not to be asked before there is one.
    #[inline]
    pub(super) fn may_receive(&mut self) -> bool {
        if self.ends.is_some() {
            match self.receives.checked_sub(1) {
                Some(left) => self.receives = left,
                None => self.look(),
            }
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

    /// Messages that may be received without asking.
    #[inline]
    pub(super) fn take_receives(&mut self) -> usize {
        usize::from(mem::take(&mut self.receives))
    }

    /// Messages that may be sent without asking.
    pub(super) fn sends(&self) -> usize {
        usize::from(self.sends)
    }

    pub(super) fn set_sends(&mut self, count: usize) {
        self.sends = u8::try_from(count).unwrap_or(u8::MAX);
    }

    #[inline]
    pub(super) fn sends_freely(&mut self, answers_first: bool) -> bool {
        if self.ends.is_none() {
            return answers_first && self.is_trusted();
        }
        let left = self.sends.checked_sub(1);
        self.sends = left.unwrap_or(0);
        left.is_some() && !self.is_pressing()
    }

    /// What is found to be over with this message is so from the next one on.
    pub(super) fn may_send(&mut self) -> bool {
        if self.is_over {
            return false;
        }
        if self.ends.is_none() {
            self.start();
        } else if self.sends == 0 {
            self.look();
        }
        self.sends = self.sends.saturating_sub(1);
        true
    }

    /// Whether a step of decoding may be followed by another one.
    pub(super) fn spend_step(&mut self) -> bool {
        match self.steps.checked_sub(1) {
            Some(left) => self.steps = left,
            None => self.is_over = true,
        }
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
        self.receives = 0;
        self.sends = 0;
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
        self.receives = (1 << self.trust) - 1;
        self.sends = 1 << self.trust;
    }
}
