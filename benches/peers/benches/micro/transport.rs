//! Transports that live in memory, and the client whose frames they bring.

use std::{
    cell::Cell,
    io::{self, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use criterion::Throughput;
use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_websock::{Config, Message, WebSocket};

use crate::{
    payload::{KIB, ascii, binary, mixed_script, size_name},
    wire::{FrameHeader, OpCode, apply_mask},
};

/// A message that comes several times in a row.
pub(crate) struct Batch {
    pub(crate) name: String,
    pub(crate) message: Message,
    pub(crate) count: usize,
    fragments: usize,
    /// What one read brings at most.
    chunk: usize,
}

impl Batch {
    fn new(message: Message, count: usize) -> Self {
        let len = message.clone().into_data().len();
        Self {
            name: format!("{} x {count}", size_name(len)),
            message,
            count,
            fragments: 1,
            chunk: usize::MAX,
        }
    }

    fn named(mut self, what: &str) -> Self {
        self.name = format!("{} {what}", self.name);
        self
    }

    pub(crate) fn binary(len: usize, count: usize) -> Self {
        Self::new(Message::binary(binary(len)), count)
    }

    /// The sizes and kinds that are received and echoed.
    pub(crate) fn all() -> Vec<Self> {
        let fragmented = Self {
            fragments: 16,
            ..Self::binary(16 * KIB, 8)
        };
        let chunked = Self {
            chunk: 1448,
            ..Self::binary(64 * KIB, 4)
        };
        vec![
            Self::binary(32, 1000),
            Self::binary(KIB, 100),
            Self::binary(64 * KIB, 4),
            chunked.named("by 1448"),
            Self::binary(KIB * KIB, 1),
            fragmented.named("in 16 fragments"),
            Self::new(Message::text(ascii(16 * KIB)), 8).named("ASCII"),
            Self::new(Message::text(mixed_script(16 * KIB)), 8).named("mixed"),
        ]
    }

    pub(crate) fn payload(&self) -> usize {
        self.message.clone().into_data().len()
    }

    pub(crate) fn throughput(&self) -> Throughput {
        Throughput::ElementsAndBytes {
            elements: self.count as u64,
            bytes: (self.count * self.payload()) as u64,
        }
    }

    /// The frames of a client that sends it.
    fn frames(&self) -> Vec<u8> {
        let first = match self.message {
            Message::Text(_) => OpCode::Text,
            _ => OpCode::Binary,
        };
        let payload = self.message.clone().into_data();
        let mut pieces = payload
            .chunks(payload.len().div_ceil(self.fragments))
            .peekable();
        let mut frames = Vec::new();
        let mut opcode = first;
        while let Some(piece) = pieces.next() {
            push_frame(&mut frames, pieces.peek().is_none(), opcode, piece);
            opcode = OpCode::Continuation;
        }
        frames.repeat(self.count)
    }
}

fn push_frame(to: &mut Vec<u8>, fin: bool, opcode: OpCode, payload: &[u8]) {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let header = FrameHeader {
        fin,
        compressed: false,
        opcode,
        mask: Some(key),
        len: payload.len(),
    };
    header.encode_to(to);
    let start = to.len();
    to.extend_from_slice(payload);
    apply_mask(Some(key), 0, &mut to[start..]);
}

/// Brings the same bytes whenever it is rewound, and is not ready in between; swallows
/// what is written.
pub(crate) struct Transport {
    input: Vec<u8>,
    chunk: usize,
    meter: Rc<Meter>,
}

/// Where a transport is, for those who no longer own it.
#[derive(Default)]
pub(crate) struct Meter {
    read: Cell<usize>,
    written: Cell<usize>,
}

impl Meter {
    pub(crate) fn rewind(&self) {
        self.read.set(0);
        self.written.set(0);
    }

    /// Bytes written since it was rewound.
    pub(crate) fn written(&self) -> usize {
        self.written.get()
    }
}

impl Transport {
    /// A server's socket that a client sends `batch` to.
    pub(crate) fn serve(batch: &Batch) -> (WebSocket<Self>, Rc<Meter>) {
        let meter = Rc::<Meter>::default();
        let transport = Self {
            input: batch.frames(),
            chunk: batch.chunk,
            meter: meter.clone(),
        };
        (WebSocket::server(transport, &Config::new()), meter)
    }

    fn swallow(&self, len: usize) -> Poll<io::Result<usize>> {
        self.meter.written.set(self.meter.written.get() + len);
        Poll::Ready(Ok(len))
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &self.input[self.meter.read.get()..];
        if rest.is_empty() {
            return Poll::Pending;
        }
        let len = rest.len().min(buf.remaining()).min(self.chunk);
        buf.put_slice(&rest[..len]);
        self.meter.read.set(self.meter.read.get() + len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.swallow(buf.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.swallow(bufs.iter().map(|buf| buf.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The next message that is there, if any.
pub(crate) fn received(socket: &mut WebSocket<Transport>) -> Option<Message> {
    let item = socket.recv().now_or_never()?;
    Some(item.expect("an open connection").expect("valid frames"))
}

/// Queues a message. Such a transport is always ready.
pub(crate) fn feed(socket: &mut WebSocket<Transport>, message: Message) {
    let fed = socket.feed(message).now_or_never();
    fed.expect("room").expect("an open connection");
}

pub(crate) fn flush(socket: &mut WebSocket<Transport>) {
    let flushed = socket.flush().now_or_never();
    flushed
        .expect("a ready transport")
        .expect("an open connection");
}
