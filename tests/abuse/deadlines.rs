//! Peers that drip, and peers that take nothing: deadlines that bytes do not extend.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt,
    time::{Instant, sleep},
};
use tower_websock::{Closure, Config, KeepAlive, WebSocket};

use crate::report::{Amount::*, Report};
use crate::support::*;
use crate::tools::*;

/// A message has its time from its first byte to its last, whatever comes in between: bytes of it, its
/// fragments, pings.
pub(crate) fn abuse_03_message_that_drips(report: &mut Report) {
    const LIMIT: Duration = secs(30);
    let ping = [frame(PING, b"there?"), vec![b'x']].concat();
    for (what, begin, then) in [
        ("bytes of a frame", header(TEXT, 1000), &b"x"[..]),
        ("fragments", frame(0x01, b"a"), &frame(0x00, b"a")),
        (
            "pings between fragments",
            frame(0x01, b"a"),
            &ping[..ping.len() - 1],
        ),
        ("bytes of a header", vec![TEXT], &[]),
    ] {
        paused(async {
            let (client, server) = tokio::io::duplex(1 << 16);
            let (read, mut write) = tokio::io::split(client);
            let config = Config::new().message_timeout(Some(LIMIT));
            let task = supervise(server, config, echo);
            let mut peer = Peer::new(tokio::io::join(read, tokio::io::sink()));
            let start = Instant::now();
            let then = then.to_vec();
            let dripping = tokio::spawn(async move {
                write.write_all(&begin).await.unwrap();
                while write.write_all(&then).await.is_ok() {
                    sleep(secs(1)).await;
                }
            });
            let code = loop {
                let (first, payload) = peer.read().await.unwrap();
                if first == CLOSE {
                    break u16::from_be_bytes([payload[0], payload[1]]);
                }
                assert_eq!(first, PONG);
            };
            report.exactly(
                format!("close code, {what}"),
                Count(code.into()),
                Count(1008),
            );
            let took = Time(secs(start.elapsed().as_secs()));
            report.exactly(
                format!("time until it is failed, {what}"),
                took,
                Time(LIMIT),
            );
            dripping.abort();
            drop(peer);
            assert!(!task.await.unwrap().is_clean());
        });
    }
}

/// Keep-alive would notice it sooner.
const fn without() -> Config {
    Config::new().keep_alive(KeepAlive::OFF)
}

/// A peer that takes nothing is cut after `write_timeout`, once, and the task ends.
pub(crate) fn cve_2026_79677_write_deadline(report: &mut Report) {
    for (what, config, limit) in [
        ("the default", without(), secs(120)),
        (
            "10 s",
            Config::new().write_timeout(Some(secs(10))),
            secs(10),
        ),
    ] {
        let failed = Arc::new(AtomicUsize::new(0));
        let counter = failed.clone();
        paused(async {
            let (client, server) = tokio::io::duplex(64);
            let begin = Instant::now();
            let task = supervise(server, config, |mut socket: WebSocket| async move {
                while socket.send("x".repeat(1000).into()).await.is_ok() {}
                counter.fetch_add(1, Ordering::Relaxed);
            });
            let closure: Closure = task.await.unwrap();
            assert!(!closure.is_clean(), "{closure:?}");
            let took = Time(secs(begin.elapsed().as_secs()));
            report.exactly(
                format!("time until the peer is cut, {what}"),
                took,
                Time(limit),
            );
            report.exactly("tasks left", Count(tasks()), Count(0));
            drop(client);
        });
        let failed = Count(failed.load(Ordering::Relaxed));
        report.exactly("handlers told, once each", failed, Count(1));
    }
}
