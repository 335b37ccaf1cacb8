//! Without the feature `deflate`: no offer is known (RFC 6455, section 9.1).

use http::HeaderValue;

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
