//! Transports that fail.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::harness::close;
use crate::{
    config::Config,
    protocol::{Closure, Loss},
    stream::WebSocket,
};

/// Has all of its input, then waits; or ends, once it is shut.
#[derive(Default)]
struct Io {
    input: Vec<u8>,
    is_shut: bool,
    /// What each flush fails with.
    flush: Option<io::ErrorKind>,
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.input.is_empty() && !self.is_shut {
            return Poll::Pending;
        }
        buf.put_slice(&std::mem::take(&mut self.input));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.flush.map_or(Ok(()), |kind| Err(kind.into())))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_shut = true;
        Poll::Ready(Ok(()))
    }
}

/// 7.1.4: a Close that was written and not flushed may never leave. Then there was no closing
/// handshake, although the peer's Close has come.
#[tokio::test]
async fn close_that_was_not_flushed_is_a_loss() {
    let io = Io {
        input: close(),
        flush: Some(io::ErrorKind::BrokenPipe),
        ..Io::default()
    };
    let mut socket = WebSocket::server(io, &Config::new());
    let item = socket.recv().await.unwrap().unwrap();
    assert!(item.is_close(), "{item:?}");
    assert!(socket.recv().await.is_none());
    assert_eq!(socket.closure(), Some(Closure::Lost(Loss::Ended)));
}
