//! Writes per read: what a handler sends in one go leaves in one write.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tower_websock::{Config, WebSocket};

use crate::support::*;

#[derive(Default)]
struct Counts {
    reads: AtomicUsize,
    writes: AtomicUsize,
}

/// Counts the reads that yield something, and the writes.
struct Counting {
    io: TcpStream,
    counts: Arc<Counts>,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        self.counts
            .reads
            .fetch_add(usize::from(polled.is_ready()), Relaxed);
        polled
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.counts.writes.fetch_add(1, Relaxed);
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.counts.writes.fetch_add(1, Relaxed);
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

const ROUNDS: usize = 200;
const IN_FLIGHT: usize = 32;

/// Echoes `ROUNDS` times `IN_FLIGHT` messages; returns the server's reads and writes.
///
/// The clock of the runtime stands still: on a machine that does much else, a turn would be over for
/// its time amid a batch, whose first half would leave by itself.
async fn measure<H, F>(handler: H) -> (usize, usize)
where
    H: FnOnce(WebSocket) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    client.set_nodelay(true).unwrap();
    let (io, _) = listener.accept().await.unwrap();
    io.set_nodelay(true).unwrap();
    let counts = Arc::new(Counts::default());
    let counting = Counting {
        io,
        counts: counts.clone(),
    };
    let task = supervise(counting, Config::new(), handler);
    let mut peer = Peer::new(client);
    let batch = frame(TEXT, &[b'x'; 32]).repeat(IN_FLIGHT);
    for _ in 0..ROUNDS {
        peer.send(&batch).await;
        for _ in 0..IN_FLIGHT {
            peer.expect(TEXT, &[b'x'; 32]).await;
        }
    }
    peer.send(&close_frame(1000)).await;
    peer.expect_close(1000).await;
    peer.io.shutdown().await.unwrap();
    assert!(task.await.unwrap().is_clean());
    (counts.reads.load(Relaxed), counts.writes.load(Relaxed))
}

fn report(what: &str, (reads, writes): (usize, usize)) {
    let messages = ROUNDS * IN_FLIGHT;
    println!("{what}: {messages} messages, {reads} reads, {writes} writes");
    // The Close, and a batch that came in two parts, are allowed for.
    assert!(
        writes <= reads + 1,
        "{what}: {writes} writes for {reads} reads"
    );
    assert!(
        writes < ROUNDS * 2,
        "{what}: {writes} writes in {ROUNDS} rounds"
    );
}

/// The loop that everybody writes.
#[tokio::test(start_paused = true)]
async fn plain_loop_writes_about_once_per_read() {
    let counts = measure(|mut socket: WebSocket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if message.is_data() && socket.send(message).await.is_err() {
                break;
            }
        }
    });
    report("plain loop", counts.await);
}

/// Halves in the handler's own task.
#[tokio::test(start_paused = true)]
async fn split_in_the_handler_writes_about_once_per_read() {
    let counts = measure(|socket: WebSocket| async move {
        let (mut send, mut recv) = socket.split();
        while let Some(Ok(message)) = recv.next().await {
            if message.is_data() && send.feed(message).await.is_err() {
                break;
            }
        }
    });
    report("halves in the handler", counts.await);
}

/// Halves in other tasks wake the supervisor, which batches them as well.
#[tokio::test(start_paused = true)]
async fn halves_in_other_tasks_write_about_once_per_read() {
    let counts = measure(|socket: WebSocket| async move {
        let (mut send, mut recv) = socket.split();
        let (queue, mut queued) = tokio::sync::mpsc::channel(64);
        let sending = tokio::spawn(async move {
            while let Some(message) = queued.recv().await {
                if send.send(message).await.is_err() {
                    break;
                }
            }
        });
        let receiving = tokio::spawn(async move {
            while let Some(Ok(message)) = recv.recv().await {
                if message.is_data() && queue.send(message).await.is_err() {
                    break;
                }
            }
        });
        let _ = tokio::join!(sending, receiving);
    });
    report("halves in other tasks", counts.await);
}

/// `futures::StreamExt::split`, as in axum's examples, with a handler that waits in `select!`.
#[tokio::test(start_paused = true)]
async fn futures_split_works_in_other_tasks() {
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        let (mut sink, mut stream) = StreamExt::split(socket);
        let mut sending = tokio::spawn(async move {
            for n in 0..1000_u32 {
                sink.send(n.to_string().into()).await.unwrap();
            }
            sink
        });
        let mut receiving = tokio::spawn(async move {
            let mut received = 0;
            while let Some(Ok(message)) = stream.next().await {
                received += usize::from(message.is_data());
            }
            received
        });
        let sink = (&mut sending).await.unwrap();
        assert_eq!((&mut receiving).await.unwrap(), 500);
        drop(sink);
    });
    peer.send(&frame(TEXT, b"x").repeat(500)).await;
    for n in 0..1000_u32 {
        peer.expect(TEXT, n.to_string().as_bytes()).await;
    }
    close_by_peer(peer, task).await;
}
