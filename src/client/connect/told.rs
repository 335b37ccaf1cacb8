//! Errors of the system that tell what they are about.

use std::{fmt::Display, io};

/// An error of the same kind, with the place in front.
pub(super) fn told(place: impl Display, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{place}: {error}"))
}
