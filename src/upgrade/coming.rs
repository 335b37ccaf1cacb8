//! A connection that was accepted, until it opens.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

use tokio::time::timeout;

use super::{UpgradeError, pending::PendingIo};
use crate::{
    config::Subprotocol,
    connections::{ConnectionId, Seat},
    observe::Span,
    stream::{Setup, Upgraded},
};

/// The upgrade. Large and soon over, so it does not count for what a connection weighs.
pub(super) type Upgrading =
    Pin<Box<dyn Future<Output = Result<Opened, UpgradeError>> + Send + Sync>>;

/// What it brings.
pub(super) type Opened = (Upgraded, Setup, Option<Seat>);

/// All that a connection has before its transport comes.
pub(super) struct Coming {
    io: PendingIo,
    setup: Setup,
    seat: Option<Seat>,
    shown: Shown,
}

/// The span of a connection that has not opened. Wherever it is dropped, that never happens.
struct Shown(Option<Span>);

impl Coming {
    pub(super) const fn new(io: PendingIo, setup: Setup, seat: Option<Seat>, span: Span) -> Self {
        Self {
            io,
            setup,
            seat,
            shown: Shown(Some(span)),
        }
    }

    pub(super) fn assume_sent(&self) {
        self.io.assume_sent();
    }

    pub(super) fn id(&self) -> Option<ConnectionId> {
        self.seat.as_ref().map(Seat::id)
    }

    pub(super) const fn subprotocol(&self) -> Option<&Subprotocol> {
        self.setup.agreed.subprotocol.as_ref()
    }

    /// The transport, if it comes in time: from now on.
    pub(super) fn upgraded(self) -> Upgrading {
        let Self {
            io,
            mut setup,
            seat,
            mut shown,
        } = self;
        let io = timeout(setup.config.upgrade_timeout, io);
        Box::pin(async move {
            let mut io = pin!(io);
            let io = poll_fn(|cx| {
                let cut = seat.as_ref().map(|seat| seat.poll_cut(cx));
                if cut.is_some_and(|cut| cut.is_ready()) {
                    return Poll::Ready(Err(UpgradeError::Cut));
                }
                let io = io.as_mut().poll(cx);
                io.map(|io| io.unwrap_or(Err(UpgradeError::TimedOut)))
            });
            match io.await {
                Ok(io) => {
                    setup.span = shown.open();
                    Ok((io, setup, seat))
                }
                Err(error) => {
                    shown.end(&error);
                    Err(error)
                }
            }
        })
    }
}

impl Shown {
    const fn open(&mut self) -> Option<Span> {
        self.0.take()
    }

    fn end(&mut self, why: &UpgradeError) {
        if let Some(span) = self.0.take() {
            span.not_upgraded(why);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.end(&UpgradeError::Dropped);
    }
}
