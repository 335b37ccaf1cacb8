//! What an example says of an error.

use std::error::Error;

/// Prints an error, and each cause behind it.
pub(crate) fn print(error: &dyn Error) {
    eprint!("{error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprint!(": {error}");
        cause = error.source();
    }
    eprintln!();
}
