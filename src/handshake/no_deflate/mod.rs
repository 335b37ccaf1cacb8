//! Without the feature `deflate`: no offer is known (RFC 6455, section 9.1).

#[cfg(feature = "client")]
mod client;

use http::HeaderValue;

#[cfg(feature = "client")]
pub(super) use self::client::{OwnOffer, agreed};
use crate::config::deflate::{DeflateConfig, DeflateParams};

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
