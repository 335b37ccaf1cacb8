//! Messages of any declared length, and of any number of fragments.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tower_websock::{Config, Error, Message, ProtocolError, WebSocket};

use crate::alloc::{held, peak_of};
use crate::support::*;

use super::{KIB, Script, settle};

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
