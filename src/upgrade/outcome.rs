//! What handlers may return.

use std::{any::Any, convert::Infallible, error::Error, fmt, io};

use self::sealed::Returns;
pub(super) use self::sealed::Sealed;
use crate::wire::close_code::CloseCode;

/// What a handler may return: `()`, a `Result` (which lets it use `?`), or `!` if it never
/// returns.
///
/// If a handler returns an error, the connection is closed with 1011. If it returns `()` or
/// `Ok(())`, the connection is closed with 1000, unless the handler gave its socket to another
/// task. Nothing is sent if the connection is already closing. For another code, call
/// [`WebSocket::close`](crate::WebSocket::close). Errors are not logged; `on_error` of layers,
/// services and upgrades gets them. With the feature `tracing`, an event says that the handler
/// failed.
///
/// Implemented for `()`, for `Result<(), E>` and for `!`, the type of a block that loops forever.
/// No other type can implement it:
///
/// ```compile_fail,E0277
/// struct Code(u16);
///
/// impl tower_websock::Outcome for Code {}
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler's future yields `()`, a `Result<(), _>` or `!`, not `{Self}`",
    label = "what the handler returns",
    note = "end the handler with `Ok(())`, or with nothing"
)]
pub trait Outcome: Sealed {
    /// The error of a handler that fails; [`Infallible`] if it cannot fail.
    type Error: 'static;

    /// The error, if the handler failed.
    fn into_error(self) -> Option<Self::Error>;
}

impl Outcome for () {
    type Error = Infallible;

    fn into_error(self) -> Option<Infallible> {
        None
    }
}

impl<E: 'static> Outcome for Result<(), E> {
    type Error = E;

    fn into_error(self) -> Option<E> {
        self.err()
    }
}

impl Outcome for Never {
    type Error = Infallible;

    fn into_error(self) -> Option<Infallible> {
        self
    }
}

/// `!`, which stable Rust names only as what a function returns.
type Never = <fn() -> ! as Returns>::Output;

mod sealed {
    use super::{CloseCode, Never};
    use crate::wire::close_code;

    pub trait Sealed {
        /// The code that tells the peer how its handler ended.
        fn code(&self) -> CloseCode;
    }

    pub trait Returns {
        type Output;
    }

    impl<T> Returns for fn() -> T {
        type Output = T;
    }

    impl Sealed for () {
        fn code(&self) -> CloseCode {
            close_code::NORMAL
        }
    }

    impl<E> Sealed for Result<(), E> {
        fn code(&self) -> CloseCode {
            match self {
                Ok(()) => close_code::NORMAL,
                Err(_) => close_code::ERROR,
            }
        }
    }

    impl Sealed for Never {
        fn code(&self) -> CloseCode {
            *self
        }
    }
}

#[cfg(feature = "axum")]
type ErrorOfAxum = axum_core::Error;
#[cfg(not(feature = "axum"))]
type ErrorOfAxum = io::Error;

/// What an error says, if it is of a type that many handlers return. Others need not be printable.
pub(super) fn text_of<E: 'static>(error: &E) -> Option<&dyn fmt::Display> {
    fn as_a<T: fmt::Display + 'static>(error: &dyn Any) -> Option<&dyn fmt::Display> {
        error.downcast_ref::<T>().map(|error| error as _)
    }
    as_a::<crate::stream::Error>(error)
        .or_else(|| as_a::<Box<dyn Error + Send + Sync>>(error))
        .or_else(|| as_a::<Box<dyn Error>>(error))
        .or_else(|| as_a::<ErrorOfAxum>(error))
        .or_else(|| as_a::<io::Error>(error))
        .or_else(|| as_a::<String>(error))
        .or_else(|| as_a::<&'static str>(error))
}
