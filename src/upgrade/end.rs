//! What is known of a connection that is over.

use std::convert::Infallible;

use super::UpgradeError;
use crate::protocol::Closure;

/// How a connection ended that was accepted, and its handler: what `on_end` is given.
///
/// Either the connection was opened, and there is a [`closure`](Self::closure), or it was not, and
/// there is an [`upgrade_error`](Self::upgrade_error). `E` is the error of the handler. It is
/// [`Infallible`] for a handler that returns no `Result`.
#[derive(Debug)]
#[non_exhaustive]
pub struct End<E = Infallible> {
    pub(super) connection: Result<Closure, UpgradeError>,
    pub(super) handler: HandlerEnd,
    pub(super) error: Option<E>,
}

impl<E> End<E> {
    /// How the connection was closed; `None` if it was never opened.
    ///
    /// [`Closure::Lost`] if its task was dropped while it was open.
    pub fn closure(&self) -> Option<&Closure> {
        self.connection.as_ref().ok()
    }

    /// Why the connection was never opened, although it was accepted; `None` if it was.
    pub fn upgrade_error(&self) -> Option<&UpgradeError> {
        self.connection.as_ref().err()
    }

    /// How the handler ended.
    pub const fn handler(&self) -> HandlerEnd {
        self.handler
    }

    /// The error that the handler returned.
    ///
    /// For a handler that can fail, `None` where `on_end` asked for a plain `End`; see
    /// [`handler`](Self::handler) then.
    pub const fn error(&self) -> Option<&E> {
        self.error.as_ref()
    }
}

/// How a handler ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlerEnd {
    /// It was not called: the connection was not opened.
    #[default]
    NotCalled,
    /// It returned `()` or `Ok(())`.
    Returned,
    /// It returned an error.
    Failed,
    /// It panicked.
    Panicked,
    /// It was dropped before its end: its task was aborted, or the runtime was shut down.
    Dropped,
}
