//! The task of a connection: first the upgrade, then the supervised handler.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::time::{Timeout, timeout};

use super::{Outcome, UpgradeError, pending::PendingIo, serving::Serving};
use crate::{
    protocol::Closure,
    stream::{Setup, Upgraded, WebSocket},
};

pin_project! {
    /// A future that runs a handler and supervises its connection: see
    /// [`Accepting::supervise`](crate::Accepting::supervise).
    #[must_use = "the connection is served by polling this future"]
    pub struct Supervise<H, F> {
        #[pin]
        stage: Stage<H, F>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<H, F> {
        // Large and soon over, so it does not count for what a connection weighs.
        Upgrading { upgrading: Pin<Box<Upgrading<H>>> },
        Serving { #[pin] serving: Serving<Upgraded, H, F> },
    }
}

pin_project! {
    struct Upgrading<H> {
        #[pin]
        io: Timeout<PendingIo>,
        then: Option<(H, Setup)>,
    }
}

impl<H, F> Supervise<H, F> {
    pub(super) fn new(io: PendingIo, setup: Setup, handler: H) -> Self {
        let upgrading = Box::pin(Upgrading {
            io: timeout(setup.config.upgrade_timeout, io),
            then: Some((handler, setup)),
        });
        Self {
            stage: Stage::Upgrading { upgrading },
        }
    }
}

impl<H, F> Future for Supervise<H, F>
where
    H: FnOnce(WebSocket) -> F,
    F: Future<Output: Outcome>,
{
    type Output = Result<Closure, UpgradeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        loop {
            match stage.as_mut().project() {
                StageProjection::Upgrading { upgrading } => {
                    let upgrading = upgrading.as_mut().project();
                    let upgraded = ready!(upgrading.io.poll(cx));
                    let io = upgraded.map_err(|_| UpgradeError::TimedOut)??;
                    let then = upgrading.then.take();
                    let (handler, setup) = then.expect("polled after completion");
                    let serving = Serving::new(io, setup, handler);
                    stage.set(Stage::Serving { serving });
                }
                StageProjection::Serving { serving } => {
                    return serving.poll(cx).map(Ok);
                }
            }
        }
    }
}

impl<H, F> fmt::Debug for Supervise<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervise").finish_non_exhaustive()
    }
}
