//! The client's side of the opening handshake (RFC 6455, section 4.1; RFC 8441, section 5),
//! without IO.

mod answer;
mod asked;
mod error;
mod headers;
mod request;
mod target;

pub use self::error::AnswerError;
pub(crate) use self::{
    answer::Answer,
    asked::ClientHandshake,
    error::RequestError,
    headers::misplaced,
    target::{Form, Target},
};
