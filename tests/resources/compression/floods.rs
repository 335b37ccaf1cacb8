//! Bombs, garbage, and runs of what is empty.

use std::time::Duration;

use tokio::io::DuplexStream;

use crate::alloc::{held, peak_of};
use crate::support::{cpu::cpu_time, deflate::*, *};

use super::{KIB, ROOM, agreed, compressing, end, exchange_plain, receive, settle};

/// The client's end of a connection whose handler answers nothing.
async fn silent() -> Peer<DuplexStream> {
    // A message is as long as a flood.
    let config = compressing().max_message_size(64 << 20);
    let (peer, answer) = connect(receive, &config, Some(BROWSER), ROOM).await;
    assert!(answer.is_some());
    peer
}

/// A message as frames of at most `step` bytes of payload.
fn fragments(kind: u8, payload: &[u8], step: usize) -> Vec<u8> {
    let pieces = payload.chunks(step);
    let last = pieces.len() - 1;
    let frames = pieces.enumerate().map(|(i, piece)| {
        let opcode = if i == 0 { kind & !0x80 } else { 0x00 };
        frame(if i == last { 0x80 } else { 0x00 } | opcode, piece)
    });
    frames.collect::<Vec<_>>().concat()
}

/// About 1 MB that stands for 1 GB of zeros.
fn bomb() -> Vec<u8> {
    const PART: usize = 1 << 20;
    let mut part = deflated(&vec![0; PART]);
    part.extend([0x00, 0x00, 0xFF, 0xFF]);
    part.repeat((1 << 30) / PART)
}

/// 10.4: a message is refused when it exceeds the limit, however small it was on the wire, and
/// its excess is never held.
#[tokio::test]
async fn bomb_costs_the_limit_and_no_more() {
    let payload = bomb();
    let harmless = deflated(&json(50_000));
    let masked = [harmless, vec![0x00, 0x00, 0xFF, 0xFF], payload.clone()].concat();
    // The window of the connection, and what the test's pipe holds.
    let beside = 4 * KIB + ROOM as isize + 4 * KIB;
    for limit in [100_000, 1 << 20, 1_100_000, 16 << 20] {
        // It is held as it came until it is complete, while it may be within the limit. A buffer
        // that grows is there twice.
        let wire = limit + limit / 8 + limit / 64 + 1024;
        let held = masked.len().min(wire);
        let most = 2 * limit.max(held);
        let reason = if payload.len() > wire {
            "compressed message of ".to_owned()
        } else {
            let size = limit + 1;
            format!("message of {size} bytes or more exceeds max_message_size ({limit})")
        };
        for (kind, zeros) in [(COMPRESSED_TEXT, "text"), (COMPRESSED_BINARY, "binary")] {
            for (what, bytes) in [
                ("one frame", frame(kind, &payload)),
                ("frames of 1,000 bytes", fragments(kind, &payload, 1000)),
                ("frames of 10 bytes", fragments(kind, &payload, 10)),
                ("behind harmless frames", fragments(kind, &masked, 1000)),
            ] {
                let config = compressing().max_message_size(limit);
                let mut peer = agreed(&config, ROOM).await;
                // From here on the thread has a decompressor, the room for its output and a
                // read buffer, and the connection has what it needs for itself.
                exchange_plain(&mut peer).await;
                peer.send(&frame(kind, &deflated(b"hello"))).await;
                peer.read().await.unwrap();
                let ((), peak) = peak_of(async {
                    let begin = cpu_time();
                    peer.send(&bytes).await;
                    let (first, close) = peer.read().await.unwrap();
                    assert_eq!((first, &close[..2]), (CLOSE, &1009_u16.to_be_bytes()[..]));
                    let found = std::str::from_utf8(&close[2..]).unwrap();
                    assert!(found.starts_with(&reason), "{found}");
                    peer.expect_end().await;
                    let took = cpu_time().saturating_sub(begin);
                    println!("{} bytes of {zeros}, {what}: {took:?}", bytes.len());
                    assert!(took < Duration::from_secs(1), "{took:?}");
                })
                .await;
                settle().await;
                println!("    peak {peak} bytes with a limit of {limit}");
                assert!(peak <= most as isize + beside, "{peak}");
            }
        }
    }
}

/// 10.4: of messages that come together as a few bytes, no more than one large one is held, be
/// it the first or behind small ones. Its parts exist twice while they are joined.
#[tokio::test]
async fn large_messages_behind_small_ones_are_inflated_one_at_a_time() {
    const LIMIT: usize = 1 << 20;
    let config = compressing().max_message_size(LIMIT);
    let large = frame(COMPRESSED_BINARY, &deflated(&vec![b'x'; LIMIT]));
    let small = frame(COMPRESSED_BINARY, &deflated(&json(100)));
    let beside = 160 * KIB;
    for before in [0, 1, 7, 40] {
        let few = [small.repeat(before), large.clone()].concat();
        let bytes = few.repeat(8);
        let (mut peer, _) = connect(receive, &config, Some(BROWSER), 1 << 20).await;
        let ((), peak) = peak_of(async {
            peer.send(&bytes).await;
            peer.send(&close_frame(1000)).await;
            peer.expect_close(1000).await;
        })
        .await;
        println!("8 large messages, {before} small ones before each: peak {peak} bytes");
        assert!(peak >= LIMIT as isize, "{peak}");
        assert!(peak <= 2 * LIMIT as isize + beside, "{peak}");
    }
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

    /// The same message again and again.
    fn messages(payload: &[u8]) -> Self {
        Self {
            first: Vec::new(),
            repeated: frame(COMPRESSED_TEXT, payload).repeat(1000),
            last: Vec::new(),
        }
    }

    /// How much time of a processor it takes to send it and to close.
    async fn time(&self, count: usize) -> Duration {
        let mut peer = silent().await;
        let begin = cpu_time();
        peer.send(&self.first).await;
        for _ in 0..count {
            peer.send(&self.repeated).await;
        }
        peer.send(&self.last).await;
        end(peer).await;
        cpu_time().saturating_sub(begin)
    }
}

/// Twice as many bytes take twice as long, and none of them long, also if nothing comes out.
#[tokio::test]
async fn time_is_linear_in_what_arrives() {
    let stored = b"\x00\x00\x00\xFF\xFF";
    // Five empty blocks with fixed codes of 10 bits each, and an empty stored one.
    let fixed = b"\x02\x08\x20\x80\x00\x00\x00\x00\xFF\xFF";
    for (what, flood, count) in [
        ("empty stored blocks", Flood::fragments(stored, 10_000), 100),
        ("the same, fragmented", Flood::fragments(stored, 20), 100),
        ("empty fixed blocks", Flood::fragments(fixed, 5000), 50),
        ("empty messages", Flood::messages(b"\x00"), 50),
        ("small messages", Flood::messages(&deflated(b"hello")), 50),
    ] {
        // The least times, for other tests run beside this one.
        let (mut once, mut twice, mut ratio) = (Duration::MAX, Duration::MAX, f64::MAX);
        for round in 0..60 {
            once = once.min(flood.time(count).await);
            twice = twice.min(flood.time(2 * count).await);
            ratio = twice.as_secs_f64() / once.as_secs_f64();
            if round >= 2 && ratio < 2.3 {
                break;
            }
        }
        let bytes = flood.repeated.len() * count;
        let each = once / u32::try_from(bytes).unwrap();
        println!("{what}: {bytes} bytes in {once:?}, {each:?} per byte, t(2n)/t(n) {ratio:.2}");
        assert!(ratio < 2.5, "{ratio}");
        assert!(each < Duration::from_micros(2), "{each:?}");
    }
}

/// 7.2.2: what is no DEFLATE, or refers to what was never sent, fails the connection, and holds
/// nothing then.
#[tokio::test]
async fn garbage_is_answered_with_1007() {
    const COUNT: u32 = 500;
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
    let ((), peak) = peak_of(async {
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
    })
    .await;
    let left = held() - before;
    println!("{COUNT} connections with garbage: peak {peak} bytes, {left} left by the last 400");
    assert!(peak <= 200 * KIB, "{peak}");
    assert!(left <= KIB, "{left}");
}
