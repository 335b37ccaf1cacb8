//! The opening handshake (RFC 6455, sections 4.2 and 9.1), without IO.

mod extension;
mod key;
mod origin;
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
