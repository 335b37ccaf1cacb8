//! What handlers may return.

use crate::wire::close_code::{self, CloseCode};

/// What a handler returns: nothing, or a `Result` so that it can use `?`.
///
/// A handler that returns closes the connection, unless it is closing already: with 1000, if it
/// did not give its socket to another task, or with 1011 if it returned an error. The error itself
/// goes nowhere: a handler that wants it in a log puts it there.
pub trait Outcome {
    /// The close code for the peer.
    fn close_code(&self) -> CloseCode;
}

impl Outcome for () {
    fn close_code(&self) -> CloseCode {
        close_code::NORMAL
    }
}

impl<E> Outcome for Result<(), E> {
    fn close_code(&self) -> CloseCode {
        match self {
            Ok(()) => close_code::NORMAL,
            Err(_) => close_code::ERROR,
        }
    }
}
