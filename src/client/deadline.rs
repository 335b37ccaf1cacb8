//! When opening must be done.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::Error;

/// The end of [`upgrade_timeout`](crate::Config::upgrade_timeout); none if that is endless.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    pub(super) fn after(timeout: Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// What the future gives, or [`Error::TimedOut`].
    pub(super) async fn bound<F: Future>(self, future: F) -> Result<F::Output, Error> {
        match self.0 {
            Some(at) => timeout_at(at, future).await.map_err(|_| Error::TimedOut),
            None => Ok(future.await),
        }
    }
}
