//! A transport that does something when it is used.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tower_websock::{SendHalf, Upgraded};

/// A transport with a will of its own.
pub(super) struct Hooked {
    io: DuplexStream,
    /// Bytes that must be read before it shuts down.
    pub(super) shutdown_after: usize,
    pub(super) keeps: Arc<Mutex<Option<SendHalf<Upgraded>>>>,
}

impl Hooked {
    pub(super) fn new(io: DuplexStream) -> Self {
        Self {
            io,
            shutdown_after: 0,
            keeps: Arc::default(),
        }
    }
}

impl AsyncRead for Hooked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        let read = buf.filled().len() - before;
        self.shutdown_after = self.shutdown_after.saturating_sub(read);
        polled
    }
}

impl AsyncWrite for Hooked {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.shutdown_after > 0 {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Drop for Hooked {
    fn drop(&mut self) {
        let kept = self.keeps.lock().unwrap().take();
        drop(kept);
    }
}
