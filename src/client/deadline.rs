//! Until when opening a connection may take.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{Error, stage::Stage};

/// The end of [`upgrade_timeout`](crate::Config::upgrade_timeout); none if that is endless.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    pub(super) fn after(timeout: Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// What the future gives, which waits for the server's answer, or [`Error::TimedOut`].
    pub(super) async fn bound<F: Future>(self, future: F) -> Result<F::Output, Error> {
        self.during(Stage::Answer, future).await
    }

    /// What the future gives, which is at this stage, or [`Error::TimedOut`].
    pub(super) async fn during<F: Future>(
        self,
        stage: Stage,
        future: F,
    ) -> Result<F::Output, Error> {
        match self.0 {
            Some(at) => {
                let timed = timeout_at(at, future).await;
                timed.map_err(|_| Error::TimedOut(stage))
            }
            None => Ok(future.await),
        }
    }
}
