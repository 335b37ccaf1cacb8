//! Without the feature `deflate`: nothing is offered.

use http::{HeaderMap, HeaderValue};

use crate::{
    config::deflate::{DeflateConfig, DeflateParams},
    handshake::extensions_error::ExtensionsError,
    wire::fields::extension,
};

/// What a client would offer.
#[derive(Clone, Debug)]
pub(crate) enum OwnOffer {}

impl OwnOffer {
    pub(crate) const fn new(config: &DeflateConfig) -> Self {
        match *config {}
    }

    pub(crate) const fn to_header_value(&self) -> HeaderValue {
        match *self {}
    }
}

/// 4.1: no extension was offered, so none may be in use.
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
