//! The transport to come.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Version, request::Parts};
use hyper::upgrade::OnUpgrade;

use super::UpgradeError;
use crate::stream::{ProvidedIo, Upgraded};

/// The transport to come once the response has been written.
pub(super) enum PendingIo {
    /// The connection of a request of HTTP/1.1, or the stream of one of HTTP/2.
    Hyper(OnUpgrade, Version),
    Provided(ProvidedIo),
}

impl PendingIo {
    /// Takes it out of a request's extensions.
    pub(super) fn take(parts: &mut Parts) -> Option<Self> {
        if let Some(provided) = parts.extensions.remove() {
            return Some(PendingIo::Provided(provided));
        }
        let on_upgrade = parts.extensions.remove()?;
        Some(PendingIo::Hyper(on_upgrade, parts.version))
    }

    /// Whether the transport shares its connection with others.
    pub(super) const fn is_multiplexed(&self) -> bool {
        matches!(self, PendingIo::Hyper(_, Version::HTTP_2))
    }
}

impl Future for PendingIo {
    type Output = Result<Upgraded, UpgradeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.get_mut() {
            PendingIo::Hyper(on_upgrade, version) => ready!(Pin::new(on_upgrade).poll(cx))
                .map(|io| Upgraded::hyper(io, *version))
                .map_err(UpgradeError::Http),
            PendingIo::Provided(provided) => provided.take().ok_or(UpgradeError::IoTaken),
        })
    }
}
