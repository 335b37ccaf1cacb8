//! A flood leaves others of its thread their turn.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_websock::{Config, WebSocket};

use crate::report::{Amount, Amount::Bytes, Report};
use crate::support::*;
use crate::tools::*;

/// How often another task has its turn while the flood is received.
const TURNS: usize = 5;

/// Brings the same bytes again and again, without end, and counts them.
struct Flood {
    bytes: Vec<u8>,
    at: usize,
    brought: Arc<AtomicUsize>,
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while buf.remaining() > 0 {
            let rest = &self.bytes[self.at..];
            let count = rest.len().min(buf.remaining());
            buf.put_slice(&rest[..count]);
            self.brought.fetch_add(count, Ordering::Relaxed);
            self.at = (self.at + count) % self.bytes.len();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Bytes that may come in a turn: 64 steps of 512 fragments, and a buffer.
const STEPS: usize = 64 * 512 * 7 + 65 * 1024;

/// Bytes that may come in a turn, if nobody receives: some reads.
const READS: usize = 8 * 65 * 1024;

fn floods() -> Vec<(&'static str, Vec<u8>)> {
    let mut between = frame(2, b"x");
    between.extend(frame(PING, b"p").repeat(100));
    between.extend(frame(0x80, b"y"));
    vec![
        (
            "fragments of a byte, 1,000 a message",
            fragments(1000, b"x"),
        ),
        ("empty fragments, 1,000 a message", fragments(1000, b"")),
        (
            "fragments of a byte, 100,000 a message",
            fragments(100_000, b"x"),
        ),
        ("pings", frame(PING, b"there?")),
        ("pongs", frame(PONG, b"")),
        ("empty messages", frame(BINARY, b"")),
        ("small texts", frame(TEXT, b"hello")),
        ("pings between fragments", between),
    ]
}

/// What comes between two turns of another task, while this one is in a flood.
async fn brought_in_a_turn<F>(bytes: Vec<u8>, receiving: impl FnOnce(Flood) -> F) -> Amount
where
    F: Future<Output = ()> + Send + 'static,
{
    let brought = Arc::<AtomicUsize>::default();
    let flood = Flood {
        bytes,
        at: 0,
        brought: brought.clone(),
    };
    let task = tokio::spawn(receiving(flood));
    // Not in the test's own task, which tokio polls less often.
    let others = async {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
    };
    tokio::spawn(others).await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    let brought = brought.load(Ordering::Relaxed);
    assert!(brought > 0);
    Bytes((brought / (TURNS + 1)) as isize)
}

async fn receive<T: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocket<T>) {
    while socket.recv().await.is_some() {}
}

async fn supervised<F>(flood: Flood, handler: impl FnOnce(WebSocket) -> F + Send)
where
    F: Future<Output = ()> + Send,
{
    accept(flood, Config::new())
        .supervise(handler)
        .await
        .unwrap();
}

/// What is dear by the byte is received in small turns, by a handler as by a task of its own.
pub(crate) fn abuse_32_floods_beside_others(report: &mut Report) {
    for (what, bytes) in floods() {
        let by_handler = brought_in_a_turn(bytes.clone(), |flood| supervised(flood, receive));
        let brought = paused(by_handler);
        let bound = Bytes(STEPS as isize);
        report.at_most(format!("{what}, in a handler's turn"), brought, bound);
        let by_task = brought_in_a_turn(bytes, |flood| {
            receive(WebSocket::server(flood, &Config::new()))
        });
        report.at_most(format!("{what}, in a task's"), paused(by_task), bound);
    }
}

/// So is what nobody receives, and what comes behind a Close.
pub(crate) fn abuse_32_unread_floods_beside_others(report: &mut Report) {
    for (what, bytes) in floods() {
        for (when, closes) in [("unread", false), ("behind our Close", true)] {
            let handler = move |mut socket: WebSocket| async move {
                if closes {
                    let _ = socket.close(None).await;
                }
                hold(socket).await;
            };
            let brought = brought_in_a_turn(bytes.clone(), |flood| supervised(flood, handler));
            // Pings are read on, as long as there is room for their notices.
            let what = format!("{what}, {when}");
            report.at_most(what, paused(brought), Bytes(READS as isize));
        }
    }
}
