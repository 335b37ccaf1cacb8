//! Without the feature `deflate`: no message is compressed.

#![expect(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "as with the feature"
)]

use bytes::Bytes;

use crate::{
    config::{Config, deflate::DeflateParams},
    wire::{ProtocolError, Role},
};

/// Messages that are received.
pub(super) struct Inflation;

impl Inflation {
    pub(super) const fn new(_role: Role, _params: Option<DeflateParams>) -> Self {
        Self
    }

    pub(super) const fn is_agreed(&self) -> bool {
        false
    }

    pub(super) fn inflate(
        &mut self,
        _piece: &[u8],
        _is_last: bool,
        _len: usize,
        _max: usize,
        _sink: impl FnMut(&[u8]) -> Result<(), ProtocolError>,
    ) -> Result<(), ProtocolError> {
        Ok(())
    }

    pub(super) fn inflate_short(
        &mut self,
        _payload: &[u8],
        _max: usize,
        _sink: impl FnOnce(&[u8]) -> Result<(), ProtocolError>,
    ) -> Option<()> {
        None
    }

    pub(super) const fn stop(&mut self) {}
}

/// Messages that are sent.
pub(super) struct Deflation;

impl Deflation {
    pub(super) const fn new(_role: Role, _params: Option<DeflateParams>) -> Self {
        Self
    }

    pub(super) const fn is_agreed(&self) -> bool {
        false
    }

    pub(super) const fn compress(&mut self, _payload: &[u8], _config: &Config) -> Option<Bytes> {
        None
    }
}
