//! How much is decoded in one go.

/// What decoding may still do before it stops, so that others have their turn: about as many
/// times 50 ns.
///
/// It is bounded by what was done, not by the clock, so that a connection decodes the same however
/// fast the machine is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    left: usize,
}

/// What a step has cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    Usual,
    /// It took long: others should have their turn soon.
    Dear,
}

/// Frames of a step, the dear ones counted by what they cost.
const STEP: usize = 512;

/// A piece of a compressed message costs as many frames, and more by its bytes and by those that
/// come out of it.
const INFLATING: usize = 8;
const BYTES_IN: usize = 8;
const BYTES_OUT: usize = 64;

impl Work {
    /// All that a step may do.
    pub(super) const STEP: Self = Self { left: STEP };

    /// Whether nothing more is to be done in this step.
    #[inline]
    pub(super) const fn is_done(self) -> bool {
        self.left == 0
    }

    /// What was done since the step began.
    #[inline]
    pub(super) const fn cost(self) -> Cost {
        if self.left < STEP / 2 {
            Cost::Dear
        } else {
            Cost::Usual
        }
    }

    #[inline]
    pub(super) const fn spend_frame(&mut self) {
        self.spend(1);
    }

    /// `len` bytes are inflated.
    pub(super) const fn spend_inflating(&mut self, len: usize) {
        self.spend(INFLATING + len / BYTES_IN);
    }

    /// `len` bytes have come out.
    pub(super) const fn spend_inflated(&mut self, len: usize) {
        self.spend(len / BYTES_OUT);
    }

    const fn spend(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame counts one; a piece that is inflated by its bytes and by those that come of it.
    #[test]
    fn what_is_done_is_spent() {
        let left = |spend: fn(&mut Work)| {
            let mut work = Work::STEP;
            spend(&mut work);
            work.left
        };
        assert_eq!(left(|_| {}), 512);
        assert_eq!(left(Work::spend_frame), 511);
        assert_eq!(left(|work| work.spend_inflating(0)), 504);
        assert_eq!(left(|work| work.spend_inflating(81)), 494);
        assert_eq!(left(|work| work.spend_inflated(63)), 512);
        assert_eq!(left(|work| work.spend_inflated(645)), 502);
        assert_eq!(left(|work| work.spend_inflating(1 << 20)), 0);
    }

    /// What took more than half of a step is dear.
    #[test]
    fn half_of_a_step_is_usual() {
        let mut work = Work::STEP;
        for spent in 1..=512 {
            work.spend_frame();
            let cost = if spent > 256 { Cost::Dear } else { Cost::Usual };
            assert_eq!((work.cost(), work.is_done()), (cost, spent == 512));
        }
    }
}
