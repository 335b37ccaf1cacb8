//! Calls of the transport that were interrupted.

use std::{io, task::Poll};

/// So often in a row nothing is interrupted: hyper repeats an error of the connection for each
/// stream of HTTP/2, whatever its kind.
const TRIES: usize = 16;

/// Polls again what was interrupted, as [`std::io`] and tokio's own utilities do.
#[inline]
pub(crate) fn again<R>(mut poll: impl FnMut() -> Poll<io::Result<R>>) -> Poll<io::Result<R>> {
    let mut tries = 0;
    loop {
        match poll() {
            Poll::Ready(Err(error))
                if error.kind() == io::ErrorKind::Interrupted && tries < TRIES =>
            {
                tries += 1;
            }
            polled => return polled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is always interrupted fails, and does not spin.
    #[test]
    fn endless_interruption_is_an_error() {
        let mut polls = 0;
        let polled = again::<()>(|| {
            polls += 1;
            Poll::Ready(Err(io::ErrorKind::Interrupted.into()))
        });
        assert!(matches!(polled, Poll::Ready(Err(_))));
        assert_eq!(polls, TRIES + 1);
    }
}
