//! Negotiation of permessage-deflate (RFC 7692, sections 5 and 7.1).

#[cfg(any(feature = "client", test))]
mod client;
mod element;
mod server;

#[cfg(any(feature = "client", test))]
pub(super) use self::client::{OwnOffer, agreed};
pub(crate) use self::server::DeflateOffer;
