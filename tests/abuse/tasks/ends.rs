//! Handlers that panic, tasks that are dropped, halves that are, and what is left of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};
use tower_websock::{Config, Error, Message, WebSocket};

use crate::alloc::held;
use crate::report::{Amount::*, Report};
use crate::support::*;
use crate::tools::*;

/// Handlers that panic, in their call and later, tell their own peers and nobody else, and leave
/// nothing.
pub(crate) fn abuse_23_handlers_that_panic(report: &mut Report) {
    const EACH: usize = 30;
    std::panic::set_hook(Box::new(|_| {}));
    let (mut told, mut alive) = (0, 0);
    live(async {
        let before = [held(), 0];
        let mut peers = Vec::new();
        for n in 0..3 * EACH {
            let kind = n % 3;
            peers.push((
                kind,
                pair(move |socket: WebSocket| {
                    assert_ne!(kind, 0, "in the call");
                    async move {
                        assert_ne!(kind, 1, "in its first poll");
                        echo(socket).await
                    }
                }),
            ));
        }
        for (kind, (mut peer, task)) in peers {
            if kind < 2 {
                close_after_panic(peer, task).await;
                told += 1;
                continue;
            }
            peer.send(&frame(TEXT, b"still here")).await;
            peer.expect(TEXT, b"still here").await;
            close_by_peer(peer, task).await;
            alive += 1;
        }
        report.exactly("peers told with 1011 of 60", Count(told), Count(2 * EACH));
        report.exactly("others that live on of 30", Count(alive), Count(EACH));
        report.exactly("tasks left", Count(tasks()), Count(0));
        // A message of the first panic, and what the thread keeps.
        report.at_most(
            "held then",
            Bytes(held() - before[0]),
            Bytes(2 * READ_BUFFER),
        );
    });
    drop(std::panic::take_hook());
}

/// Files that this process has open.
#[cfg(target_os = "linux")]
fn files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[cfg(not(target_os = "linux"))]
fn files() -> usize {
    0
}

/// Tasks that are dropped take their connections along: each peer sees the end, without a Close, and no
/// file is left.
pub(crate) fn abuse_25_tasks_that_are_dropped(report: &mut Report) {
    const COUNT: usize = 50;
    live(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let before = files();
        let mut connections = Vec::new();
        for _ in 0..COUNT {
            let client = TcpStream::connect(addr).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            connections.push((Peer::new(client), supervise(server, Config::new(), echo)));
        }
        let mut ended = 0;
        for (mut peer, task) in connections {
            peer.send(&frame(TEXT, b"hello")).await;
            peer.expect(TEXT, b"hello").await;
            task.abort();
            ended += usize::from(peer.read().await.is_none());
            assert!(task.await.unwrap_err().is_cancelled());
        }
        report.exactly("peers of 50 that see the end", Count(ended), Count(COUNT));
        report.exactly("tasks left", Count(tasks()), Count(0));
        report.exactly("files left", Count(files() - before), Count(0));
    });
}

/// Without its receiving half a socket drops what comes, and a Close is answered at once.
pub(crate) fn abuse_26_receiving_half_dropped(report: &mut Report) {
    for messages in [0, 1, 1000] {
        paused(async {
            let (mut peer, task) = pair(|socket: WebSocket| async move {
                let (mut send, recv) = socket.split();
                drop(recv);
                send.send("ready".into()).await.unwrap();
                sleep(secs(3600)).await;
                assert!(matches!(send.send("x".into()).await, Err(Error::Closed)));
            });
            peer.expect(TEXT, b"ready").await;
            let begin = Instant::now();
            peer.send(&frame(TEXT, b"x").repeat(messages)).await;
            peer.send(&close_frame(1000)).await;
            peer.expect_close(1000).await;
            peer.expect_end().await;
            let took = Time(begin.elapsed());
            let what = format!("time until a Close behind {messages} messages is answered");
            report.at_most(what, took, Time(Duration::from_millis(100)));
            drop(peer);
            assert!(task.await.unwrap().is_clean());
        });
    }
}

/// Without its sending half a socket goes on receiving, answers pings, and ends with the peer's Close.
pub(crate) fn abuse_26_sending_half_dropped(report: &mut Report) {
    let received = Arc::new(AtomicUsize::new(0));
    let counter = received.clone();
    paused(async {
        let (mut peer, task) = pair(|socket: WebSocket| async move {
            let (send, mut recv) = socket.split();
            drop(send);
            let receiving = tokio::spawn(async move {
                while let Some(Ok(message)) = recv.recv().await {
                    counter.fetch_add(message.is_data().into(), Ordering::Relaxed);
                }
            });
            receiving.await.unwrap();
        });
        peer.send(&frame(TEXT, b"x").repeat(100)).await;
        peer.send(&frame(PING, b"there?")).await;
        peer.expect(PONG, b"there?").await;
        let begin = Instant::now();
        close_by_peer(peer, task).await;
        let took = Time(begin.elapsed());
        report.at_most(
            "time until a Close is answered",
            took,
            Time(Duration::from_millis(100)),
        );
        report.exactly("tasks left", Count(tasks()), Count(0));
    });
    let received = Count(received.load(Ordering::Relaxed));
    report.exactly("messages received of 100", received, Count(100));
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

/// A wake that comes from another thread while the task is being parked is not lost.
pub(crate) fn abuse_27_wakes_from_another_thread(report: &mut Report) {
    const ROUND_TRIPS: usize = 2000;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for _ in 0..4 {
            let client = TcpStream::connect(addr).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            let socket = WebSocket::server(server, &Config::new());
            tokio::spawn(echo_until_closed(socket));
            clients.push(tokio::spawn(async move {
                let mut peer = Peer::new(client);
                for n in 0..ROUND_TRIPS {
                    peer.send(&frame(TEXT, b"hi")).await;
                    let echoed = timeout(Duration::from_secs(10), peer.expect(TEXT, b"hi"));
                    if echoed.await.is_err() {
                        return n;
                    }
                }
                ROUND_TRIPS
            }));
        }
        let mut lost = 0;
        for client in clients {
            lost += usize::from(client.await.unwrap() < ROUND_TRIPS);
        }
        let what = "connections of 4 that stall in 2,000 round trips";
        report.exactly(what, Count(lost), Count(0));
    });
}

/// Halves in two tasks share one transport: each is woken for what it waits for.
pub(crate) fn abuse_27_halves_in_two_tasks(report: &mut Report) {
    const COUNT: usize = 2000;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    let (received, written) = runtime.block_on(async {
        let (client, server) = tokio::io::duplex(64);
        let (mut send, mut recv) = WebSocket::server(server, &Config::new()).split();
        let sending = tokio::spawn(async move {
            for n in 0..COUNT {
                send.send(Message::text(format!("{n:05}"))).await.unwrap();
            }
            send.flush().await.unwrap();
            send
        });
        let receiving = tokio::spawn(async move {
            let mut received = 0;
            while received < COUNT {
                let message = timeout(secs(10), recv.recv()).await;
                let Ok(Some(Ok(message))) = message else {
                    break;
                };
                received += usize::from(message.is_data());
            }
            (received, recv)
        });
        let (read, mut write) = tokio::io::split(client);
        let writing = tokio::spawn(async move {
            for _ in 0..COUNT {
                write.write_all(&frame(BINARY, &[1; 50])).await.unwrap();
            }
            write
        });
        let mut read = tokio::io::BufReader::new(read);
        let mut frame = [0; 7];
        let mut written = 0;
        while written < COUNT {
            let reading = tokio::io::AsyncReadExt::read_exact(&mut read, &mut frame);
            let Ok(Ok(_)) = timeout(secs(10), reading).await else {
                break;
            };
            assert_eq!(frame[2..], *format!("{written:05}").as_bytes());
            written += 1;
        }
        let (received, _recv) = receiving.await.unwrap();
        let _others = (sending.await.unwrap(), writing.await.unwrap());
        (received, written)
    });
    report.exactly("messages in of 2,000", Count(received), Count(COUNT));
    report.exactly(
        "messages out of 2,000, at the same time",
        Count(written),
        Count(COUNT),
    );
}
