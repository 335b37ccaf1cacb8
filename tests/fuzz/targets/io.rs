//! A transport that gives what it has in pieces, and takes what comes in pieces.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a transport does next.
#[derive(Clone, Copy)]
pub enum Step {
    /// At most so many bytes.
    Bytes(usize),
    /// Nothing this time.
    Nothing,
}

/// One end. It has a certain input, and what is written to it can be looked at.
pub struct Transport {
    input: VecDeque<u8>,
    reads: VecDeque<Step>,
    writes: VecDeque<Step>,
    pub written: Arc<Mutex<Vec<u8>>>,
}

impl Transport {
    /// When `reads` or `writes` are over, all is taken at once.
    pub fn new(input: Vec<u8>, reads: Vec<Step>, writes: Vec<Step>) -> Self {
        Self {
            input: input.into(),
            reads: reads.into(),
            writes: writes.into(),
            written: Arc::default(),
        }
    }
}

fn next(steps: &mut VecDeque<Step>, cx: &Context<'_>) -> Poll<usize> {
    match steps.pop_front() {
        Some(Step::Bytes(most)) => Poll::Ready(most.max(1)),
        Some(Step::Nothing) => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        None => Poll::Ready(usize::MAX),
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let most = std::task::ready!(next(&mut this.reads, cx));
        let len = most.min(this.input.len()).min(buffer.remaining());
        let bytes: Vec<u8> = this.input.drain(..len).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let most = std::task::ready!(next(&mut this.writes, cx));
        let len = most.min(bytes.len());
        this.written.lock().unwrap().extend(&bytes[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
