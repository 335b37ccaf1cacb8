//! The future of a response.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;

use crate::{handshake::Rejection, stream::wake_later, upgrade::ResponseBody};

pin_project! {
    /// The response future of a [`WebSocketService`](crate::WebSocketService).
    pub struct ResponseFuture<F, B> {
        #[pin]
        kind: Kind<F, B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F, B> {
        Inner { #[pin] future: F },
        Own { response: Option<OwnResponse<B>>, waits: bool },
        // Never locked: what decides need not be `Sync`, but the future may have to be.
        Deciding { future: Mutex<Deciding<B>> },
    }
}

/// Yields an error if the request is refused.
type Deciding<B> = Pin<Box<dyn Future<Output = Result<OwnResponse<B>, OwnResponse<B>>> + Send>>;

type OwnResponse<B> = Response<ResponseBody<B>>;

impl<F, B> ResponseFuture<F, B> {
    pub(super) const fn inner(future: F) -> Self {
        Self {
            kind: Kind::Inner { future },
        }
    }

    pub(super) const fn own(response: OwnResponse<B>) -> Self {
        Self {
            kind: Kind::Own {
                response: Some(response),
                waits: false,
            },
        }
    }

    /// Others have their turn before it: a peer may pipeline requests that are dear to refuse, and
    /// hyper answers many in a row if nothing makes it wait.
    pub(super) fn refused(rejection: Rejection) -> Self {
        Self {
            kind: Kind::Own {
                response: Some(rejection.into_response()),
                waits: true,
            },
        }
    }

    pub(super) fn deciding(
        future: impl Future<Output = Result<OwnResponse<B>, OwnResponse<B>>> + Send + 'static,
    ) -> Self {
        Self {
            kind: Kind::Deciding {
                future: Mutex::new(Box::pin(future)),
            },
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut kind = self.project().kind;
        Poll::Ready(match kind.as_mut().project() {
            KindProjection::Inner { future } => {
                ready!(future.poll(cx)).map(|response| response.map(ResponseBody::new))
            }
            KindProjection::Own { response, waits } => {
                if mem::take(waits) {
                    wake_later(cx);
                    return Poll::Pending;
                }
                Ok(response.take().expect("polled after completion"))
            }
            KindProjection::Deciding { future } => {
                let future = future.get_mut().unwrap_or_else(PoisonError::into_inner);
                match ready!(future.as_mut().poll(cx)) {
                    Ok(response) => Ok(response),
                    Err(refused) => {
                        kind.set(Kind::Own {
                            response: Some(refused),
                            waits: false,
                        });
                        wake_later(cx);
                        return Poll::Pending;
                    }
                }
            }
        })
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
