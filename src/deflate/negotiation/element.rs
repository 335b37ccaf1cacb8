//! The parameters of permessage-deflate (RFC 7692, section 7.1).

use std::fmt;

use crate::{
    deflate::settings::{DeflateSide, MAX_WINDOW_BITS, Takeover},
    wire::fields::parameter::{Extension, Value},
};

/// 7: the extension's name.
pub(super) const NAME: &str = "permessage-deflate";

/// What an offer, or the answer to one, says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) server: Terms,
    pub(super) client: Terms,
}

/// What it says of one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// `*_no_context_takeover`.
    pub(super) takeover: Takeover,
    /// `*_max_window_bits`.
    pub(super) window: Window,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Window {
    #[default]
    Unstated,
    /// Without a value.
    Stated,
    AtMost(u8),
}

impl Element {
    /// 7: `None` if a parameter is undefined, repeated, or has an invalid value.
    pub(super) fn of(extension: &Extension<'_>) -> Option<Self> {
        let mut element = Self::default();
        let Self { server, client } = &mut element;
        for param in extension.params() {
            match param.name {
                b"server_no_context_takeover" => server.reset_context(param.value)?,
                b"client_no_context_takeover" => client.reset_context(param.value)?,
                b"server_max_window_bits" => server.limit_window(param.value)?,
                b"client_max_window_bits" => client.limit_window(param.value)?,
                _ => return None,
            }
        }
        // 7.1.2.1: it has a value.
        (element.server.window != Window::Stated).then_some(element)
    }

    /// 7.1: whether this answers an offer.
    #[cfg(any(feature = "client", test))]
    pub(super) fn answers(self, offer: Self) -> bool {
        // 7.1.1.1: what was asked for is echoed.
        let is_reset =
            self.server.takeover == Takeover::Reset || offer.server.takeover == Takeover::Kept;
        // 7.1.2.1: the same or a smaller value.
        let is_bound = self.server.window.bits() <= offer.server.window.bits();
        let is_allowed = match self.client.window {
            Window::Unstated => true,
            // 7.1.2.2: with a value.
            Window::Stated => false,
            // 7.1.2.2: only if offered; the same or a smaller value.
            Window::AtMost(bits) => {
                offer.client.window != Window::Unstated && bits <= offer.client.window.bits()
            }
        };
        is_reset && is_bound && is_allowed
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        for (end, terms) in [("server", self.server), ("client", self.client)] {
            if terms.takeover == Takeover::Reset {
                write!(f, "; {end}_no_context_takeover")?;
            }
            match terms.window {
                Window::Unstated => {}
                Window::Stated => write!(f, "; {end}_max_window_bits")?,
                Window::AtMost(bits) => write!(f, "; {end}_max_window_bits={bits}")?,
            }
        }
        Ok(())
    }
}

impl Terms {
    fn reset_context(&mut self, value: Option<Value<'_>>) -> Option<()> {
        // 7.1.1: without a value. 7: once.
        let is_valid = value.is_none() && self.takeover == Takeover::Kept;
        self.takeover = Takeover::Reset;
        is_valid.then_some(())
    }

    fn limit_window(&mut self, value: Option<Value<'_>>) -> Option<()> {
        // 7: once.
        if self.window != Window::Unstated {
            return None;
        }
        self.window = match value {
            Some(value) => Window::AtMost(window_bits(value)?),
            None => Window::Stated,
        };
        Some(())
    }

    /// How an end may compress that agreed to this.
    pub(super) fn side(self) -> DeflateSide {
        DeflateSide {
            window_bits: self.window.bits(),
            takeover: self.takeover,
        }
    }
}

impl Window {
    /// 7.1.2: the bits that it allows.
    pub(super) const fn bits(self) -> u8 {
        match self {
            Window::Unstated | Window::Stated => MAX_WINDOW_BITS,
            Window::AtMost(bits) => bits,
        }
    }
}

/// 7.1.2: decimal, 8 to 15, without leading zeroes.
fn window_bits(value: Value<'_>) -> Option<u8> {
    let mut digits = value.bytes();
    match (digits.next()?, digits.next(), digits.next()) {
        (digit @ b'8'..=b'9', None, _) => Some(digit - b'0'),
        (b'1', Some(digit @ b'0'..=b'5'), None) => Some(10 + digit - b'0'),
        _ => None,
    }
}
