//! Whether an acceptance was sent, before a handler may start.
//!
//! hyper hands a connection over when it ends, whatever was answered on it. A handler that relied
//! on that alone would run although an outer layer answered 401. Three parties share what is known:
//! the response's body ([`Witness`]), its head ([`HeadMark`], an extension), and the handler's task
//! ([`Delivery`]). What hyper 1 does with the response that it sends:
//!
//! - HTTP/1.1: it asks the body [`is_end_stream`](http_body::Body::is_end_stream) and, if not,
//!   [`size_hint`](http_body::Body::size_hint); encodes the head and drops it; polls the body for a
//!   frame, if the status allows one; drops the body; and only then hands the connection over.
//! - HTTP/2: it sends the head and drops it, hands the stream over, and drops the body.
//!
//! A response that was thrown away is not asked in this order, or not at all; one whose status was
//! changed is polled for a frame.

use std::{
    fmt,
    future::Future,
    mem,
    pin::{Pin, pin},
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use hyper::upgrade::OnUpgrade;
use tokio::task::unconstrained;

use super::UpgradeError;
use crate::{
    handshake::Opening,
    stream::Upgraded,
    sync::{Mutex, MutexGuard},
};

/// The handler's end: waits until the acceptance was sent, and for its transport.
pub(super) struct Delivery(Arc<Shared>);

/// The body's end: tells what hyper does with it.
pub(super) struct Witness(Arc<Shared>);

/// The head's end, an extension of the response.
///
/// Extensions can be cloned; the head counts as alive while one of them is.
#[derive(Clone)]
pub(super) struct HeadMark(#[expect(dead_code, reason = "its end is what counts")] Arc<HeadEnd>);

struct HeadEnd(Arc<Shared>);

struct Shared {
    opening: Opening,
    state: Mutex<State>,
}

enum State {
    /// Not known yet.
    Open(Evidence),
    Known(Verdict),
    /// The handler has what it waited for.
    Told,
}

enum Verdict {
    /// Sent; the transport may still be on its way.
    Sent(OnUpgrade),
    /// Sent, and the transport is here: a stream of HTTP/2.
    HandedOver(hyper::upgrade::Upgraded),
    NotSent(UpgradeError),
}

struct Evidence {
    /// `None` once there is a verdict.
    transport: Option<OnUpgrade>,
    asked: Asked,
    head: Head,
    handler: Option<Waker>,
}

/// What the body was asked last, while the head was alive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    WhetherAtEnd,
    /// That, and then for its length: as hyper does before it encodes the head.
    Both,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    Alive,
    Gone,
}

impl Delivery {
    /// Watches the response that has the `Witness` in its body and the `HeadMark` among its
    /// extensions.
    pub(super) fn watch(transport: OnUpgrade, opening: Opening) -> (Self, Witness, HeadMark) {
        let shared = Arc::new(Shared {
            opening,
            state: Mutex::new(State::Open(Evidence {
                transport: Some(transport),
                asked: Asked::Nothing,
                head: Head::Alive,
                handler: None,
            })),
        });
        let head = HeadMark(Arc::new(HeadEnd(shared.clone())));
        (Self(shared.clone()), Witness(shared), head)
    }

    /// Takes the acceptance for sent, whatever becomes of it.
    pub(super) fn assume(&self) {
        self.0.judge(Evidence::sent);
    }
}

impl Future for Delivery {
    type Output = Result<Upgraded, UpgradeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        match &mut *state {
            State::Open(evidence) => {
                evidence.handler = Some(cx.waker().clone());
                return Poll::Pending;
            }
            State::Known(Verdict::Sent(transport)) => {
                let io = ready!(Pin::new(transport).poll(cx));
                *state = State::Known(match io {
                    Ok(io) => Verdict::HandedOver(io),
                    Err(error) => Verdict::NotSent(UpgradeError::Http(error)),
                });
            }
            _ => {}
        }
        match mem::replace(&mut *state, State::Told) {
            State::Known(Verdict::HandedOver(io)) => {
                Poll::Ready(Ok(Upgraded::hyper(io, self.0.opening)))
            }
            State::Known(Verdict::NotSent(error)) => Poll::Ready(Err(error)),
            _ => Poll::Pending,
        }
    }
}

impl Witness {
    /// Whether hyper has to ask the body, which must not seem to be at its end then.
    pub(super) fn is_to_be_asked(&self) -> bool {
        !self.0.opening.is_multiplexed() && matches!(&*self.0.lock(), State::Open(_))
    }

    pub(super) fn asked_whether_at_end(&self) {
        self.0.judge(|evidence| {
            // Of a head that is gone it tells nothing: hyper asks once more where it traces.
            if evidence.head == Head::Alive {
                evidence.asked = Asked::WhetherAtEnd;
            }
            None
        });
    }

    pub(super) fn asked_for_length(&self) {
        self.0.judge(|evidence| {
            evidence.asked = match (evidence.head, evidence.asked) {
                (Head::Alive, Asked::WhetherAtEnd) => Asked::Both,
                // By somebody else, or with another head.
                _ => Asked::Nothing,
            };
            None
        });
    }

    /// Another status was sent: 101 has no body.
    pub(super) fn polled(&self) {
        self.0
            .judge(|_| Some(Verdict::NotSent(UpgradeError::NotSent)));
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.judge(|evidence| {
            Some(
                match (evidence.poll_transport(), self.0.opening.is_multiplexed()) {
                    _ if evidence.head == Head::Alive => Verdict::NotSent(UpgradeError::NotSent),
                    (Poll::Ready(Err(error)), _) => Verdict::NotSent(UpgradeError::Http(error)),
                    (Poll::Ready(Ok(io)), true) => Verdict::HandedOver(io),
                    (Poll::Pending, false) if evidence.asked == Asked::Both => {
                        return evidence.sent();
                    }
                    _ => Verdict::NotSent(UpgradeError::NotSent),
                },
            )
        });
    }
}

impl Drop for HeadEnd {
    fn drop(&mut self) {
        self.0.judge(|evidence| {
            evidence.head = Head::Gone;
            let is_asked = self.0.opening.is_multiplexed() || evidence.asked == Asked::Both;
            match evidence.poll_transport() {
                Poll::Ready(Err(error)) => Some(Verdict::NotSent(UpgradeError::Http(error))),
                Poll::Pending if is_asked => None,
                // Thrown away, or handed over with another response.
                _ => Some(Verdict::NotSent(UpgradeError::NotSent)),
            }
        });
    }
}

impl Evidence {
    /// Wakes nobody: after the verdict the handler polls for itself. A task that has used up its
    /// budget must not see a transport that is here as pending.
    fn poll_transport(&mut self) -> Poll<hyper::Result<hyper::upgrade::Upgraded>> {
        let mut cx = Context::from_waker(Waker::noop());
        match &mut self.transport {
            Some(transport) => pin!(unconstrained(transport)).poll(&mut cx),
            None => Poll::Pending,
        }
    }

    fn sent(&mut self) -> Option<Verdict> {
        self.transport.take().map(Verdict::Sent)
    }
}

impl Shared {
    /// Notes what happened. What `event` yields is the verdict, and the last word.
    fn judge(&self, event: impl FnOnce(&mut Evidence) -> Option<Verdict>) {
        let mut state = self.lock();
        let State::Open(evidence) = &mut *state else {
            return;
        };
        let Some(verdict) = event(evidence) else {
            return;
        };
        let before = mem::replace(&mut *state, State::Known(verdict));
        drop(state);
        if let State::Open(Evidence {
            handler: Some(handler),
            ..
        }) = before
        {
            handler.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}
