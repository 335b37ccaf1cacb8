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
