//! The ends of connections (RFC 6455, section 7): how long they take, how often they are polled, and
//! what is left.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    task::JoinHandle,
    time::{Instant, sleep},
};
use tower_websock::{Closure, Config, Message, WebSocket};

use crate::alloc::peak_of;
use crate::report::{Amount::*, Report};
use crate::support::*;
use crate::tools::*;

/// Runs a handler, and counts how often its task is polled.
fn counted<H, F>(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    handler: H,
) -> (JoinHandle<Closure>, Arc<AtomicUsize>)
where
    H: FnOnce(WebSocket) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let polls = Arc::new(AtomicUsize::new(0));
    let accepting = accept(io, Config::new());
    let supervised = async move { accepting.supervise(handler).await.unwrap() };
    (tokio::spawn(counting(polls.clone(), supervised)), polls)
}

/// 7.1.1: a peer that never answers our Close is dropped after `close_timeout`, and nobody spins until
/// then.
pub(crate) fn abuse_09_close_never_answered(report: &mut Report) {
    paused(async {
        let begin = Instant::now();
        let (client, server) = tokio::io::duplex(1 << 20);
        let mut peer = Peer::new(client);
        let (task, polls) = counted(server, |_socket| async {});
        peer.expect_close(1000).await;
        peer.expect_end().await;
        assert!(!task.await.unwrap().is_clean());
        let took = Time(secs(begin.elapsed().as_secs()));
        report.exactly("time until the peer is dropped", took, Time(secs(5)));
        let polls = Count(polls.load(Ordering::Relaxed));
        report.at_most("polls of the task", polls, Count(10));
    });
}

/// 5.5.1: what a peer sends behind its Close is discarded, in bounded time, and is no progress.
pub(crate) fn abuse_10_data_behind_the_close(report: &mut Report) {
    let delivered = Arc::new(AtomicUsize::new(0));
    let counter = delivered.clone();
    paused(async {
        let (client, server) = tokio::io::duplex(64 << 10);
        let (task, _) = counted(server, |mut socket| async move {
            while let Some(item) = socket.recv().await {
                let is_data = item.is_ok_and(|message| message.is_data());
                counter.fetch_add(is_data.into(), Ordering::Relaxed);
            }
        });
        let mut peer = Peer::new(client);
        let begin = Instant::now();
        let (sent, peak) = peak_of(async {
            peer.send(&close_frame(1000)).await;
            let garbage = frame(TEXT, b"late").repeat(1000);
            let mut sent = 0;
            while peer.io.write_all(&garbage).await.is_ok() {
                sent += garbage.len();
                // Else time would stand still.
                sleep(Duration::from_millis(1)).await;
            }
            sent
        })
        .await;
        let took = Time(secs(begin.elapsed().as_secs()));
        assert!(task.await.unwrap().is_clean());
        report.at_most("time until it is dropped", took, Time(secs(5)));
        let what = format!("peak while {sent} bytes are discarded, with a pipe of 128 KiB");
        report.at_most(what, Bytes(peak), Bytes(128 * KIB + READ_BUFFER));
    });
    let delivered = Count(delivered.load(Ordering::Relaxed));
    report.exactly("messages delivered", delivered, Count(0));
}

/// 7.1.5: the end of the transport without a Close is an error, once, then the end for ever; what is
/// sent before it leaves.
pub(crate) fn abuse_11_end_without_close(report: &mut Report) {
    let found = Arc::new([const { AtomicUsize::new(0) }; 3]);
    let counters = found.clone();
    paused(async {
        let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
            assert!(matches!(socket.recv().await, Some(Ok(_))));
            socket.send("answer".into()).await.unwrap();
            for _ in 0..100 {
                let kind = match socket.recv().await {
                    Some(Ok(_)) => 0,
                    Some(Err(_)) => 1,
                    None => 2,
                };
                counters[kind].fetch_add(1, Ordering::Relaxed);
            }
        });
        peer.send(&frame(TEXT, b"a")).await;
        peer.send(&frame(TEXT, b"torn")[..4]).await;
        peer.io.shutdown().await.unwrap();
        peer.expect(TEXT, b"answer").await;
        peer.expect_end().await;
        assert!(!task.await.unwrap().is_clean());
    });
    let names = ["messages", "errors", "ends"];
    for ((name, count), bound) in names.into_iter().zip(&*found).zip([0, 1, 99]) {
        let count = Count(count.load(Ordering::Relaxed));
        report.exactly(
            format!("{name} from 100 calls behind it"),
            count,
            Count(bound),
        );
    }
}

/// A transport that brings a session up to some byte, and then ends or is reset.
struct Cut {
    rest: Vec<u8>,
    error: Option<io::ErrorKind>,
}

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.error {
            Some(error) if self.rest.is_empty() => return Poll::Ready(Err(error.into())),
            _ => {}
        }
        let len = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest[..len]);
        self.rest.drain(..len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Cut {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.error {
            Some(error) if self.rest.is_empty() => Poll::Ready(Err(error.into())),
            _ => Poll::Ready(Ok(buf.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What a handler does when its connection ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Handler {
    Echoes,
    Sends,
    WaitsForTheEnd,
    Closes,
    Returns,
}

impl Handler {
    async fn run(self, mut socket: WebSocket) {
        match self {
            Handler::Echoes => drop(echo(socket).await),
            Handler::Sends => {
                while socket.send("tick".into()).await.is_ok() {
                    // Else time would stand still.
                    sleep(Duration::from_millis(100)).await;
                }
            }
            Handler::WaitsForTheEnd => socket.closed().await,
            Handler::Closes => drop(socket.close(None).await),
            Handler::Returns => {}
        }
    }
}

/// 7.1.5: whatever byte of a session is the last one, and whatever the handler does, the task ends at
/// once and nobody spins; the connection is lost, unless the Close had come.
pub(crate) fn abuse_12_end_or_reset_at_every_byte(report: &mut Report) {
    let mut session = frame(TEXT, b"text");
    session.extend(frame(0x02, b"frag"));
    session.extend(frame(PING, b"ping"));
    session.extend(frame(0x80, b"ment"));
    session.extend(close_frame(1000));
    for error in [None, Some(io::ErrorKind::ConnectionReset)] {
        for handler in [
            Handler::Echoes,
            Handler::Sends,
            Handler::WaitsForTheEnd,
            Handler::Closes,
            Handler::Returns,
        ] {
            for end in 0..=session.len() {
                paused(async {
                    let begin = Instant::now();
                    let rest = session[..end].to_vec();
                    let (task, polls) =
                        counted(Cut { rest, error }, move |socket| handler.run(socket));
                    let closure = task.await.unwrap();
                    // A reset with the Close may be faster than the answer to it.
                    if end < session.len() {
                        assert!(!closure.is_clean(), "{handler:?} {end}: {closure:?}");
                    } else if error.is_none() {
                        assert!(closure.is_clean(), "{handler:?} {end}: {closure:?}");
                    }
                    let how = if error.is_none() { "end" } else { "reset" };
                    let took = Time(begin.elapsed());
                    if handler != Handler::Echoes && error.is_none() {
                        // It may have to answer what it has received, and has `close_timeout` for that.
                        let what =
                            "time from the end to the task's, of a handler that does not receive";
                        report.at_most(what, took, Time(Duration::from_millis(5100)));
                    } else {
                        let what = format!("time from the {how} to the task's");
                        report.at_most(what, took, Time(secs(1)));
                    }
                    let polls = Count(polls.load(Ordering::Relaxed));
                    let sends = handler == Handler::Sends;
                    let what = format!(
                        "polls of a task, {how}{}",
                        if sends { ", a message each 100 ms" } else { "" }
                    );
                    report.at_most(what, polls, Count(if sends { 200 } else { 10 }));
                    report.exactly("tasks left", Count(tasks()), Count(0));
                });
            }
        }
    }
}

/// 7.1.1: closing ends although nobody receives, and although nothing that was sent is taken.
pub(crate) fn cve_2024_23672_close_while_nobody_receives(report: &mut Report) {
    // The peer's Close, behind nothing and behind more than is read ahead.
    for (what, messages, bound) in [("alone", 0, 1), ("behind 100,000 messages", 100_000, 7)] {
        paused(async {
            let (client, server) = tokio::io::duplex(64 << 10);
            let (task, polls) = counted(server, |mut socket| async move {
                sleep(secs(2)).await;
                let _ = socket.close(None).await;
                hold(socket).await;
            });
            let (mut read, mut write) = tokio::io::split(client);
            let begin = Instant::now();
            let sending = tokio::spawn(async move {
                let messages = frame(TEXT, b"unread").repeat(messages);
                let _ = write.write_all(&messages).await;
                let _ = write.write_all(&close_frame(1000)).await;
            });
            let mut seen = Vec::new();
            read.read_to_end(&mut seen).await.unwrap();
            let took = Time(begin.elapsed());
            assert_eq!(seen[0], CLOSE);
            sending.await.unwrap();
            report.at_most(
                format!("time until a Close {what} is answered"),
                took,
                Time(secs(bound)),
            );
            let polls = Count(polls.load(Ordering::Relaxed));
            report.at_most(format!("polls of the task, {what}"), polls, Count(2000));
            task.abort();
        });
    }
    paused(async {
        let begin = Instant::now();
        let (client, server) = tokio::io::duplex(64);
        let (task, polls) = counted(server, |mut socket| async move {
            while socket.send("x".repeat(1000).into()).await.is_ok() {
                let _ = socket.send(Message::Close(None)).await;
            }
        });
        assert!(!task.await.unwrap().is_clean());
        let took = Time(secs(begin.elapsed().as_secs()));
        report.exactly(
            "time until a peer that takes nothing is dropped",
            took,
            Time(secs(5)),
        );
        let polls = Count(polls.load(Ordering::Relaxed));
        report.at_most("polls of the task, nothing taken", polls, Count(10));
        drop(client);
    });
}

/// 7.1.1: a peer that goes on sending after its Close still gets our answer, then the end of the
/// stream: never a reset. 7.1.7: so does one that violates the protocol.
pub(crate) fn abuse_33_flood_behind_close_or_violation(report: &mut Report) {
    const RUNS: usize = 250;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let addr = serve(echo, Config::new()).await;
        for (last_words, code) in [
            (close_frame(1000), 1000),
            (vec![0x83, 0x80], 1002),
            (frame(TEXT, b"\xff"), 1007),
            (header(BINARY, 1 << 40), 1009),
        ] {
            let lost = flood(addr, &last_words, code, RUNS).await;
            let what = format!("Closes with {code} lost in {RUNS} connections");
            report.exactly(what, Count(lost), Count(0));
        }
    });
}

/// How many of the connections that are flooded did not bring the Close.
async fn flood(addr: SocketAddr, last_words: &[u8], code: u16, runs: usize) -> usize {
    let garbage = vec![0x55; 1 << 20];
    let mut lost = 0;
    for run in 0..runs {
        let mut peer = Peer::connect(addr).await;
        peer.send(last_words).await;
        if run % 2 == 0 {
            // Writes all it has before it reads anything.
            peer.send(&garbage).await;
            peer.expect_close(code).await;
        } else {
            // Writes and reads at the same time, until the answer is there.
            let (mut read, mut write) = peer.io.split();
            let flooding = async { while write.write_all(&garbage).await.is_ok() {} };
            let mut answer = [0; 4];
            tokio::select! {
                read = read.read_exact(&mut answer) => {
                    lost += usize::from(read.is_err() || answer[2..] != code.to_be_bytes());
                    continue;
                }
                () = flooding => panic!("the flood was cut off before the answer was read"),
            }
        }
        peer.io.shutdown().await.unwrap();
        peer.expect_end().await;
    }
    lost
}
