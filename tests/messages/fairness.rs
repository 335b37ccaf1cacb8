//! Who sends without end leaves others of its thread their turn, although its transport takes all,
//! and so does who receives without end.

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

use futures_util::{SinkExt, StreamExt, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::yield_now,
};
use tower_websock::{Config, Error, Message, WebSocket};

use crate::support::*;

/// Takes whatever is written, and counts the writes; has nothing to read, ever.
#[derive(Clone, Default)]
struct Sink {
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Sink {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        _buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Sink {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The ways to send.
#[derive(Clone, Copy, Debug)]
enum Way {
    Send,
    Feed,
    Flushed,
    Uncompressed,
    SendAll,
    Forward,
}

const WAYS: [Way; 6] = [
    Way::Send,
    Way::Feed,
    Way::Flushed,
    Way::Uncompressed,
    Way::SendAll,
    Way::Forward,
];

/// Sends messages of this size, counted, without end.
async fn send_without_end<T>(
    mut socket: WebSocket<T>,
    way: Way,
    size: usize,
    sent: Arc<AtomicUsize>,
) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let next = move || {
        sent.fetch_add(1, Ordering::Relaxed);
        Message::binary(vec![7; size])
    };
    loop {
        match way {
            Way::Send => socket.send(next()).await?,
            Way::Feed => socket.feed(next()).await?,
            Way::Flushed => {
                socket.send(next()).await?;
                socket.flush().await?;
            }
            Way::Uncompressed => socket.send_uncompressed(next()).await?,
            Way::SendAll => {
                let mut all = stream::repeat_with(|| Ok(next()));
                socket.send_all(&mut all).await?;
            }
            Way::Forward => {
                let all = stream::repeat_with(|| Ok(next()));
                return all.forward(socket).await;
            }
        }
    }
}

async fn others() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// Polls `sending` in a task, beside another that yields some times.
async fn beside_others(sending: impl Future<Output = Result<(), Error>> + Send + 'static) {
    let task = tokio::spawn(sending);
    // Not in the test's own task, which tokio polls less often.
    tokio::spawn(others()).await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
}

/// A handler sends 128 messages at most in a turn, however it sends them.
#[tokio::test(start_paused = true)]
async fn handler_that_only_sends_leaves_others_their_turn() {
    for way in WAYS {
        for size in [10, 1000, 100_000] {
            let (io, sent) = (Sink::default(), Arc::<AtomicUsize>::default());
            let (writes, counted) = (io.writes.clone(), sent.clone());
            let accepting = accept(io, Config::new());
            beside_others(async move {
                let handler = move |socket| send_without_end(socket, way, size, counted);
                accepting.supervise(handler).await.unwrap();
                Ok(())
            })
            .await;
            let (sent, writes) = (sent.load(Ordering::Relaxed), writes.load(Ordering::Relaxed));
            assert!(sent > 10 * 128, "{way:?} {size}: {sent}");
            assert!(sent <= 21 * 129, "{way:?} {size}: {sent}");
            assert!(writes >= 10, "{way:?} {size}: {writes}");
        }
    }
}

/// So does a socket without a supervisor, a client's above all.
#[tokio::test(start_paused = true)]
async fn socket_that_only_sends_leaves_others_their_turn() {
    for way in WAYS {
        for size in [10, 1000, 100_000] {
            let sent = Arc::<AtomicUsize>::default();
            let socket = WebSocket::server(Sink::default(), &Config::new());
            beside_others(send_without_end(socket, way, size, sent.clone())).await;
            let sent = sent.load(Ordering::Relaxed);
            assert!(sent > 10 * 100, "{way:?} {size}: {sent}");
            assert!(sent <= 21 * 129, "{way:?} {size}: {sent}");
        }
    }
}

/// And whoever sends on a half in a task beside the handler's.
#[tokio::test(start_paused = true)]
async fn half_that_only_sends_leaves_others_their_turn() {
    let sent = Arc::<AtomicUsize>::default();
    let counted = sent.clone();
    let task = supervise(Sink::default(), Config::new(), |socket| async move {
        let (mut half, _recv) = socket.split();
        let sending = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                half.send(Message::binary("small")).await.unwrap();
            }
        });
        sending.await.unwrap();
    });
    tokio::spawn(others()).await.unwrap();
    let sent = sent.load(Ordering::Relaxed);
    assert!((128..=21 * 129).contains(&sent), "{sent}");
    task.abort();
}

#[cfg(feature = "deflate")]
/// A message of which decoding or inflating stops on the way comes before the end of the transport
/// that came with it, and before what followed it.
#[tokio::test]
async fn message_that_takes_several_steps_comes_before_the_end() {
    // RFC 7692, 7.2.1: final blocks that are stored, and the header of an empty one.
    let stored = |len: u8| [&[1, len, 0, !len, 255][..], &vec![b'x'; len.into()]].concat();
    let compressed = [stored(200).repeat(400), vec![0]].concat();
    let parts = compressed.chunks(50_000);
    let last = parts.len() - 1;
    let compressed = parts.enumerate().map(|(at, part)| {
        let first = if at == 0 { 0x42 } else { 0 };
        frame(if at == last { 0x80 } else { first }, part)
    });
    for (bytes, expected) in [
        (fragments(3000, b"x"), vec![b'x'; 3000]),
        (compressed.flatten().collect(), vec![b'x'; 80_000]),
    ] {
        for supervised in [true, false] {
            let (peer, io) = tokio::io::duplex(1 << 20);
            let mut peer = Peer::new(peer);
            peer.send(&[&bytes[..], &frame(TEXT, b"next")].concat())
                .await;
            // It goes on reading.
            tokio::io::AsyncWriteExt::shutdown(&mut peer.io)
                .await
                .unwrap();
            let (mut parts, ()) = handshake().into_parts();
            let offer = http::HeaderValue::from_static("permessage-deflate");
            parts.headers.insert("sec-websocket-extensions", offer);
            parts.extensions.insert(tower_websock::ProvidedIo::new(io));
            let upgrade = tower_websock::WebSocketUpgrade::from_parts(&mut parts).unwrap();
            let upgrade = upgrade.config(compressing());
            let (_, accepting) = upgrade.accept::<()>().unwrap();
            let expected = expected.clone();
            let receive = |mut socket: WebSocket| async move {
                let message = socket.recv().await.unwrap().unwrap();
                assert_eq!(message, Message::binary(expected));
                let next = socket.recv().await.unwrap().unwrap();
                assert_eq!(next, Message::text("next"));
                let end = socket.recv().await.unwrap();
                assert!(matches!(end, Err(Error::Lost(_))), "{end:?}");
            };
            if supervised {
                // Others have a turn before it receives, in which it is read ahead.
                let receive = |socket| async {
                    tokio::task::yield_now().await;
                    receive(socket).await;
                };
                tokio::spawn(async { accepting.supervise(receive).await.unwrap() })
                    .await
                    .unwrap();
            } else {
                receive(accepting.socket().await.unwrap()).await;
            }
        }
    }
}

#[cfg(feature = "deflate")]
fn compressing() -> Config {
    Config::new().deflate(tower_websock::DeflateConfig::new())
}
