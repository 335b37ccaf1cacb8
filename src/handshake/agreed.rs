//! What a handshake ends with.

use crate::{config::Subprotocol, deflate::DeflateParams};

/// What both sides agreed on.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Agreed {
    pub(crate) subprotocol: Option<Subprotocol>,
    pub(crate) deflate: Option<DeflateParams>,
}
