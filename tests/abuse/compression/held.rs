//! What is held before, between and after messages.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use tokio::io::DuplexStream;
use tower_websock::{Config, DeflateConfig, Message, WebSocket};

use crate::alloc::held;
use crate::report::{Amount::*, Report};
use crate::support::{deflate::*, *};
use crate::tools::*;

use super::{NARROW, ROOM, agreed, compressing, end, exchange, exchange_plain, receive};

/// Agreeing on compression costs nothing, and neither do messages that are not compressed; each
/// direction begins to cost with its first compressed message.
pub(crate) fn nothing_is_allocated_before_the_first_compressed_message(report: &mut Report) {
    live(async { before_the_first(report).await });
}

async fn before_the_first(report: &mut Report) {
    let mut found = Vec::new();
    for (config, is_agreed) in [(Config::new(), false), (compressing(), true)] {
        // The first one brings what the thread keeps; it is not counted.
        for is_first in [true, false] {
            let before = held();
            let (mut peer, answer) = connect(echo, &config, Some(BROWSER), NARROW).await;
            assert_eq!(answer.is_some(), is_agreed);
            drop(answer);
            settle().await;
            let opened = held() - before;
            for _ in 0..10 {
                exchange_plain(&mut peer).await;
            }
            peer.forget();
            settle().await;
            let used = held() - before;
            if is_first {
                end(peer).await;
                settle().await;
                continue;
            }
            found.push((opened, used));
            if is_agreed {
                let payload = deflated(b"hello");
                peer.send(&frame(COMPRESSED_TEXT, &payload)).await;
                // The echo is below the minimum.
                peer.expect(TEXT, b"hello").await;
                drop(payload);
                peer.forget();
                settle().await;
                let received = held() - before - used;
                let decompressor = 46 * KIB + 21 * KIB;
                assert!(received > decompressor, "the thread has one now");
                // And no compressor.
                let what = "held after the first one was received, by the thread above all";
                report.at_most(what, Bytes(received), Bytes(decompressor + 2 * KIB));
            }
            end(peer).await;
            settle().await;
        }
    }
    let [without, with] = [found[0], found[1]];
    for (what, with, without) in [
        (
            "held when opened, as without compression",
            with.0,
            without.0,
        ),
        (
            "held after plain messages, as without compression",
            with.1,
            without.1,
        ),
    ] {
        report.exactly(what, Bytes(with), Bytes(without));
    }
}

/// What each connection holds more after a message that fills the windows than before, and
/// after another one when it has lost its compressor; on a thread of its own, since threads keep
/// compressors that are too many for other settings.
#[tokio::main(flavor = "current_thread")]
async fn held_after_messages(config: &Config, message: &[u8]) -> [isize; 2] {
    const COUNT: isize = 5;
    // The first ones bring what the thread keeps; they are not counted.
    const EARLIER: usize = 40;
    let payload = deflated(message);
    let mut peers = Vec::new();
    for _ in 0..EARLIER + COUNT as usize {
        let mut peer = agreed(config, NARROW).await;
        exchange_plain(&mut peer).await;
        peer.forget();
        peers.push(peer);
    }
    let (earlier, counted) = peers.split_at_mut(EARLIER);
    exchange_with_each(earlier, &payload, message).await;
    let before = held();
    let mut found = [0; 2];
    for found in &mut found {
        exchange_with_each(counted, &payload, message).await;
        *found = (held() - before) / COUNT;
    }
    found
}

async fn exchange_with_each(peers: &mut [Peer<DuplexStream>], payload: &[u8], message: &[u8]) {
    for peer in peers {
        exchange(peer, payload, message).await;
        peer.forget();
    }
    settle().await;
}

/// 7.1.2: an idle connection holds its windows, and without context takeover none. What it sent
/// it does not hold before it lost a compressor.
pub(crate) fn abuse_14_windows_of_idle_connections(report: &mut Report) {
    // Of either direction once it has begun.
    const STATES: isize = 400;
    let new = DeflateConfig::new;
    for bits in [8, 9, 15] {
        for (what, deflate, windows) in [
            ("both windows", new(), [1, 2]),
            ("the client's", new().server_no_context_takeover(), [1, 1]),
            ("the server's", new().client_no_context_takeover(), [0, 1]),
            ("no window", new().no_context_takeover(), [0, 0]),
        ] {
            let deflate = deflate
                .server_max_window_bits(bits)
                .client_max_window_bits(bits);
            let config = Config::new().deflate(deflate);
            let message = json((3 << bits) / 2);
            let thread = std::thread::spawn(move || held_after_messages(&config, &message));
            let found = thread.join().unwrap();
            for (each, windows) in found.into_iter().zip(windows) {
                let windows = windows << bits;
                assert!(each >= windows, "{each}");
                let what = format!("held by one with {what} of {bits} bits");
                report.at_most(what, Bytes(each), Bytes(windows + STATES));
            }
        }
    }
}

/// What connections had is given back when they are gone.
pub(crate) fn jetty_293_connections_that_are_gone(report: &mut Report) {
    let message = json(1000);
    let payload = deflated(&message);
    for deflate in [
        DeflateConfig::new(),
        DeflateConfig::new().no_context_takeover(),
    ] {
        let config = Config::new().deflate(deflate);
        live(async {
            let mut before = 0;
            for round in 0..600 {
                if round == 100 {
                    settle().await;
                    before = held();
                }
                let mut peer = agreed(&config, ROOM).await;
                exchange(&mut peer, &payload, &message).await;
                if round % 2 == 0 {
                    end(peer).await;
                }
            }
            settle().await;
            let left = held() - before;
            let what = "left by 500 connections that compressed";
            report.at_most(what, Bytes(left), Bytes(KIB));
        });
    }
}

/// A payload that tells when it is dropped.
struct Payload {
    data: Vec<u8>,
    dropped: Arc<AtomicBool>,
}

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::Relaxed);
    }
}

/// A message that was compressed is not kept until it is written.
pub(crate) fn jetty_13029_last_message_is_not_kept(report: &mut Report) {
    live(async { last_message(report).await });
}

async fn last_message(report: &mut Report) {
    for compressed in [true, false] {
        let dropped = Arc::new(AtomicBool::new(false));
        let data = json(1 << 20);
        let payload = Arc::new(std::sync::Mutex::new(Some(Payload {
            data: data.clone(),
            dropped: dropped.clone(),
        })));
        let handler = move |mut socket: WebSocket| {
            let payload = payload.lock().unwrap().take().unwrap();
            async move {
                let message = Message::Binary(Bytes::from_owner(payload));
                if compressed {
                    socket.send(message).await?;
                } else {
                    socket.send_uncompressed(message).await?;
                }
                receive(socket).await
            }
        };
        let (mut peer, _) = connect(handler, &compressing(), Some(BROWSER), 1024).await;
        settle().await;
        // The client has read nothing, and most does not fit in the pipe.
        let kept = usize::from(!dropped.load(Ordering::Relaxed));
        if compressed {
            report.exactly(
                "messages kept that are compressed, unread",
                Count(kept),
                Count(0),
            );
        }
        assert_eq!(kept, usize::from(!compressed));
        let (first, sent) = peer.read().await.unwrap();
        if compressed {
            assert_eq!(first, COMPRESSED_BINARY);
            assert!(Inflater::new().message(&sent) == data);
        } else {
            assert_eq!(first, BINARY);
            assert!(sent == data);
        }
        settle().await;
        let kept = usize::from(!dropped.load(Ordering::Relaxed));
        report.exactly("messages kept that were read", Count(kept), Count(0));
        end(peer).await;
    }
}
