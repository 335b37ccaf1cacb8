//! Memory follows the bytes that arrive and our own limits, never a number that a peer sent
//! (RFC 6455, section 10.4).
#![allow(clippy::cast_possible_wrap, reason = "sizes of tests are small")]
#![allow(clippy::async_yields_async, reason = "tasks are measured from outside")]
#![allow(clippy::cast_sign_loss, reason = "sizes of tests are small")]

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tower_websock::{Config, Error, Message, ProtocolError, WebSocket};

use crate::alloc::{held, peak_of};
use crate::support::*;

const KIB: isize = 1024;

/// A peer that sends a pattern again and again, then nothing, and takes what it gets or
/// takes nothing. It holds no memory of its own.
struct Script {
    intro: Vec<u8>,
    pattern: Vec<u8>,
    repeat: usize,
    sent: usize,
    takes: bool,
    /// Every read yields one pattern, not as much as there is room for.
    trickles: bool,
}

impl Script {
    fn new(intro: &[u8], pattern: &[u8], repeat: usize) -> Self {
        Self {
            intro: intro.to_vec(),
            pattern: pattern.to_vec(),
            repeat,
            sent: 0,
            takes: true,
            trickles: false,
        }
    }

    fn takes_nothing(mut self) -> Self {
        self.takes = false;
        self
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let end = self.intro.len() + self.pattern.len() * self.repeat;
        if self.sent == end {
            return Poll::Pending;
        }
        while buf.remaining() > 0 && self.sent < end {
            let piece = match self.sent.checked_sub(self.intro.len()) {
                None => &self.intro[self.sent..],
                Some(at) => &self.pattern[at % self.pattern.len()..],
            };
            let len = piece.len().min(buf.remaining());
            buf.put_slice(&piece[..len]);
            self.sent += len;
            if self.trickles {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.takes {
            Poll::Ready(Ok(buf.len()))
        } else {
            Poll::Pending
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Lets every task that is ready run.
async fn settle() {
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
}

/// The most that a supervised connection holds until nothing moves any more.
async fn peak_of_handler<H, F>(script: Script, handler: H) -> isize
where
    H: FnOnce(WebSocket) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (task, peak) = peak_of(async {
        let task = supervise(script, Config::new(), handler);
        settle().await;
        task
    })
    .await;
    task.abort();
    peak
}

/// Limits so high that only what arrives can matter.
fn unlimited() -> Config {
    Config::new()
        .max_message_size(1 << 62)
        .max_frame_size(1 << 62)
        .max_fragments(usize::MAX)
}

/// What receiving holds at most until it waits for more.
async fn peak_of_waiting(mut socket: WebSocket<Script>) -> isize {
    peak_of_waiting_for(&mut socket).await
}

async fn peak_of_waiting_for<T>(socket: &mut WebSocket<T>) -> isize
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let (received, peak) = peak_of(async {
        tokio::select! {
            biased;
            received = socket.recv() => Some(received),
            () = settle() => None,
        }
    })
    .await;
    assert!(received.is_none(), "{received:?}");
    peak
}

/// A declared length allocates nothing: neither a refused one nor one within the limit.
#[tokio::test]
async fn declared_length_is_not_allocated() {
    for len in [1 << 20, 1 << 32, (1 << 62) - 1, 1 << 62] {
        for first in [TEXT, BINARY, 0x01, 0x02] {
            let mut start = header(first, len);
            start.extend([0; 4]);
            start.extend([0; 10]);
            let script = Script::new(&start, &[], 0);
            let peak = peak_of_waiting(WebSocket::server(script, &unlimited())).await;
            println!("{len} bytes declared, 10 sent: peak {peak} bytes");
            assert!(peak <= 72 * KIB, "{len}: {peak}");
        }
    }
}

/// 10.4: a length above the limit is refused at its header.
#[tokio::test]
async fn excessive_length_is_refused_at_the_header() {
    let start = header(BINARY, (1 << 20) + 1);
    let mut socket = WebSocket::server(Script::new(&start, &[], 0), &Config::new());
    let (received, peak) = peak_of(socket.recv()).await;
    assert!(matches!(
        received,
        Some(Err(Error::Protocol(ProtocolError::MessageTooBig { size, .. }))) if size == (1 << 20) + 1
    ));
    assert!(peak <= 72 * KIB, "{peak}");
}

/// What a message costs while it comes: at most twice what has arrived, and one read buffer.
#[tokio::test]
async fn message_takes_at_most_twice_what_arrived() {
    const LEN: usize = 8 << 20;
    for first in [TEXT, BINARY] {
        let mut start = header(first, LEN as u64);
        start.extend([0; 4]);
        let script = Script::new(&start, &[b'a'; 1000], LEN / 1000 + 1);
        let mut socket = WebSocket::server(script, &unlimited());
        let (received, peak) = peak_of(socket.recv()).await;
        assert_eq!(received.unwrap().unwrap().into_data().len(), LEN);
        println!("{LEN} bytes in one frame: peak {peak} bytes");
        // While the buffer grows, the old and the new one exist at the same time.
        assert!(peak <= 2 * LEN as isize + 72 * KIB, "{peak}");
    }
}

/// A message that stalls keeps room for no more than twice what has arrived of it.
#[tokio::test]
async fn stalled_message_keeps_at_most_twice_what_arrived() {
    // The thread has its read buffer before anything is counted.
    let script = Script::new(&[], &frame(TEXT, b"hello"), 1);
    supervise(script, unlimited(), echo);
    settle().await;
    for (kib, declared) in [
        (1, 1 << 20),
        (5, 1 << 20),
        (60, 1 << 20),
        (100, 1 << 20),
        (100, 1 << 30),
        (600, 1 << 20),
    ] {
        for first in [TEXT, BINARY] {
            let mut start = header(first, declared);
            start.extend([0; 4]);
            let script = Script::new(&start, &[b'a'; 1024], kib);
            let before = held();
            let task = supervise(script, unlimited(), echo);
            settle().await;
            let kept = held() - before;
            println!("{declared} bytes declared, {kib} KiB sent: {kept} bytes kept");
            let arrived = KIB * isize::try_from(kib).expect("small");
            assert!((arrived..2 * arrived + 8 * KIB).contains(&kept), "{kib}");
            task.abort();
            settle().await;
        }
    }
}

/// So does one that was cut off, while what we sent waits for a peer that takes nothing.
#[tokio::test]
async fn message_cut_off_keeps_at_most_twice_what_arrived() {
    const ARRIVED: isize = 100 * KIB;
    const PIPE: isize = 200 * KIB;
    let (mut client, server) = tokio::io::duplex(PIPE as usize);
    let mut socket = WebSocket::server(server, &unlimited());
    socket
        .feed(Message::binary(vec![0; 300_000]))
        .await
        .unwrap();
    client.write_all(&header(BINARY, 1 << 20)).await.unwrap();
    client.write_all(&[0; 4]).await.unwrap();
    client.write_all(&vec![0; ARRIVED as usize]).await.unwrap();
    client.shutdown().await.unwrap();
    let before = held();
    let peak = peak_of_waiting_for(&mut socket).await;
    let kept = held() - before;
    println!("{ARRIVED} bytes of a message that is cut off: {kept} bytes kept, peak {peak}");
    assert!(peak >= 1 << 20, "it had room for all");
    // The read buffer is the thread's, and the pipe is filled by then.
    assert!(kept <= 2 * ARRIVED + PIPE + 74 * KIB, "{kept}");
}

/// A message of fragments costs at most twice the limit, although its buffer grows by doubling.
#[tokio::test]
async fn fragments_take_at_most_twice_the_limit() {
    const LIMIT: usize = 1 << 20;
    for first in [TEXT, BINARY] {
        for len in [1000, 30_000, 60_000, 70_000, 150_000, 300_000, 500_000] {
            let fragment = vec![b'a'; len];
            let intro = frame(first & 0x0F, &fragment);
            let pattern = frame(0x00, &fragment);
            let script = Script::new(&intro, &pattern, LIMIT / len - 1);
            let config = Config::new().max_message_size(LIMIT).max_fragments(2000);
            let peak = peak_of_waiting(WebSocket::server(script, &config)).await;
            println!("fragments of {len} bytes up to {LIMIT}: peak {peak} bytes");
            assert!(peak <= 2 * LIMIT as isize + 72 * KIB, "{len}: {peak}");
        }
    }
}

/// Fragments of one byte share one buffer.
#[tokio::test]
async fn tiny_fragments_cost_no_more_than_their_bytes() {
    const COUNT: usize = 1_000_000;
    let script = Script::new(&frame(0x02, b"a"), &frame(0x00, b"a"), COUNT);
    let peak = peak_of_waiting(WebSocket::server(script, &unlimited())).await;
    println!("{COUNT} fragments of one byte: peak {peak} bytes");
    assert!(peak <= 3 * COUNT as isize + 72 * KIB, "{peak}");
}

/// Empty fragments count against `max_fragments`, and cost nothing.
#[tokio::test]
async fn empty_fragments_are_counted() {
    let script = Script::new(&frame(0x01, b""), &frame(0x00, b""), 1_000_000);
    let mut socket = WebSocket::server(script, &Config::new());
    let (received, peak) = peak_of(socket.recv()).await;
    let limit = ProtocolError::TooManyFragments { max: 1 << 17 };
    assert!(matches!(received, Some(Err(Error::Protocol(error))) if error == limit));
    println!("empty fragments until the limit: peak {peak} bytes");
    assert!(peak <= 72 * KIB, "{peak}");
}

/// 5.5.3: a peer that pings and never reads the pongs is owed one, the newest.
#[tokio::test]
async fn unread_pongs_do_not_pile_up() {
    const COUNT: usize = 1_000_000;
    let script = Script::new(&[], &frame(PING, &[b'p'; 125]), COUNT).takes_nothing();
    let mut socket = WebSocket::server(script, &Config::new());
    let ((), peak) = peak_of(async {
        for _ in 0..COUNT {
            let ping = socket.recv().await.unwrap().unwrap();
            assert!(matches!(ping, Message::Ping(_)));
        }
    })
    .await;
    println!("{COUNT} pings, no pong read: peak {peak} bytes");
    assert!(peak <= 260 * KIB, "{peak}");
}

/// 5.5.3: unsolicited pongs leave nothing behind.
#[tokio::test]
async fn unsolicited_pongs_leave_nothing() {
    const COUNT: usize = 1_000_000;
    let script = Script::new(&[], &frame(PONG, &[b'p'; 125]), COUNT);
    let mut socket = WebSocket::server(script, &Config::new());
    let ((), peak) = peak_of(async {
        for _ in 0..COUNT {
            socket.recv().await.unwrap().unwrap();
        }
    })
    .await;
    println!("{COUNT} unsolicited pongs: peak {peak} bytes");
    assert!(peak <= 72 * KIB, "{peak}");
}

/// A handler that does not receive has a bounded amount read ahead, whatever the peer sends.
#[tokio::test]
async fn reading_ahead_is_bounded() {
    for (what, pattern) in [
        ("small messages", frame(TEXT, b"hello")),
        ("empty messages", frame(BINARY, b"")),
        ("large messages", frame(BINARY, &vec![0; 60_000])),
        ("pings", frame(PING, b"ping")),
        ("fragments", [frame(0x01, b"a"), frame(0x80, b"b")].concat()),
    ] {
        let script = Script::new(&[], &pattern, 1_000_000);
        let peak = peak_of_handler(script, hold).await;
        println!("{what}, none received: peak {peak} bytes");
        assert!(peak <= 280 * KIB, "{what}: {peak}");
    }
}

/// Messages that come one by one and are not received do not keep a read buffer each.
#[tokio::test]
async fn messages_read_ahead_do_not_keep_their_buffers() {
    for size in [1025, 10_000, 20_000] {
        let mut script = Script::new(&[], &frame(BINARY, &vec![0; size]), 1_000);
        script.trickles = true;
        let peak = peak_of_handler(script, hold).await;
        println!("messages of {size} bytes one by one, none received: peak {peak} bytes");
        assert!(peak <= 350 * KIB, "{size}: {peak}");
    }
}

/// A small message that is kept keeps nothing of those that came with it.
#[tokio::test]
async fn small_messages_keep_nothing_of_their_batch() {
    const COUNT: isize = 100;
    for first in [TEXT, BINARY] {
        for size in [1, 32, 125_isize] {
            let before = held();
            let script = Script::new(&[], &frame(first, &vec![b'a'; size as usize]), 100 * 100);
            let mut socket = WebSocket::server(script, &Config::new());
            let mut kept = Vec::with_capacity(COUNT as usize);
            for n in 0..COUNT * 100 {
                let message = socket.recv().await.unwrap().unwrap();
                if n % 100 == 99 {
                    kept.push(message);
                }
            }
            drop(socket);
            let entries = COUNT * size_of::<tower_websock::Message>() as isize;
            let each = (held() - before - entries) / COUNT;
            println!("one of 100 messages of {size} bytes: keeps {each} bytes");
            assert_eq!(each, size);
        }
    }
}

/// A peer that takes nothing has a bounded amount queued: senders wait.
#[tokio::test]
async fn sending_waits_for_a_peer_that_takes_nothing() {
    let script = Script::new(&[], &[], 0).takes_nothing();
    let peak = peak_of_handler(script, |mut socket: WebSocket| async move {
        while socket.send("x".repeat(1000).into()).await.is_ok() {}
    })
    .await;
    println!("endless sending, nothing taken: peak {peak} bytes");
    assert!(peak <= 200 * KIB, "{peak}");
}

/// An idle connection holds no buffer, neither before its first message nor after a large one.
#[tokio::test]
async fn idle_connection_holds_no_buffer() {
    const COUNT: isize = 1000;
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("a small message", frame(TEXT, b"hello")),
        ("small messages", frame(TEXT, b"hello").repeat(100)),
        ("half a header", frame(TEXT, b"hello")[..3].to_vec()),
        ("a large message", frame(BINARY, &vec![0; 500_000])),
        ("a large message in two frames", {
            let mut bytes = frame(0x02, &vec![0; 200_000]);
            bytes.extend(frame(0x80, &vec![0; 200_000]));
            bytes
        }),
    ] {
        let before = held();
        let mut tasks = Vec::new();
        for _ in 0..COUNT {
            let script = Script {
                intro: Vec::new(),
                ..Script::new(&[], &bytes, usize::from(!bytes.is_empty()))
            };
            tasks.push(supervise(script, Config::new(), echo));
        }
        settle().await;
        let script = (size_of::<Script>() + bytes.len()) as isize;
        let each = (held() - before) / COUNT - script;
        println!("idle after {what}: {each} bytes per connection, buffers and task");
        assert!(each < 4 * KIB, "{what}: {each}");
        for task in tasks {
            task.abort();
        }
        settle().await;
    }
}
