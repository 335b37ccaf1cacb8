//! Memory follows the bytes that arrive and our own limits, never a number that a peer sent
//! (RFC 6455, section 10.4).
#![allow(clippy::cast_possible_wrap, reason = "sizes of tests are small")]
#![allow(clippy::async_yields_async, reason = "tasks are measured from outside")]
#![allow(clippy::cast_sign_loss, reason = "sizes of tests are small")]

mod lengths;
mod queues;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const KIB: isize = 1024;

/// A peer that sends a pattern again and again, then nothing, and takes what it gets or
/// takes nothing. It holds no memory of its own.
struct Script {
    intro: Vec<u8>,
    pattern: Vec<u8>,
    repeat: usize,
    sent: usize,
    takes: bool,
    /// Every read yields one pattern, not as much as there is room for.
    trickles: bool,
}

impl Script {
    fn new(intro: &[u8], pattern: &[u8], repeat: usize) -> Self {
        Self {
            intro: intro.to_vec(),
            pattern: pattern.to_vec(),
            repeat,
            sent: 0,
            takes: true,
            trickles: false,
        }
    }

    fn takes_nothing(mut self) -> Self {
        self.takes = false;
        self
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let end = self.intro.len() + self.pattern.len() * self.repeat;
        if self.sent == end {
            return Poll::Pending;
        }
        while buf.remaining() > 0 && self.sent < end {
            let piece = match self.sent.checked_sub(self.intro.len()) {
                None => &self.intro[self.sent..],
                Some(at) => &self.pattern[at % self.pattern.len()..],
            };
            let len = piece.len().min(buf.remaining());
            buf.put_slice(&piece[..len]);
            self.sent += len;
            if self.trickles {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.takes {
            Poll::Ready(Ok(buf.len()))
        } else {
            Poll::Pending
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Lets every task that is ready run.
async fn settle() {
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
}
