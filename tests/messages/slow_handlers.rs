//! A handler that works for long without waiting does not withhold what it has sent.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_websock::{
    Closure, Config, DeflateConfig, Loss, Message, ProvidedIo, WebSocket, WebSocketUpgrade,
};

use crate::support::*;

/// Has all that it will bring at once, or at most so many bytes a read, and keeps what is written.
#[derive(Clone)]
struct Script {
    input: Arc<Mutex<Vec<u8>>>,
    a_read: usize,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Script {
    fn new(input: Vec<u8>, a_read: usize) -> Self {
        let input = Arc::new(Mutex::new(input));
        Self {
            input,
            a_read,
            written: Arc::default(),
        }
    }

    /// Messages that were written.
    fn sent(&self) -> usize {
        let written = self.written.lock().unwrap();
        let (mut rest, mut count) = (&written[..], 0);
        while let [_, len, ..] = *rest {
            let (head, len) = match len {
                126 => (4, usize::from(u16::from_be_bytes([rest[2], rest[3]]))),
                127 => (
                    10,
                    usize::try_from(u64::from_be_bytes(rest[2..10].try_into().unwrap())).unwrap(),
                ),
                len => (2, usize::from(len)),
            };
            rest = &rest[head + len..];
            count += 1;
        }
        count
    }
}

impl AsyncRead for Script {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut input = self.input.lock().unwrap();
        if input.is_empty() {
            return Poll::Pending;
        }
        let count = input.len().min(buf.remaining()).min(self.a_read);
        buf.put_slice(&input[..count]);
        input.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written.lock().unwrap().extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs `handler` on `script`, compressing if that is wanted, until it has ended.
async fn run<F>(
    script: Script,
    deflate: bool,
    handler: impl FnOnce(WebSocket) -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let (mut parts, ()) = handshake().into_parts();
    let offer = "permessage-deflate".parse().unwrap();
    parts.headers.insert("sec-websocket-extensions", offer);
    parts.extensions.insert(ProvidedIo::new(script));
    let mut config = Config::new()
        .close_timeout(Duration::from_millis(1))
        .max_close_time(Duration::ZERO);
    if deflate {
        config = config.deflate(DeflateConfig::new());
    }
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let (_, accepting) = upgrade.config(config).accept::<()>().unwrap();
    let task = tokio::spawn(async move { accepting.supervise(handler).await.unwrap() });
    assert_eq!(task.await.unwrap(), Closure::Lost(Loss::CloseTimedOut));
}

fn messages(count: usize, size: usize) -> Vec<u8> {
    frame(BINARY, &vec![7; size]).repeat(count)
}

/// More than a turn may last.
fn work() {
    thread::sleep(Duration::from_millis(2));
}

/// How the handler answers.
#[derive(Clone, Copy, Debug)]
enum Way {
    Send,
    Feed,
    Sink,
}

async fn answer(socket: &mut WebSocket, way: Way, message: Message) {
    match way {
        Way::Send => socket.send(message).await.unwrap(),
        Way::Feed => socket.feed(message).await.unwrap(),
        Way::Sink => SinkExt::feed(socket, message).await.unwrap(),
    }
}

/// Each answer of a handler that works on each message leaves before it works on the next one,
/// whatever came with it, and however it is sent.
#[tokio::test]
async fn answers_of_a_handler_that_computes_leave_one_by_one() {
    for way in [Way::Send, Way::Feed, Way::Sink] {
        for deflate in [false, true] {
            for (size, a_read) in [
                (32, usize::MAX),
                (32, 38),
                (32, 100),
                (500, usize::MAX),
                (20_000, 5000),
            ] {
                let script = Script::new(messages(20, size), a_read);
                let wire = script.clone();
                run(script, deflate, move |mut socket: WebSocket| async move {
                    for answered in 0..20 {
                        let message = socket.recv().await.unwrap().unwrap();
                        let sent = wire.sent();
                        assert_eq!(sent, answered, "{way:?} {deflate} {size} {a_read}");
                        work();
                        answer(&mut socket, way, message).await;
                    }
                })
                .await;
            }
        }
    }
}

/// What a handler sends of its own accord leaves as it is sent, if it works for long on each.
#[tokio::test]
async fn messages_of_a_handler_that_only_computes_and_sends_leave_one_by_one() {
    for way in [Way::Send, Way::Feed, Way::Sink] {
        for deflate in [false, true] {
            for size in [10, 1000, 100_000] {
                let script = Script::new(Vec::new(), 0);
                let wire = script.clone();
                run(script, deflate, move |mut socket: WebSocket| async move {
                    for sent in 0..20 {
                        work();
                        answer(&mut socket, way, Message::binary(vec![7; size])).await;
                        // The first may not be known to be slow.
                        let withheld = sent + 1 - wire.sent();
                        assert!(
                            withheld <= usize::from(sent == 0),
                            "{way:?} {deflate} {size} {sent}"
                        );
                    }
                })
                .await;
            }
        }
    }
}

/// A handler that was quick with thousands and then is not: it is noticed within one batch.
#[tokio::test]
async fn handler_that_becomes_slow_is_noticed_within_a_batch() {
    for size in [32, 500] {
        let script = Script::new(messages(2040, size), usize::MAX);
        let wire = script.clone();
        run(script, false, move |mut socket: WebSocket| async move {
            let mut most = 0;
            for answered in 0..2040 {
                let message = socket.recv().await.unwrap().unwrap();
                if answered > 2000 {
                    most = most.max(answered - 2000_usize.max(wire.sent()));
                    work();
                }
                if answered > 2034 {
                    assert_eq!(wire.sent(), answered, "{size}");
                }
                socket.send(message).await.unwrap();
            }
            assert!(most <= 33, "{size}: {most}");
        })
        .await;
    }
}

/// A handler of which one message in ten is slow: once that is known, each of them ends its turn.
#[tokio::test]
async fn handler_that_is_slow_now_and_then_is_watched_closely() {
    for size in [32, 500] {
        let script = Script::new(messages(100, size), usize::MAX);
        let wire = script.clone();
        run(script, false, move |mut socket: WebSocket| async move {
            for answered in 0..100 {
                let message = socket.recv().await.unwrap().unwrap();
                // That is, behind the slow ones but the first.
                if answered > 10 && answered % 10 == 0 {
                    assert_eq!(wire.sent(), answered, "{size}");
                }
                if answered % 10 == 9 {
                    work();
                }
                socket.send(message).await.unwrap();
            }
        })
        .await;
    }
}
