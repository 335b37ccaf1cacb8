//! What nobody takes does not pile up.

use tower_websock::{Config, Message, WebSocket};

use crate::alloc::{held, peak_of};
use crate::support::*;

use super::{KIB, Script, settle};

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
