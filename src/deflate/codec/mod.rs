//! permessage-deflate (RFC 7692, section 7.2): the payload of compressed messages.
//!
//! Messages in, messages out: frames, roles and the negotiation are not known here.
//!
//! A connection holds no state of a codec between messages, just the window: at most
//! 2^`window_bits` bytes in each direction, and nothing before the first message or without
//! context takeover. States belong to the thread (see [`states`]). What it sends a connection holds
//! only once it has lost a compressor (see [`Deflater`]); what it receives always, since without
//! it nothing could be read any more.

mod deflater;
mod history;
mod inflater;
mod message_inflater;
mod scratch;
mod shared;
mod states;
#[cfg(test)]
mod tests;
mod zlib;

pub(crate) use self::shared::SharedForms;
use self::{
    deflater::{Deflated, Deflater},
    inflater::Inflater,
    message_inflater::InflateError,
    zlib::{Effort, Settings},
};
use bytes::Bytes;

use crate::{
    deflate::settings::{DeflateConfig, DeflateParams, DeflateSide},
    wire::{ProtocolError, Role},
};

/// One direction of a connection. It has no memory until its first compressed message.
enum Direction<T> {
    /// Messages are not compressed.
    Off,
    Agreed(DeflateSide),
    Begun(Box<T>),
}

impl<T> Direction<T> {
    fn of(side: Option<DeflateSide>) -> Self {
        side.map_or(Direction::Off, Direction::Agreed)
    }

    const fn is_agreed(&self) -> bool {
        !matches!(self, Direction::Off)
    }

    fn begin(&mut self, new: impl FnOnce(DeflateSide) -> T) -> Option<&mut T> {
        if let Direction::Agreed(side) = *self {
            *self = Direction::Begun(Box::new(new(side)));
        }
        match self {
            Direction::Begun(begun) => Some(begun),
            Direction::Off | Direction::Agreed(_) => None,
        }
    }
}

/// Messages that are received.
pub(crate) struct Inflation(Direction<Inflater>);

impl Inflation {
    pub(crate) fn new(role: Role, params: Option<DeflateParams>) -> Self {
        Self(Direction::of(params.map(|params| match role {
            Role::Client => params.server,
            Role::Server => params.client,
        })))
    }

    /// Whether messages may be compressed.
    pub(crate) const fn is_agreed(&self) -> bool {
        self.0.is_agreed()
    }

    /// Inflates a piece of a message's payload, maybe the last. `len` bytes have come out of it, and
    /// at most `max` may; the next ones go to `sink` in pieces.
    pub(crate) fn inflate(
        &mut self,
        piece: &[u8],
        is_last: bool,
        len: usize,
        max: usize,
        mut sink: impl FnMut(&[u8]) -> Result<(), ProtocolError>,
    ) -> Result<(), ProtocolError> {
        let Some(inflater) = self.0.begin(Inflater::new) else {
            return Ok(());
        };
        let outcome = inflater.inflate(piece, is_last, max.saturating_sub(len), |output| {
            sink(output).map_err(Fault::Content)
        });
        let outcome = outcome.and_then(|()| {
            if is_last {
                inflater.finish()?;
            }
            Ok(())
        });
        outcome.map_err(|fault| match fault {
            Fault::Content(error) => error,
            Fault::Deflate(InflateError::Corrupt) => ProtocolError::InvalidDeflate,
            // 10.4: one byte more is known.
            Fault::Deflate(InflateError::TooBig) => ProtocolError::MessageTooBig {
                size: (max as u64).saturating_add(1),
                max,
            },
        })
    }

    /// No message follows.
    pub(crate) fn stop(&mut self) {
        self.0 = Direction::Off;
    }
}

/// What is wrong with a compressed message: the compression, or what came out of it.
enum Fault {
    Deflate(InflateError),
    Content(ProtocolError),
}

impl From<InflateError> for Fault {
    fn from(error: InflateError) -> Self {
        Fault::Deflate(error)
    }
}

impl Effort {
    const fn of(config: &DeflateConfig) -> Self {
        Self {
            level: config.level,
            memory_level: config.memory_level,
        }
    }
}

/// Messages that are sent.
pub(crate) struct Deflation(Direction<Deflater>);

impl Deflation {
    pub(crate) fn new(role: Role, params: Option<DeflateParams>) -> Self {
        Self(Direction::of(params.map(|params| match role {
            Role::Client => params.client,
            Role::Server => params.server,
        })))
    }

    /// Whether messages may be compressed.
    pub(crate) const fn is_agreed(&self) -> bool {
        self.0.is_agreed()
    }

    /// Compresses a message; `None` if it goes as it is, since that is not agreed on or
    /// not worth it.
    #[inline]
    pub(crate) fn compress(
        &mut self,
        payload: &[u8],
        config: Option<&DeflateConfig>,
    ) -> Option<Deflated> {
        match config {
            Some(config) if self.0.is_agreed() => self.compress_with(payload, config),
            _ => None,
        }
    }

    fn compress_with(&mut self, payload: &[u8], config: &DeflateConfig) -> Option<Deflated> {
        if payload.len() < config.min_size {
            return None;
        }
        let deflater = self
            .0
            .begin(|side| Deflater::new(side, Effort::of(config)))?;
        deflater.compress(payload)
    }

    /// The compressed form of a message that others send, too, finished by `finish`; `None` if it
    /// goes as it is, since compression is not agreed on or not worth it.
    ///
    /// It is sent then: what follows cannot refer to what came before it.
    pub(crate) fn share<'a>(
        &mut self,
        payload: &[u8],
        forms: &'a SharedForms,
        config: Option<&DeflateConfig>,
        finish: impl Fn(&[u8]) -> Bytes,
    ) -> Option<&'a Bytes> {
        let config = config.filter(|config| payload.len() >= config.min_size)?;
        let settings = match &self.0 {
            Direction::Off => return None,
            Direction::Agreed(side) => Settings {
                effort: Effort::of(config),
                window_bits: side.window_bits,
            },
            Direction::Begun(deflater) => deflater.settings(),
        };
        let form = forms.get(payload, settings, finish)?;
        match &mut self.0 {
            Direction::Begun(deflater) => deflater
                .gives_way(payload.len().saturating_sub(form.len()))
                .then_some(form),
            _ => Some(form),
        }
    }
}
