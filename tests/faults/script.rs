//! What a script is.

use crate::acts::Act;

#[derive(Clone, Copy)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) subject: &'static [Act],
    pub(crate) peer: &'static [Act],
    /// How that ends if nothing goes wrong.
    pub(crate) ends: Ends,
    pub(crate) setting: Setting,
    /// Who drives the end whose transport has a fault.
    pub(crate) driver: Driver,
    /// What happens first depends on time, so that a delay may change what happens.
    pub(crate) is_racy: bool,
}

/// How a session ends, as the end sees it whose transport may have a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// By its own Close, or by its peer's, with this code.
    Closes(u16),
    Closed(u16),
    /// Both close at the same time.
    Crossing,
    /// The peer broke the protocol.
    Failed(u16),
    /// The peer leaves without a Close.
    Lost,
    /// It leaves itself.
    Leaves,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Usual,
    /// The transport has room for little, and so has the queue.
    Narrow,
    Deflate,
    /// Messages have 1,000 bytes at most.
    Small,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driver {
    Any,
    Supervisor,
    Nobody,
}

pub(crate) const fn script(
    name: &'static str,
    ends: Ends,
    subject: &'static [Act],
    peer: &'static [Act],
) -> Script {
    Script {
        name,
        subject,
        peer,
        ends,
        setting: Setting::Usual,
        driver: Driver::Any,
        is_racy: false,
    }
}

impl Script {
    pub(crate) const fn with(mut self, setting: Setting) -> Self {
        self.setting = setting;
        self
    }

    pub(crate) const fn driven_by(mut self, driver: Driver) -> Self {
        self.driver = driver;
        self
    }

    pub(crate) const fn racy(mut self) -> Self {
        self.is_racy = true;
        self
    }

    pub(crate) fn has(&self, is_such: impl Fn(&Act) -> bool) -> bool {
        self.subject.iter().chain(self.peer).any(is_such)
    }
}
