//! A transport that gives what it has in pieces, and takes what comes in pieces.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
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

/// One end of a connection. Its [`Peer`] gives it input, and sees what is written to it.
pub struct Transport {
    peer: Peer,
    reads: VecDeque<Step>,
    writes: VecDeque<Step>,
}

/// The other end.
#[derive(Clone, Default)]
pub struct Peer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    input: Vec<u8>,
    /// So much of it was read.
    read: usize,
    is_over: bool,
    reader: Option<Waker>,
    written: Vec<u8>,
}

impl Transport {
    /// A transport whose peer sends no more than `input`. When `reads` or `writes` are over, all is
    /// taken at once.
    pub fn new(input: &[u8], reads: Vec<Step>, writes: Vec<Step>) -> (Self, Peer) {
        let (transport, peer) = Self::open(reads, writes);
        peer.feed(input);
        peer.end();
        (transport, peer)
    }

    /// A transport whose peer says when it sends.
    pub fn open(reads: Vec<Step>, writes: Vec<Step>) -> (Self, Peer) {
        let peer = Peer::default();
        let transport = Self {
            peer: peer.clone(),
            reads: reads.into(),
            writes: writes.into(),
        };
        (transport, peer)
    }
}

impl Peer {
    pub fn feed(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state.input.extend(bytes);
        state.wake();
    }

    /// It sends nothing more.
    pub fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        state.wake();
    }

    /// What was written to it.
    pub fn written(&self) -> Vec<u8> {
        self.lock().written.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
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
        let mut state = this.peer.lock();
        let left = &state.input[state.read..];
        let len = most.min(left.len()).min(buffer.remaining());
        if len == 0 && !state.is_over {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        buffer.put_slice(&left[..len]);
        state.read += len;
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
        this.peer.lock().written.extend(&bytes[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
