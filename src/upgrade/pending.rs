//! The transport to come.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Extensions;
use hyper::upgrade::OnUpgrade;

use super::UpgradeError;
use crate::stream::{ProvidedIo, Upgraded};

/// The transport to come once the response has been written.
pub(super) enum PendingIo {
    Hyper(OnUpgrade),
    Provided(ProvidedIo),
}

impl PendingIo {
    /// Takes it out of a request's extensions.
    pub(super) fn take(extensions: &mut Extensions) -> Option<Self> {
        if let Some(provided) = extensions.remove() {
            return Some(PendingIo::Provided(provided));
        }
        extensions.remove().map(PendingIo::Hyper)
    }
}

impl Future for PendingIo {
    type Output = Result<Upgraded, UpgradeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.get_mut() {
            PendingIo::Hyper(on_upgrade) => ready!(Pin::new(on_upgrade).poll(cx))
                .map(Upgraded::from)
                .map_err(UpgradeError::Http),
            PendingIo::Provided(provided) => provided.take().ok_or(UpgradeError::IoTaken),
        })
    }
}
