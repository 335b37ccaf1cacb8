//! The opening handshake (RFC 6455, sections 4.2 and 9.1; RFC 8441), without IO.

mod accept;
#[cfg(feature = "client")]
mod client;
mod key;
mod opening;
mod origin;
mod rejection;
mod request;
#[cfg(test)]
mod tests;

#[cfg(feature = "client")]
pub use self::client::AnswerError;
#[cfg(feature = "client")]
pub(crate) use self::client::{
    Answer, ClientHandshake, Form, RequestError, Target, host_and_port, host_header, misplaced,
};
pub(crate) use self::{
    accept::Agreed,
    opening::Opening,
    origin::RequestOrigin,
    request::{Handshake, is_attempt, is_request},
};
pub use self::{
    key::derive_accept_key,
    origin::{InvalidOrigin, OriginPolicy, PageRequest},
    rejection::Rejection,
};
