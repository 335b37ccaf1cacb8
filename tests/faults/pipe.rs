//! Two ends in memory. What one has taken arrives at the other, also when it is gone by then.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Both ends, for who looks on.
#[derive(Clone)]
pub(crate) struct Pipe(Arc<Mutex<[Way; 2]>>);

/// One of the two ends.
pub(crate) struct End {
    pipe: Pipe,
    /// The way out; the other one is the way in.
    out: usize,
}

/// From one end to the other.
struct Way {
    waiting: VecDeque<u8>,
    room: usize,
    /// All that was ever put in, and how much of it was taken out.
    passed: Vec<u8>,
    taken: usize,
    has_writer: bool,
    has_reader: bool,
    is_shut: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What went one way.
pub(crate) struct Passed {
    pub(crate) put: Vec<u8>,
    pub(crate) taken: Vec<u8>,
}

impl Pipe {
    /// Each way has room for so many bytes that were not read.
    pub(crate) fn new(room: usize) -> (Self, [End; 2]) {
        let pipe = Self(Arc::new(Mutex::new([Way::new(room), Way::new(room)])));
        let end = |out| End {
            pipe: pipe.clone(),
            out,
        };
        let ends = [end(0), end(1)];
        (pipe, ends)
    }

    /// Puts bytes in the way out of an end, behind what it has sent, whether there is room or not.
    pub(crate) fn inject(&self, out: usize, bytes: &[u8]) {
        let mut ways = self.lock();
        let reader = ways[out].put(bytes);
        drop(ways);
        reader.into_iter().for_each(Waker::wake);
    }

    /// What went out of an end.
    pub(crate) fn passed(&self, out: usize) -> Passed {
        let way = &self.lock()[out];
        Passed {
            put: way.passed.clone(),
            taken: way.passed[..way.taken].to_vec(),
        }
    }

    /// Whether both ends were dropped.
    pub(crate) fn is_deserted(&self) -> bool {
        self.lock().iter().all(|way| !way.has_writer)
    }

    fn lock(&self) -> MutexGuard<'_, [Way; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Way {
    const fn new(room: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            room,
            passed: Vec::new(),
            taken: 0,
            has_writer: true,
            has_reader: true,
            is_shut: false,
            reader: None,
            writer: None,
        }
    }

    /// Returns whom to wake.
    fn put(&mut self, bytes: &[u8]) -> Option<Waker> {
        self.passed.extend_from_slice(bytes);
        if self.has_reader {
            self.waiting.extend(bytes);
        }
        self.reader.take()
    }

    /// How much may be put in; nobody waits for room where nobody reads.
    fn free(&self) -> usize {
        if self.has_reader {
            self.room.saturating_sub(self.waiting.len())
        } else {
            usize::MAX
        }
    }
}

impl End {
    /// Takes as much as there is room for.
    pub(crate) fn poll_put(&self, cx: &Context<'_>, bytes: &[u8]) -> Poll<usize> {
        let mut ways = self.pipe.lock();
        let way = &mut ways[self.out];
        let len = way.free().min(bytes.len());
        if len == 0 && !bytes.is_empty() {
            way.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let reader = way.put(&bytes[..len]);
        drop(ways);
        reader.into_iter().for_each(Waker::wake);
        Poll::Ready(len)
    }

    /// Gives at most so many bytes; none at the end.
    pub(crate) fn poll_take(&self, cx: &Context<'_>, most: usize) -> Poll<Vec<u8>> {
        let mut ways = self.pipe.lock();
        let way = &mut ways[1 - self.out];
        let len = way.waiting.len().min(most);
        if len == 0 && way.has_writer && !way.is_shut {
            way.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let bytes = way.waiting.make_contiguous()[..len].to_vec();
        way.waiting.drain(..len);
        way.taken += len;
        let writer = way.writer.take();
        drop(ways);
        writer.into_iter().for_each(Waker::wake);
        Poll::Ready(bytes)
    }

    /// Nothing more goes out.
    pub(crate) fn shut(&self) {
        let mut ways = self.pipe.lock();
        let way = &mut ways[self.out];
        way.is_shut = true;
        let reader = way.reader.take();
        drop(ways);
        reader.into_iter().for_each(Waker::wake);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut ways = self.pipe.lock();
        let out = &mut ways[self.out];
        out.has_writer = false;
        let mut wakers = vec![out.reader.take(), out.writer.take()];
        let back = &mut ways[1 - self.out];
        back.has_reader = false;
        back.waiting = VecDeque::new();
        wakers.extend([back.reader.take(), back.writer.take()]);
        drop(ways);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let taken = self.poll_take(cx, buf.remaining());
        taken.map(|bytes| {
            buf.put_slice(&bytes);
            Ok(())
        })
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_put(cx, bytes).map(Ok)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut();
        Poll::Ready(Ok(()))
    }
}
