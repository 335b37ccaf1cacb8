//! A transport in memory that takes bytes as TCP does.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One direction of a transport that takes bytes as TCP does: as much as it has room for, then
/// nothing until a third of it has been read.
struct Buffer {
    bytes: VecDeque<u8>,
    capacity: usize,
    is_full: bool,
    ended: bool,
    writer: Option<Waker>,
}

#[derive(Clone)]
struct Writer(Arc<Mutex<Buffer>>);

struct Reader(Arc<Mutex<Buffer>>);

fn lumpy(capacity: usize) -> (Writer, Reader) {
    let buffer = Arc::new(Mutex::new(Buffer {
        bytes: VecDeque::new(),
        capacity,
        is_full: false,
        ended: false,
        writer: None,
    }));
    (Writer(buffer.clone()), Reader(buffer))
}

impl AsyncWrite for Writer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = self.0.lock().unwrap();
        if buffer.is_full {
            buffer.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let room = buffer.capacity - buffer.bytes.len();
        let written = room.min(bytes.len());
        buffer.bytes.extend(&bytes[..written]);
        buffer.is_full = buffer.bytes.len() == buffer.capacity;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().unwrap().ended = true;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.lock().unwrap().ended = true;
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut buffer = self.0.lock().unwrap();
        if buffer.bytes.is_empty() {
            // Who reads comes back with each tick.
            return if buffer.ended {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            };
        }
        let len = {
            let front = buffer.bytes.as_slices().0;
            let len = front.len().min(into.remaining());
            into.put_slice(&front[..len]);
            len
        };
        buffer.bytes.drain(..len);
        if buffer.bytes.len() <= buffer.capacity * 2 / 3 {
            buffer.is_full = false;
            if let Some(writer) = buffer.writer.take() {
                writer.wake();
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The server's end and the peer's. What the peer writes is not held back.
pub(super) fn transport(
    capacity: usize,
) -> (
    impl AsyncRead + AsyncWrite + Send + Unpin,
    impl AsyncRead + AsyncWrite + Unpin,
) {
    let (server, client) = tokio::io::duplex(1 << 20);
    let (reads, _unused) = tokio::io::split(server);
    let (_, writes) = tokio::io::split(client);
    let (output, received) = lumpy(capacity);
    (
        tokio::io::join(reads, output),
        tokio::io::join(received, writes),
    )
}
