//! The client's side of the opening handshake (RFC 6455, section 4.1; RFC 8441, section 5),
//! without IO.

mod answer;
mod location;
mod request;
mod target;

pub use self::answer::AnswerError;
pub(crate) use self::{
    answer::Answer,
    request::{ClientHandshake, misplaced},
    target::{Form, RequestError, Target, host_and_port, host_header},
};
