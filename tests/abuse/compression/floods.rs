//! Garbage, and runs of what is empty.

use tokio::io::DuplexStream;

use crate::alloc::{held, peak_of};
use crate::report::{Amount::*, Report};
use crate::support::{deflate::*, *};
use crate::tools::*;

use super::{ROOM, agreed, compressing, end, fragmented, receive};

/// How much more the processor may do for a byte than for one of plain messages.
const MOST: f64 = 20.0;

/// The client's end of a connection whose handler answers nothing.
async fn silent() -> Peer<DuplexStream> {
    // A message is as long as a flood.
    let config = compressing().max_message_size(64 << 20);
    let (peer, answer) = connect(receive, &config, Some(BROWSER), ROOM).await;
    assert!(answer.is_some());
    peer
}

/// What a client sends: a part of it again and again, so that all of it is in the cache.
struct Flood {
    first: Vec<u8>,
    repeated: Vec<u8>,
    last: Vec<u8>,
}

impl Flood {
    /// One message, of fragments that are `step` times this, which is complete in itself.
    fn fragments(part: &[u8], step: usize) -> Self {
        let piece = part.repeat(step);
        let count = 20_000 / piece.len() + 1;
        Self {
            first: frame(COMPRESSED_TEXT & !0x80, &piece),
            repeated: frame(0x00, &piece).repeat(count),
            last: frame(0x80, b"\x00"),
        }
    }

    /// Messages that are not compressed.
    fn plain(payload: &[u8]) -> Self {
        Self {
            first: Vec::new(),
            repeated: frame(TEXT, payload).repeat(1000),
            last: Vec::new(),
        }
    }

    /// The same message again and again.
    fn messages(payload: &[u8]) -> Self {
        Self {
            first: Vec::new(),
            repeated: frame(COMPRESSED_TEXT, payload).repeat(1000),
            last: Vec::new(),
        }
    }

    /// Sends it and closes.
    async fn send(&self, count: usize) {
        let mut peer = silent().await;
        peer.send(&self.first).await;
        for _ in 0..count {
            peer.send(&self.repeated).await;
        }
        peer.send(&self.last).await;
        end(peer).await;
    }
}

/// Twice as many bytes take twice as long, and none of them long, also if nothing comes out.
pub(crate) fn abuse_15_runs_of_what_is_empty(report: &mut Report) {
    let stored = b"\x00\x00\x00\xFF\xFF";
    // Five empty blocks with fixed codes of 10 bits each, and an empty stored one.
    let fixed = b"\x02\x08\x20\x80\x00\x00\x00\x00\xFF\xFF";
    let mut plain = None;
    for (what, flood, count) in [
        ("plain messages", Flood::plain(b"hello"), 10),
        ("empty stored blocks", Flood::fragments(stored, 10_000), 20),
        ("the same, fragmented", Flood::fragments(stored, 20), 20),
        ("empty fixed blocks", Flood::fragments(fixed, 5000), 15),
        ("empty messages", Flood::messages(b"\x00"), 10),
        ("small messages", Flood::messages(&deflated(b"hello")), 10),
    ] {
        let (ratio, once) = growth(|times| live(flood.send(times * count)));
        report.at_most(format!("t(4n)/t(n) of {what}"), ratio, FOURFOLD);
        let each = once.as_secs_f64() / (flood.repeated.len() * count) as f64;
        let plain = *plain.get_or_insert(each);
        report.at_most(
            format!("time for a byte of {what} to that of plain ones"),
            Ratio(each / plain),
            Ratio(MOST),
        );
    }
}

/// 7.2.2: what is no DEFLATE, or refers to what was never sent, fails the connection, and holds
/// nothing then.
pub(crate) fn garbage_is_answered_with_1007(report: &mut Report) {
    const COUNT: u32 = 200;
    let mut state = 1_u32;
    let garbage = |round| {
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(300)
        .collect();
        match round % 4 {
            0 => noise,
            // Cut off, or damaged on the way.
            1 => deflated(&noise)[..200].to_vec(),
            2 => [&deflated(b"hello")[..], &noise].concat(),
            // A match of 3 bytes, 4 before the first one.
            _ => vec![0x02, 0x06, 0x00],
        }
    };
    let payloads: Vec<_> = (0..COUNT).map(garbage).collect();
    let close = [
        &1007_u16.to_be_bytes()[..],
        b"compressed message is damaged",
    ]
    .concat();
    let mut before = 0;
    let ((), peak) = live(peak_of(async {
        for (round, payload) in payloads.iter().enumerate() {
            if round == 100 {
                before = held();
            }
            let mut peer = agreed(&compressing(), ROOM).await;
            peer.send(&frame(COMPRESSED_BINARY, payload)).await;
            peer.expect(CLOSE, &close).await;
            peer.expect_end().await;
            drop(peer);
            settle().await;
        }
    }));
    let left = held() - before;
    report.at_most(
        "peak of 200 connections with garbage",
        Bytes(peak),
        Bytes(200 * KIB),
    );
    report.at_most("left by the last 100", Bytes(left), Bytes(KIB));
}

/// 7.2.3.5: what stands behind a final block belongs to its message, or fails it: as many messages come
/// out as went in, each what it was, wherever their frames and reads are cut.
pub(crate) fn cve_2026_87022_bytes_behind_the_final_block(report: &mut Report) {
    // "Hello" in a final block, and the same in one that is not final.
    let (last, other) = (
        b"\xf3\x48\xcd\xc9\xc9\x07\x00",
        b"\xf2\x48\xcd\xc9\xc9\x07\x00",
    );
    let messages = [
        (other.to_vec(), &b"Hello"[..]),
        ([&last[..], &[0]].concat(), b"Hello"),
        ([&last[..], other].concat(), b"HelloHello"),
        ([&last[..], last, &[0]].concat(), b"HelloHello"),
        (other.to_vec(), b"Hello"),
    ];
    let mut wrong = 0;
    let mut runs = 0;
    for step in [1, 2, 3, 5, 100] {
        for room in [1, 7, 64, 1 << 16] {
            live(async {
                let peer = agreed(&compressing(), room).await;
                let wire: Vec<_> = messages
                    .iter()
                    .flat_map(|(payload, _)| fragmented(COMPRESSED_BINARY, payload, step))
                    .collect();
                let (read, mut write) = tokio::io::split(peer.io);
                let sending = tokio::spawn(async move {
                    tokio::io::AsyncWriteExt::write_all(&mut write, &wire)
                        .await
                        .unwrap();
                    tokio::io::AsyncWriteExt::write_all(&mut write, &close_frame(1000))
                        .await
                        .unwrap();
                });
                let mut reader = Peer::new(tokio::io::join(read, tokio::io::sink()));
                for (_, message) in &messages {
                    let (_, found) = reader.read().await.unwrap();
                    wrong += usize::from(found != *message);
                }
                reader.expect_close(1000).await;
                sending.await.unwrap();
                runs += 1;
            });
        }
    }
    let what = format!("wrong messages of 5, cut in {runs} ways");
    report.exactly(what, Count(wrong), Count(0));
}
