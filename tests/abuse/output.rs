//! What a peer does not take, and transports that lie about what they took.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf};
use tower_websock::{Closure, Config, Message, WebSocket};

use crate::alloc::peak_of;
use crate::report::{Amount::*, Report};
use crate::support::*;
use crate::tools::*;

/// 5.5.3: a peer that pings and never reads the pongs is owed one, the newest.
pub(crate) fn abuse_07_ping_flood_pongs_unread(report: &mut Report) {
    const COUNT: usize = 50_000;
    for &side in SIDES {
        for mark in [64 << 10, 1] {
            let config = Config::new().write_high_water(mark);
            let script = Script::new(&[], &side.frame(PING, &[b'p'; 125]), COUNT);
            let mut socket = side.open(script.takes_nothing(), &config);
            let ((), peak) = live(peak_of(async {
                for _ in 0..COUNT {
                    let ping = socket.recv().await.unwrap().unwrap();
                    assert!(matches!(ping, Message::Ping(_)));
                }
            }));
            report.at_most(
                format!("peak of 50,000 pings (10^6: the same), write_high_water {mark}"),
                Bytes(peak),
                // A queue that doubles, and what is read.
                Bytes(3 * mark as isize + READ_BUFFER),
            );
        }
    }
}

/// 5.5.3: unsolicited pongs leave nothing behind.
pub(crate) fn cve_2021_3690_unsolicited_pongs(report: &mut Report) {
    const COUNT: usize = 50_000;
    for &side in SIDES {
        let script = Script::new(&[], &side.frame(PONG, &[b'p'; 125]), COUNT);
        let mut socket = side.open(script, &Config::new());
        let ((), peak) = live(peak_of(async {
            for _ in 0..COUNT {
                socket.recv().await.unwrap().unwrap();
            }
        }));
        let what = "peak of 50,000 pongs (10^6: the same)";
        report.at_most(what, Bytes(peak), Bytes(READ_BUFFER));
    }
}

/// A peer that takes nothing has a bounded amount queued: senders wait.
pub(crate) fn abuse_08_peer_never_reads(report: &mut Report) {
    for (what, len) in [
        ("1,000 bytes", 1000),
        ("a byte", 1),
        ("40,000 bytes", 40_000),
    ] {
        let script = Script::new(&[], &[], 0).takes_nothing();
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = sent.clone();
        let peak = live(peak_of_handler(
            script,
            move |mut socket: WebSocket| async move {
                while socket.send(vec![7; len].into()).await.is_ok() {
                    counter.fetch_add(len, Ordering::Relaxed);
                }
            },
        ));
        let queued = Bytes(sent.load(Ordering::Relaxed) as isize);
        let bound = (64 << 10) + len as isize;
        report.at_most(
            format!("queued of messages of {what}"),
            queued,
            Bytes(bound),
        );
        // A frame has a header, and the queue doubles.
        report.at_most(
            format!("peak of messages of {what}"),
            Bytes(peak),
            Bytes(3 * bound + 24 * KIB),
        );
    }
}

/// A user who only receives: pongs are on the wire before the next call.
pub(crate) fn tungstenite_0_21_pong_leaves_without_send(report: &mut Report) {
    let mut answered = 0;
    paused(async {
        let (client, server) = tokio::io::duplex(1024);
        let mut peer = Peer::new(client);
        let mut socket = WebSocket::server(server, &Config::new());
        let receiving = tokio::spawn(async move { while socket.recv().await.is_some() {} });
        for n in 0..100 {
            peer.send(&frame(PING, &[n])).await;
            peer.expect(PONG, &[n]).await;
            answered += 1;
        }
        drop(peer);
        receiving.await.unwrap();
    });
    report.exactly("pings answered of 100", Count(answered), Count(100));
}

/// How a transport lies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    /// It takes and gives one byte at a time.
    Short,
    /// It is not ready every second time, and wakes at once.
    Pending,
    /// It claims to have taken more than it was given.
    Overclaims,
    /// It takes nothing and says `Ok`.
    Zero,
    /// It fails with `Interrupted`.
    Interrupted,
    /// It is vectored, and takes the first byte.
    Vectored,
}

struct Liar {
    io: DuplexStream,
    lie: Lie,
    calls: Arc<AtomicUsize>,
}

impl Liar {
    /// Whether it is not ready this time.
    fn is_late(&self, cx: &Context<'_>) -> bool {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        let is_late = self.lie == Lie::Pending && calls.is_multiple_of(2);
        if is_late {
            cx.waker().wake_by_ref();
        }
        is_late
    }
}

impl AsyncRead for Liar {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_late(cx) {
            return Poll::Pending;
        }
        if self.lie != Lie::Short {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        let polled = Pin::new(&mut self.io).poll_read(cx, &mut one);
        buf.put_slice(one.filled());
        polled
    }
}

impl AsyncWrite for Liar {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_late(cx) {
            return Poll::Pending;
        }
        let (given, more) = match self.lie {
            Lie::Short | Lie::Vectored => (&buf[..1.min(buf.len())], 0),
            Lie::Overclaims => (buf, 1),
            Lie::Pending => (buf, 0),
            Lie::Zero => return Poll::Ready(Ok(0)),
            Lie::Interrupted => return Poll::Ready(Err(io::ErrorKind::Interrupted.into())),
        };
        let polled = Pin::new(&mut self.io).poll_write(cx, given);
        polled.map_ok(|written| written + more)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        self.poll_write(cx, first.map_or(&[], |buf| buf))
    }

    fn is_write_vectored(&self) -> bool {
        self.lie == Lie::Vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// What a handler's messages come to over such a transport: what the peer saw, the closure, and how
/// often the transport was called.
fn over(lie: Lie) -> (Vec<u8>, Closure, usize) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let (seen, closure) = paused(async move {
        let (client, server) = tokio::io::duplex(1 << 20);
        let (mut read, mut write) = tokio::io::split(client);
        let io = Liar {
            io: server,
            lie,
            calls: counter,
        };
        let task = supervise(io, Config::new(), |mut socket: WebSocket| async move {
            socket.send(vec![7_u8; 5000].into()).await?;
            socket.send(vec![8_u8; 50_000].into()).await?;
            socket.flush().await
        });
        let mut session = frame(TEXT, b"hello");
        session.extend(close_frame(1000));
        tokio::io::AsyncWriteExt::write_all(&mut write, &session)
            .await
            .unwrap();
        let mut seen = Vec::new();
        read.read_to_end(&mut seen).await.unwrap();
        drop((read, write));
        (seen, task.await.unwrap())
    });
    (seen, closure, calls.load(Ordering::Relaxed))
}

/// Nothing is lost over a transport that does little at a time, nobody spins over one that fails.
pub(crate) fn abuse_28_transport_that_lies(report: &mut Report) {
    let honest = [
        &[BINARY, 126, 0x13, 0x88][..],
        &[7; 5000],
        &[BINARY, 126, 0xC3, 0x50],
        &vec![8; 50_000],
    ]
    .concat();
    for lie in [Lie::Short, Lie::Pending, Lie::Vectored] {
        let (seen, closure, calls) = over(lie);
        assert!(closure.is_clean(), "{lie:?}: {closure:?}");
        let (data, close) = seen.split_at(honest.len());
        assert!(data == honest && close.starts_with(&[CLOSE]), "{lie:?}");
        let bound = 2 * (seen.len() + 100);
        report.at_most(format!("calls, {lie:?}"), Count(calls), Count(bound));
    }
    // What is interrupted is asked again, 16 times in a row.
    for (lie, bound) in [(Lie::Zero, 10), (Lie::Interrupted, 26)] {
        let (seen, closure, calls) = over(lie);
        assert!(
            !closure.is_clean() && seen.is_empty(),
            "{lie:?}: {closure:?}"
        );
        report.at_most(format!("calls, {lie:?}"), Count(calls), Count(bound));
    }
}

/// A transport that claims to have taken more than it was given is not trusted further.
pub(crate) fn cve_2026_107928_transport_that_overclaims(report: &mut Report) {
    let (seen, closure, calls) = over(Lie::Overclaims);
    assert!(!closure.is_clean(), "{closure:?}");
    assert_eq!(seen[..4], [BINARY, 126, 0x13, 0x88]);
    // The first write, of which it took all.
    report.at_most(
        "bytes that left",
        Bytes(seen.len() as isize),
        Bytes(16 * KIB),
    );
    report.at_most("calls", Count(calls), Count(10));
}
