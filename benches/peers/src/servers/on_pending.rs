//! A buffered writer that flushes when a read has to wait.
//!
//! For the peers whose receiving future may not be dropped: their loop cannot look
//! whether another message is ready, so the transport below them does the batching.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, BufWriter, ReadBuf};

/// What is collected before it is written anyway, in bytes.
pub(super) const BUFFER: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct FlushOnPending<S> {
    inner: BufWriter<S>,
}

impl<S: AsyncWrite> FlushOnPending<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            inner: BufWriter::with_capacity(BUFFER, stream),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for FlushOnPending<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if read.is_pending() && !self.inner.buffer().is_empty() {
            let flushed = Pin::new(&mut self.inner).poll_flush(cx);
            if let Poll::Ready(Err(error)) = flushed {
                return Poll::Ready(Err(error));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FlushOnPending<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
