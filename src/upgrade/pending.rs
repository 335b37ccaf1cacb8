//! The transport to come.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::request::Parts;
use hyper::upgrade::OnUpgrade;

use super::{
    UpgradeError,
    delivery::{Delivery, HeadMark, Witness},
};
use crate::{
    handshake::Opening,
    stream::{ProvidedIo, Unavailable, Upgraded},
};

/// What a request can be upgraded to.
pub(super) enum Offered {
    /// The connection of a request of HTTP/1.1, or the stream of one of HTTP/2.
    Hyper(OnUpgrade),
    Provided(ProvidedIo),
}

impl Offered {
    /// Takes it out of a request's extensions.
    pub(super) fn take(parts: &mut Parts) -> Option<Self> {
        let provided = parts.extensions.remove().map(Offered::Provided);
        provided.or_else(|| parts.extensions.remove().map(Offered::Hyper))
    }

    /// The transport once the response was sent, and what of hyper's response tells of that.
    pub(super) fn pending(self, opening: Opening) -> (PendingIo, Option<(Witness, HeadMark)>) {
        match self {
            Offered::Hyper(on_upgrade) => {
                let (delivery, witness, head) = Delivery::watch(on_upgrade, opening);
                (PendingIo::Hyper(delivery), Some((witness, head)))
            }
            Offered::Provided(provided) => (PendingIo::Provided(provided), None),
        }
    }
}

/// The transport to come once the response was sent.
pub(super) enum PendingIo {
    Hyper(Delivery),
    Provided(ProvidedIo),
}

impl PendingIo {
    /// Takes the response for sent, whatever becomes of it.
    pub(super) fn assume_sent(&self) {
        if let PendingIo::Hyper(delivery) = self {
            delivery.assume();
        }
    }
}

impl Future for PendingIo {
    type Output = Result<Upgraded, UpgradeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            PendingIo::Hyper(delivery) => Pin::new(delivery).poll(cx),
            PendingIo::Provided(provided) => Poll::Ready(match ready!(provided.poll_take(cx)) {
                Ok(io) => Ok(io),
                Err(Unavailable::Taken) => Err(UpgradeError::IoTaken),
                Err(Unavailable::NotReleased) => Err(UpgradeError::NotSent),
            }),
        }
    }
}
