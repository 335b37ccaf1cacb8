//! Transports that fail, or are interrupted.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::harness::{ECHOED, binary, close};
use crate::{
    config::Config,
    message::Message,
    protocol::{Closure, Loss},
    stream::WebSocket,
};

/// Has all of its input, then waits; or ends, once it is shut.
#[derive(Default)]
struct Io {
    input: Vec<u8>,
    is_shut: bool,
    written: Arc<Mutex<Vec<u8>>>,
    /// What each flush fails with.
    flush: Option<io::ErrorKind>,
    /// Every call is interrupted before it is done.
    interrupts: bool,
    calls: usize,
}

impl Io {
    fn begin(&mut self) -> io::Result<()> {
        self.calls += 1;
        if self.interrupts && self.calls % 2 == 1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.begin()?;
        if self.input.is_empty() && !self.is_shut {
            return Poll::Pending;
        }
        buf.put_slice(&std::mem::take(&mut self.input));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.begin()?;
        self.written.lock().unwrap().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.begin()?;
        Poll::Ready(self.flush.map_or(Ok(()), |kind| Err(kind.into())))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.begin()?;
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

/// An interruption is no failure: reads, writes, flushes and the shutdown are tried again.
#[tokio::test]
async fn interrupted_transport_is_asked_again() {
    let io = Io {
        input: [binary(3), close()].concat(),
        interrupts: true,
        ..Io::default()
    };
    let written = io.written.clone();
    let mut socket = WebSocket::server(io, &Config::new());
    let item = socket.recv().await.unwrap().unwrap();
    assert_eq!(item, Message::binary(vec![7; 3]));
    assert!(socket.recv().await.unwrap().unwrap().is_close());
    assert!(socket.recv().await.is_none());
    assert!(socket.closure().unwrap().is_clean());
    assert_eq!(*written.lock().unwrap(), ECHOED);
}
