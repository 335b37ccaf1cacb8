//! Sockets without a supervisor: their handles drive the transport.

use std::{
    any::Any,
    cell::RefCell,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_util::{FutureExt, SinkExt};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    time::{Instant, timeout},
};
use tower_websock::{Config, Error, Loss, Message, SendHalf, WebSocket};

use crate::support::*;

/// A transport that is not ready the first time, and wakes before it has said so.
struct Eager {
    io: DuplexStream,
    reads: usize,
    writes: usize,
}

impl AsyncRead for Eager {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads += 1;
        if !self.reads.is_multiple_of(2) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Eager {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes += 1;
        if !self.writes.is_multiple_of(2) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

async fn echo_until_closed<T>(mut socket: WebSocket<T>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = socket.recv().await {
        if message.is_data() {
            socket.send(message).await.unwrap();
        }
    }
}

/// A wake between the poll of the transport and the parking of the task is not lost.
#[tokio::test(start_paused = true)]
async fn early_wake_is_not_lost() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let io = Eager {
        io: server,
        reads: 0,
        writes: 0,
    };
    tokio::spawn(echo_until_closed(WebSocket::server(io, &Config::new())));
    for _ in 0..100 {
        peer.send(&frame(TEXT, b"hi")).await;
        let echoed = timeout(Duration::from_secs(60), peer.expect(TEXT, b"hi"));
        echoed.await.expect("woken");
    }
}

/// `close` that was given up goes on in `recv`, which then reads the peer's Close.
#[tokio::test(start_paused = true)]
async fn close_given_up_goes_on_in_recv() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let mut socket = WebSocket::server(server, &Config::new());
    let begin = Instant::now();
    let closing = timeout(Duration::from_millis(10), socket.close(None)).await;
    assert!(closing.is_err());
    peer.send(&close_frame(1000)).await;
    drop(peer);
    assert!(socket.recv().await.is_none());
    assert!(socket.closure().unwrap().is_clean());
    assert!(begin.elapsed() < Duration::from_secs(1));
}

/// `close` that was given up twice ends when the peer is gone.
#[tokio::test(start_paused = true)]
async fn close_given_up_twice_ends() {
    let (client, server) = tokio::io::duplex(1024);
    let mut socket = WebSocket::server(server, &Config::new());
    let moment = Duration::from_millis(10);
    assert!(timeout(moment, socket.close(None)).await.is_err());
    assert!(timeout(moment, socket.recv()).await.is_err());
    drop(client);
    assert!(!socket.close(None).await.unwrap().is_clean());
    assert!(socket.recv().await.is_none());
}

/// The closing of a sink is bounded by `close_timeout`, whatever the peer does not do.
#[tokio::test(start_paused = true)]
async fn closing_of_the_sink_is_bounded() {
    let (_client, server) = tokio::io::duplex(16);
    let mut socket = WebSocket::server(server, &Config::new());
    let begin = Instant::now();
    socket.feed(vec![0_u8; 5000].into()).await.unwrap();
    let closed = SinkExt::close(&mut socket).await;
    assert!(matches!(closed, Err(Error::Closed)));
    assert_eq!(begin.elapsed().as_secs(), 5);
}

/// What must not be sent is refused, and nothing of it is.
#[tokio::test]
async fn what_must_not_be_sent_is_refused() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let mut socket = WebSocket::server(server, &Config::new());
    let ping = Message::Ping(vec![0; 126].into());
    assert!(matches!(
        socket.send(ping).await,
        Err(Error::ControlTooLong(126))
    ));
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
        let reason = "".into();
        let frame = tower_websock::CloseFrame { code, reason };
        let close = Message::Close(Some(frame.clone()));
        assert!(matches!(
            socket.send(close).await,
            Err(Error::InvalidClose(_))
        ));
        assert!(socket.close(Some(frame)).await.is_err());
    }
    socket.send("ok".into()).await.unwrap();
    peer.expect(TEXT, b"ok").await;
}

/// 5.5.2: a ping is answered although there is always more to receive; what was fed goes along,
/// else it waits for a flush.
#[tokio::test]
async fn ping_is_answered_although_there_is_always_more() {
    let (client, server) = tokio::io::duplex(1 << 20);
    let mut peer = Peer::new(client);
    let mut socket = WebSocket::server(server, &Config::new());
    for kind in [TEXT, BINARY].repeat(2) {
        peer.send(&frame(kind, b"more")).await;
    }
    peer.send(&frame(PING, b"there?")).await;
    for kind in [TEXT, BINARY].repeat(10) {
        peer.send(&frame(kind, b"more")).await;
    }
    for _ in 0..4 {
        assert!(received(&mut socket).await.is_data());
        socket.feed("fed".into()).await.unwrap();
    }
    assert!(peer.read().now_or_never().is_none(), "nobody has flushed");
    assert!(received(&mut socket).await.is_ping());
    for _ in 0..4 {
        peer.expect(TEXT, b"fed").await;
    }
    peer.expect(PONG, b"there?").await;
}

/// An answer that does not leave at once leaves as soon as it can.
#[tokio::test]
async fn pong_that_does_not_leave_at_once_leaves_later() {
    let (client, server) = tokio::io::duplex(256);
    let mut peer = Peer::new(client);
    let mut socket = WebSocket::server(server, &Config::new());
    socket.feed(vec![7; 300].into()).await.unwrap();
    peer.send(&frame(PING, b"there?")).await;
    for kind in [TEXT, BINARY].repeat(10) {
        peer.send(&frame(kind, b"more")).await;
    }
    assert!(received(&mut socket).await.is_ping());
    assert!(received(&mut socket).await.is_data());
    // 256 of 304 bytes are on their way, and the pong is not.
    assert!(peer.read().now_or_never().is_none());
    assert!(received(&mut socket).await.is_data());
    peer.expect(BINARY, &[7; 300]).await;
    peer.expect(PONG, b"there?").await;
}

async fn received(socket: &mut WebSocket<DuplexStream>) -> Message {
    socket.recv().await.unwrap().unwrap()
}

/// 7.1.1: a Close from one half is written, and bounded by `close_timeout`, although all that
/// the other one does is to wait for a message that does not come.
#[tokio::test(start_paused = true)]
async fn half_that_waits_minds_the_closing_by_the_other() {
    for way in 0..4 {
        let (client, server) = tokio::io::duplex(1 << 20);
        let mut peer = Peer::new(client);
        let config = Config::new().close_timeout(Duration::from_millis(300));
        let (mut send, mut recv) = WebSocket::server(server, &config).split();
        let receiving = tokio::spawn(async move { recv.recv().await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let begin = Instant::now();
        match way {
            0 => send.send(Message::Close(None)).await.unwrap(),
            1 => SinkExt::close(&mut send).await.unwrap(),
            2 => send.start_close(None).unwrap(),
            _ => {
                send.start_close(None).unwrap();
                send.flush().await.unwrap();
            }
        }
        assert_eq!(peer.read().await.unwrap().0, CLOSE, "{way}");
        let end = receiving.await.unwrap();
        assert!(matches!(end, Some(Err(Error::Lost(_)))), "{way}: {end:?}");
        assert_eq!(begin.elapsed().as_millis(), 300, "{way}");
    }
}

thread_local! {
    static KEPT: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// A socket may end with its thread, when the buffers of that are gone already, and answer the
/// Close that it has read.
#[test]
fn socket_may_end_with_its_thread() {
    let run = || {
        // What is used first is destroyed last.
        KEPT.set(None);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(async {
            let (client, server) = tokio::io::duplex(1 << 20);
            let mut peer = Peer::new(client);
            let mut socket = WebSocket::server(server, &Config::new());
            socket.send("first".into()).await.unwrap();
            peer.send(&[frame(TEXT, b"second"), close_frame(1000)].concat())
                .await;
            let (send, mut recv) = socket.split();
            let second = recv.recv().await.unwrap().unwrap();
            assert_eq!(second, Message::text("second"));
            KEPT.set(Some(Box::new((recv, send, peer))));
        });
    };
    std::thread::spawn(run).join().unwrap();
}

/// A waker may hold the last of what its task held, such as a half, and be dropped for another.
#[tokio::test]
async fn waker_may_own_a_half() {
    struct Owner {
        _half: SendHalf<DuplexStream>,
    }

    impl Wake for Owner {
        fn wake(self: Arc<Self>) {}
    }

    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let (send, mut recv) = WebSocket::server(server, &Config::new()).split();
    let owner = Waker::from(Arc::new(Owner { _half: send }));
    for waker in [owner, Waker::noop().clone()] {
        let mut context = Context::from_waker(&waker);
        assert!(pin!(recv.recv()).poll(&mut context).is_pending());
    }
    peer.send(&frame(TEXT, b"text")).await;
    assert_eq!(recv.recv().await.unwrap().unwrap(), Message::text("text"));
}

/// A transport that panics when it is written to.
struct Panicking(DuplexStream);

impl AsyncRead for Panicking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Panicking {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("as it is told");
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Who waits in another task than the one that panics does not wait for ever, and the transport is
/// gone.
#[tokio::test(start_paused = true)]
async fn panic_of_the_transport_is_a_loss_for_those_who_wait() {
    let (ours, mut theirs) = tokio::io::duplex(1024);
    let mut socket = WebSocket::server(Panicking(ours), &Config::new());
    let sender = socket.sender();
    let received = tokio::spawn(async move { socket.recv().await });
    tokio::task::yield_now().await;
    let sent = tokio::spawn(async move { sender.send("a".into()).await });
    assert!(sent.await.unwrap_err().is_panic());
    let received = timeout(Duration::from_secs(1), received).await.unwrap();
    let lost = received.unwrap();
    assert!(
        matches!(lost, Some(Err(Error::Lost(Loss::Cut)))),
        "{lost:?}"
    );
    let mut rest = Vec::new();
    let end = tokio::io::AsyncReadExt::read_to_end(&mut theirs, &mut rest);
    assert_eq!(
        timeout(Duration::from_secs(1), end).await.unwrap().unwrap(),
        0
    );
}
