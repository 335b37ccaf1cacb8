//! The body of responses: the inner service's, or a sentence of ours.

use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of a [`WebSocketService`](crate::WebSocketService)'s response: that of the
    /// inner service's response, untouched, or a [`Sentence`] of ours.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
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
    }
}

/// A short text, or nothing, as a body.
#[derive(Clone, Debug, Default)]
pub struct Sentence(Bytes);

impl<B> ResponseBody<B> {
    pub(super) const fn inner(body: B) -> Self {
        Self {
            kind: Kind::Inner { body },
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
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Own { sentence } => sentence.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Own { sentence } => sentence.size_hint(),
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
