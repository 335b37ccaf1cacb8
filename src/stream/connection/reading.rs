//! Whether messages are wanted: by who receives them, or to be read ahead.

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    mode: Mode,
    last_receipt: LastReceipt,
}

/// What becomes of messages that come while nobody receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// They are kept, as far as there is room.
    #[default]
    Ahead,
    /// There was no room: they wait in the transport.
    Paused,
    /// They are dropped: nobody will receive any more.
    Discarding,
    /// They are dropped, and the user, who will receive, is to be told.
    Overrun,
}

/// When the user received last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LastReceipt {
    /// Never: it sends only.
    #[default]
    Never,
    /// After it sent last.
    Lately,
    /// Before that.
    Before,
}

impl Reading {
    /// The user asks for a message.
    #[inline]
    pub(super) const fn note_receipt(&mut self) {
        self.last_receipt = LastReceipt::Lately;
    }

    /// Before the user sends: whether it has received since it sent last, and need not look for
    /// what it has just looked for.
    #[inline]
    pub(super) fn take_receipt(&mut self) -> bool {
        let lately = self.last_receipt == LastReceipt::Lately;
        if lately {
            self.last_receipt = LastReceipt::Before;
        }
        lately
    }

    /// Whether the user never receives.
    pub(super) fn is_for_nobody(self) -> bool {
        self.last_receipt == LastReceipt::Never
    }

    /// There is no room.
    pub(super) const fn pause(&mut self) {
        self.mode = Mode::Paused;
    }

    #[inline]
    pub(super) fn is_paused(self) -> bool {
        self.mode == Mode::Paused
    }

    /// Reading goes on if it was paused. Returns whether it was.
    #[inline]
    pub(super) fn resume(&mut self) -> bool {
        let paused = self.is_paused();
        if paused {
            self.mode = Mode::Ahead;
        }
        paused
    }

    /// From now on messages are dropped.
    pub(super) fn discard(&mut self) {
        self.mode = Mode::Discarding;
        self.take_receipt();
    }

    /// They are dropped since there were too many, and the user is to be told.
    pub(super) const fn overrun(&mut self) {
        self.mode = Mode::Overrun;
    }

    /// Whether the user is to be told so now.
    pub(super) fn take_overrun(&mut self) -> bool {
        let overrun = self.mode == Mode::Overrun;
        if overrun {
            self.mode = Mode::Discarding;
        }
        overrun
    }

    /// Whether messages are dropped.
    #[inline]
    pub(super) const fn is_discarding(self) -> bool {
        matches!(self.mode, Mode::Discarding | Mode::Overrun)
    }

    /// The same, and the user need not be told.
    pub(super) fn is_discarding_for_good(self) -> bool {
        self.mode == Mode::Discarding
    }
}
