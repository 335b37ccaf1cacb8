//! The opening handshake (RFC 6455, sections 4.2 and 9.1), without IO.

#[cfg(feature = "deflate")]
mod deflate;
#[cfg(not(feature = "deflate"))]
#[path = "no_deflate.rs"]
mod deflate;
mod extension;
mod key;
mod origin;
#[cfg(feature = "deflate")]
mod parameter;
mod rejection;
mod request;
mod response;
mod subprotocol;
#[cfg(test)]
mod tests;
mod token;

pub use self::{origin::OriginPolicy, rejection::Rejection};
pub(crate) use self::{
    origin::RequestOrigin,
    request::{Handshake, is_attempt},
    response::switching_protocols,
};
