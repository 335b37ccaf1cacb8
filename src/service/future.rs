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

use crate::{stream::wake_later, upgrade::ResponseBody};

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
        Own { response: Option<Response<ResponseBody<B>>> },
        // Of a request that was refused.
        Refused { response: Option<Response<ResponseBody<B>>>, waited: bool },
        // Never locked: what decides need not be `Sync`, but the future may have to be.
        Deciding { future: Mutex<Deciding<B>> },
    }
}

type Deciding<B> = Pin<Box<dyn Future<Output = Response<ResponseBody<B>>> + Send>>;

impl<F, B> ResponseFuture<F, B> {
    pub(super) const fn inner(future: F) -> Self {
        Self {
            kind: Kind::Inner { future },
        }
    }

    pub(super) const fn own(response: Response<ResponseBody<B>>) -> Self {
        Self {
            kind: Kind::Own {
                response: Some(response),
            },
        }
    }

    /// Others have their turn before it: a peer may pipeline requests that are dear to refuse, and
    /// hyper answers many in a row if nothing makes it wait.
    pub(super) const fn refused(response: Response<ResponseBody<B>>) -> Self {
        Self {
            kind: Kind::Refused {
                response: Some(response),
                waited: false,
            },
        }
    }

    pub(super) fn deciding(
        future: impl Future<Output = Response<ResponseBody<B>>> + Send + 'static,
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
        Poll::Ready(match self.project().kind.project() {
            KindProjection::Inner { future } => {
                ready!(future.poll(cx)).map(|response| response.map(ResponseBody::new))
            }
            KindProjection::Own { response } => {
                Ok(response.take().expect("polled after completion"))
            }
            KindProjection::Refused { response, waited } => {
                if !mem::replace(waited, true) {
                    wake_later(cx);
                    return Poll::Pending;
                }
                Ok(response.take().expect("polled after completion"))
            }
            KindProjection::Deciding { future } => {
                let future = future.get_mut().unwrap_or_else(PoisonError::into_inner);
                Ok(ready!(future.as_mut().poll(cx)))
            }
        })
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
