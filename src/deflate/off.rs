//! Without the feature `deflate`: nothing is offered, agreed on or compressed. Most types have no
//! value.

#![expect(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "as with the feature"
)]

use bytes::Bytes;
use http::HeaderValue;
#[cfg(feature = "client")]
use {super::ExtensionsError, crate::wire::fields::extension, http::HeaderMap};

use crate::wire::{ProtocolError, Role};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeflateConfig {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeflateParams {}

/// What a server accepts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DeflateOffer {}

impl DeflateOffer {
    pub(crate) fn first<'a>(_elements: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        None
    }

    pub(crate) fn answer(self, _config: &DeflateConfig) -> (DeflateParams, HeaderValue) {
        match self {}
    }
}

/// What a client offers.
#[cfg(feature = "client")]
#[derive(Clone, Debug)]
pub(crate) enum OwnOffer {}

#[cfg(feature = "client")]
impl OwnOffer {
    pub(crate) const fn new(config: &DeflateConfig) -> Self {
        match *config {}
    }

    pub(crate) const fn to_header_value(&self) -> HeaderValue {
        match *self {}
    }
}

/// 4.1: no extension was offered, so none may be in use.
#[cfg(feature = "client")]
pub(crate) fn agreed(
    headers: &HeaderMap,
    _offer: Option<&OwnOffer>,
) -> Result<Option<DeflateParams>, ExtensionsError> {
    let mut elements = extension::elements(headers).map_err(|_| ExtensionsError::Malformed)?;
    match elements.next() {
        Some(_) => Err(ExtensionsError::NotOffered),
        None => Ok(None),
    }
}

/// Messages that are received.
pub(crate) struct Inflation;

impl Inflation {
    pub(crate) const fn new(_role: Role, _params: Option<DeflateParams>) -> Self {
        Self
    }

    pub(crate) const fn is_agreed(&self) -> bool {
        false
    }

    pub(crate) fn inflate(
        &mut self,
        _piece: &[u8],
        _is_last: bool,
        _len: usize,
        _max: usize,
        _sink: impl FnMut(&[u8]) -> Result<(), ProtocolError>,
    ) -> Result<(), ProtocolError> {
        Ok(())
    }

    pub(crate) const fn stop(&mut self) {}
}

/// Messages that are sent.
pub(crate) struct Deflation;

impl Deflation {
    pub(crate) const fn new(_role: Role, _params: Option<DeflateParams>) -> Self {
        Self
    }

    pub(crate) const fn is_agreed(&self) -> bool {
        false
    }

    pub(crate) const fn compress(
        &mut self,
        _payload: &[u8],
        _config: Option<&DeflateConfig>,
    ) -> Option<Bytes> {
        None
    }

    pub(crate) fn share<'a>(
        &mut self,
        _payload: &[u8],
        _forms: &'a SharedForms,
        _config: Option<&DeflateConfig>,
        _finish: impl Fn(&[u8]) -> Bytes,
    ) -> Option<&'a Bytes> {
        None
    }
}

/// A message that others send, too.
#[derive(Default)]
pub(crate) struct SharedForms(());
