//! What decides on valid requests before they are accepted.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};

/// Open to every request, or what the user set. A refusal has the body `B`.
pub(crate) struct Gate<B>(Option<Arc<Ask<B>>>);

type Ask<B> = dyn Fn(Parts) -> Deciding<B> + Send + Sync;

/// The head of a request that may pass, or the response that refuses it.
pub(super) type Deciding<B> = Pin<Box<dyn Future<Output = Result<Parts, Response<B>>> + Send>>;

impl<B: From<Bytes> + 'static> Gate<B> {
    /// Decides at once. The hook runs in the future of the response: if it panics, that is what
    /// ends, over HTTP/2 one stream.
    pub(crate) fn sync<R>(
        hook: impl Fn(&mut Parts) -> Result<(), R> + Send + Sync + 'static,
        response: fn(R) -> Response<B>,
    ) -> Self
    where
        R: 'static,
    {
        let hook = Arc::new(hook);
        Self(Some(Arc::new(move |mut request| {
            let hook = hook.clone();
            Box::pin(async move {
                let decision = hook(&mut request);
                decision.map_err(|refusal| refusing(response(refusal)))?;
                Ok(request)
            })
        })))
    }

    /// Decides after a while.
    pub(crate) fn future<F, R>(
        hook: impl Fn(Parts) -> F + Send + Sync + 'static,
        response: fn(R) -> Response<B>,
    ) -> Self
    where
        F: Future<Output = Result<Parts, R>> + Send + 'static,
        R: 'static,
    {
        let hook = Arc::new(hook);
        Self(Some(Arc::new(move |request| {
            let hook = hook.clone();
            Box::pin(async move {
                let decision = hook(request).await;
                decision.map_err(|refusal| refusing(response(refusal)))
            })
        })))
    }

    /// The same, with another body for refusals.
    #[cfg(feature = "axum")]
    pub(crate) fn map<C: From<B> + 'static>(self) -> Gate<C> {
        Gate(self.0.map(|ask| {
            let ask = move |request| -> Deciding<C> {
                let deciding = ask(request);
                Box::pin(async { deciding.await.map_err(|refusal| refusal.map(C::from)) })
            };
            Arc::new(ask) as Arc<Ask<C>>
        }))
    }
}

impl<B> Gate<B> {
    /// `None` where everybody may pass.
    pub(super) fn ask(&self) -> Option<impl FnOnce(Parts) -> Deciding<B> + use<B>> {
        let ask = self.0.clone()?;
        Some(move |request| ask(request))
    }
}

/// A status that accepts would end the handshake without a handler (RFC 6455, section 4.1; RFC
/// 8441, section 5).
fn refusing<B: From<Bytes>>(response: Response<B>) -> Response<B> {
    let status = response.status();
    if !status.is_informational() && !status.is_success() {
        return response;
    }
    let sentence = format!("the server refused the request with {status}, which accepts\n");
    let mut response = Response::new(Bytes::from(sentence).into());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

impl<B> Default for Gate<B> {
    fn default() -> Self {
        Self(None)
    }
}

impl<B> Clone for Gate<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B> fmt::Debug for Gate<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "set" } else { "open" })
    }
}
