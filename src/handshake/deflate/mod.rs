//! Negotiation of permessage-deflate (RFC 7692, sections 5 and 7.1).

#[cfg_attr(not(test), expect(dead_code, reason = "for the client to come"))]
mod client;
mod element;
mod server;

#[cfg(test)]
pub(super) use self::client::{ExtensionsError, OwnOffer, agreed};
pub(crate) use self::server::DeflateOffer;
