//! What is read for a handler that does not receive, and what idle connections hold.

use tower_websock::{Config, WebSocket};

use crate::alloc::held;
use crate::report::{Amount::*, Report};
use crate::support::*;
use crate::tools::*;

/// A handler that does not receive has a bounded amount read ahead, whatever the peer sends.
pub(crate) fn reading_ahead_is_bounded(report: &mut Report) {
    for (what, pattern) in [
        ("small messages", frame(TEXT, b"hello")),
        ("empty messages", frame(BINARY, b"")),
        ("large messages", frame(BINARY, &vec![0; 60_000])),
        ("pings", frame(PING, b"ping")),
        ("fragments", [frame(0x01, b"a"), frame(0x80, b"b")].concat()),
    ] {
        let script = Script::new(&[], &pattern, 100_000);
        let peak = live(peak_of_handler(script, hold));
        let what = format!("peak of 100,000 {what}, none received");
        report.at_most(what, Bytes(peak), Bytes(280 * KIB));
    }
}

/// Messages that come one by one and are not received do not keep a read buffer each.
pub(crate) fn messages_read_ahead_do_not_keep_their_buffers(report: &mut Report) {
    for size in [1025, 10_000, 20_000] {
        let mut script = Script::new(&[], &frame(BINARY, &vec![0; size]), 1_000);
        script.trickles = true;
        let peak = live(peak_of_handler(script, hold));
        let what = format!("peak of messages of {size} bytes, one by one");
        report.at_most(what, Bytes(peak), Bytes(350 * KIB));
    }
}

/// A small message that is kept keeps nothing of those that came with it.
pub(crate) fn small_messages_keep_nothing_of_their_batch(report: &mut Report) {
    const COUNT: isize = 100;
    for first in [TEXT, BINARY] {
        for size in [1, 32, 125_isize] {
            let kept = live(async {
                let before = held();
                let mut kept = Vec::with_capacity(COUNT as usize);
                let pattern = frame(first, &vec![b'a'; size as usize]);
                let script = Script::new(&[], &pattern, 100 * 100);
                let mut socket = WebSocket::server(script, &Config::new());
                for n in 0..COUNT * 100 {
                    let message = socket.recv().await.unwrap().unwrap();
                    if n % 100 == 99 {
                        kept.push(message);
                    }
                }
                drop((socket, pattern));
                held() - before
            });
            let entries = COUNT * size_of::<tower_websock::Message>() as isize;
            let each = (kept - entries) / COUNT;
            let what = format!("kept by one of 100 messages of {size} bytes");
            report.exactly(what, Bytes(each), Bytes(size));
        }
    }
}

/// An idle connection holds no buffer, neither before its first message nor after a large one.
pub(crate) fn cve_2026_15565_idle_connections(report: &mut Report) {
    const COUNT: isize = 150;
    let in_two_frames = [
        frame(0x02, &vec![0; 200_000]),
        frame(0x80, &vec![0; 200_000]),
    ];
    live(async {
        for (what, bytes) in [
            ("nothing", Vec::new()),
            ("a small message", frame(TEXT, b"hello")),
            ("small messages", frame(TEXT, b"hello").repeat(100)),
            ("half a header", frame(TEXT, b"hello")[..3].to_vec()),
            ("a large message", frame(BINARY, &vec![0; 500_000])),
            ("a large message in two frames", in_two_frames.concat()),
        ] {
            let before = held();
            let mut tasks = Vec::new();
            for _ in 0..COUNT {
                let script = Script::new(&[], &bytes, usize::from(!bytes.is_empty()));
                tasks.push(supervise(script, Config::new(), echo));
            }
            settle().await;
            let script = (size_of::<Script>() + bytes.len()) as isize;
            let each = (held() - before) / COUNT - script;
            let what = format!("each of {COUNT} idle connections, after {what}, with its task");
            report.at_most(what, Bytes(each), Bytes(4 * KIB));
            for task in tasks {
                task.abort();
            }
            settle().await;
        }
    });
}
