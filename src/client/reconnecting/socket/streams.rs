//! As a `Stream` and a `Sink`.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Reconnecting;
use crate::{
    client::reconnecting::{
        driver::Patience,
        event::{Event, Stopped},
        send_error::SendError,
    },
    message::Message,
};

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Stream for Reconnecting<T> {
    type Item = Result<Event, Stopped>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.driver.poll_event(cx)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> FusedStream for Reconnecting<T> {
    fn is_terminated(&self) -> bool {
        self.driver.is_done()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Sink<Message> for Reconnecting<T> {
    type Error = SendError;

    /// Waits until a connection is open and has room.
    ///
    /// If messages were lost, fails once with [`SendError::Lost`], and then waits until they are
    /// taken back. If messages of the last connection must be received first, waits for that. After
    /// 30 seconds in which nothing is received, fails: with `Lost` again, or with
    /// [`SendError::ReceiveFirst`].
    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.driver.poll_room(cx, Patience::Waits)
    }

    /// If the connection has ended since `poll_ready`, the message is in the error.
    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        self.driver.start(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.driver.poll_flushed(cx)
    }

    /// Sends a Close frame (1000), or ends the attempts to connect. Receiving goes on until the
    /// server's Close.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.driver.poll_closed(cx)
    }
}
