//! A socket whose messages are another crate's.

use std::{
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    message::{CloseFrame, Message},
    stream::WebSocket,
};

/// A message of another crate, in which a [`Compat`] speaks.
///
/// It is implemented for `axum::extract::ws::Message` with the feature `axum-message`, and for
/// `tungstenite::Message` with the feature `tungstenite`.
pub trait CompatMessage: From<Message> + Into<Message> {
    /// The error that is used along with these messages.
    type Error: From<crate::Error>;
}

/// A socket that receives and sends the messages of another crate, for libraries that ask for a
/// `Stream` and a `Sink` of these.
///
/// It wraps any stream and sink of [`Message`]s: this crate's [`WebSocket`],
/// `tower_websock::axum::WebSocket`, or their halves. [`WebSocket::compat`] makes one. The type of
/// the messages is mostly inferred.
///
/// Payloads are passed on without a copy. Text is checked to be UTF-8 once more, as neither crate
/// can take the other's word for it.
///
/// A Close whose reason has more than 123 bytes cannot be sent (RFC 6455, section 5.5). Its reason
/// is cut at a character boundary, so that the peer hears its code.
///
/// Dropping a future of a stream or sink adapter loses nothing, as with the socket inside.
#[derive(Debug)]
#[must_use = "streams and sinks do nothing unless polled"]
pub struct Compat<S, M> {
    inner: S,
    messages: PhantomData<fn(M) -> M>,
}

impl<S, M> Compat<S, M> {
    /// Wraps a socket, or half of one.
    pub const fn new(inner: S) -> Self {
        Self {
            inner,
            messages: PhantomData,
        }
    }

    /// What is inside.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Borrows what is inside mutably.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Borrows what is inside.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T> {
    /// The same socket with the messages and errors of another crate: see [`Compat`].
    pub const fn compat<M: CompatMessage>(self) -> Compat<Self, M> {
        Compat::new(self)
    }
}

impl<S, M, E> Stream for Compat<S, M>
where
    S: Stream<Item = Result<Message, E>> + Unpin,
    M: CompatMessage<Error: From<E>>,
{
    type Item = Result<M, M::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.inner).poll_next(cx));
        Poll::Ready(item.map(|item| item.map(M::from).map_err(M::Error::from)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<S, M, E> FusedStream for Compat<S, M>
where
    S: FusedStream<Item = Result<Message, E>> + Unpin,
    M: CompatMessage<Error: From<E>>,
{
    fn is_terminated(&self) -> bool {
        self.inner.is_terminated()
    }
}

impl<S, M> Sink<M> for Compat<S, M>
where
    S: Sink<Message> + Unpin,
    M: CompatMessage<Error: From<S::Error>>,
{
    type Error = M::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        let polled = Pin::new(&mut self.inner).poll_ready(cx);
        polled.map_err(M::Error::from)
    }

    fn start_send(mut self: Pin<&mut Self>, message: M) -> Result<(), M::Error> {
        let message = sendable(message.into());
        let started = Pin::new(&mut self.inner).start_send(message);
        started.map_err(M::Error::from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        polled.map_err(M::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        let polled = Pin::new(&mut self.inner).poll_close(cx);
        polled.map_err(M::Error::from)
    }
}

/// 5.5: other crates let a reason be longer than a Close can hold.
fn sendable(message: Message) -> Message {
    match message {
        Message::Close(Some(CloseFrame { code, reason })) => {
            Message::Close(Some(CloseFrame::new(code, reason)))
        }
        message => message,
    }
}
