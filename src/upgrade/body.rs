//! The body of responses: another's, a sentence of ours, or that of an acceptance.

use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::delivery::Witness;

pin_project! {
    /// The body of a response. It is a body of your own type `B`, untouched; the text of a
    /// refusal; or the empty body of an acceptance, which finds out whether it was sent.
    ///
    /// Turn responses of your own into this type with `response.map(ResponseBody::new)`.
    ///
    /// # No handler without an acceptance
    ///
    /// A handler starts only after the response that accepts was sent. hyper alone does not ensure
    /// that: when an HTTP/1.1 connection ends, hyper hands it over, even if an outer layer
    /// answered 401 instead. So the body of the acceptance watches what hyper calls on it, and
    /// when the body and the response's extensions are dropped. If another response is sent, or
    /// ours with another status, no handler starts, and the upgrade fails with
    /// [`UpgradeError::NotSent`](crate::UpgradeError::NotSent).
    ///
    /// Outer layers may add headers, and may wrap or box the body, as most of tower-http and axum
    /// do. No handler starts if a layer
    ///
    /// - replaces the body, even with one that it read from ours,
    /// - replaces the extensions, or keeps a clone of them,
    /// - wraps the body in one that does not pass on `is_end_stream` and `size_hint`,
    /// - adds `Content-Length` and changes the status; hyper then ends the connection.
    ///
    /// If your stack has such a layer, use
    /// [`Accepting::assume_sent`](crate::Accepting::assume_sent).
    ///
    /// # Limits
    ///
    /// Over HTTP/1.1, there are two cases in which a handler starts although no acceptance was
    /// sent:
    ///
    /// - A layer changes the status of our response to 204 or 304 and keeps its body and its
    ///   extensions. hyper polls no body for these. To refuse a request, use another status.
    /// - A layer calls `is_end_stream` and then `size_hint` on our body, and then drops the whole
    ///   response. To drop an acceptance, drop it without calling these methods.
    ///
    /// Over HTTP/2, any 2xx with our body is an acceptance (RFC 8441, section 5; RFC 9110, section
    /// 9.3.6).
    #[derive(Debug)]
    pub struct ResponseBody<B = Sentence> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = KindProjection]
    enum Kind<B> {
        Inner { #[pin] body: B },
        Own { sentence: Sentence },
        Acceptance { witness: Witness },
    }
}

/// A short text, or nothing, as a body.
#[derive(Clone, Debug, Default)]
pub struct Sentence(Bytes);

impl<B> ResponseBody<B> {
    /// Wraps a body of your own, untouched.
    pub const fn new(body: B) -> Self {
        Self {
            kind: Kind::Inner { body },
        }
    }

    /// The body that [`new`](Self::new) wrapped.
    ///
    /// # Errors
    ///
    /// If the body is not one that [`new`](Self::new) wrapped. The error returns it unchanged.
    pub fn into_inner(self) -> Result<B, Self> {
        match self.kind {
            Kind::Inner { body } => Ok(body),
            kind => Err(Self { kind }),
        }
    }

    pub(super) const fn acceptance(witness: Witness) -> Self {
        Self {
            kind: Kind::Acceptance { witness },
        }
    }
}

impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl<B> From<Bytes> for ResponseBody<B> {
    fn from(text: Bytes) -> Self {
        let sentence = text.into();
        Self {
            kind: Kind::Own { sentence },
        }
    }
}

impl From<Bytes> for Sentence {
    fn from(text: Bytes) -> Self {
        Self(text)
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Inner { body } => body.poll_frame(cx),
            KindProjection::Own { sentence } => Poll::Ready(sentence.take_frame().map(Ok)),
            KindProjection::Acceptance { witness } => {
                witness.polled();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Own { sentence } => sentence.is_end_stream(),
            Kind::Acceptance { witness } => {
                witness.asked_whether_at_end();
                !witness.is_to_be_asked()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Own { sentence } => sentence.size_hint(),
            Kind::Acceptance { witness } => {
                witness.asked_for_length();
                if witness.is_to_be_asked() {
                    // With a length hyper would not ask for a frame of another status's body.
                    SizeHint::default()
                } else {
                    SizeHint::with_exact(0)
                }
            }
        }
    }
}

impl Sentence {
    fn take_frame(&mut self) -> Option<Frame<Bytes>> {
        let text = mem::take(&mut self.0);
        (!text.is_empty()).then(|| Frame::data(text))
    }
}

impl Body for Sentence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.take_frame().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}
