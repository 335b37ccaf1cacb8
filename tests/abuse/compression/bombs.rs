//! Little on the wire that stands for much.

use crate::alloc::peak_of;
use crate::report::{Amount::*, Report};
use crate::support::{cpu::cpu_time, deflate::*, *};
use crate::tools::*;

use super::{ROOM, agreed, compressing, exchange_plain, fragmented, receive};

/// About 1 MB that stands for 1 GB of zeros.
fn bomb() -> Vec<u8> {
    const PART: usize = 1 << 20;
    let mut part = deflated(&vec![0; PART]);
    part.extend([0x00, 0x00, 0xFF, 0xFF]);
    part.repeat((1 << 30) / PART)
}

/// 10.4: a message is refused when it exceeds the limit, however small it was on the wire, and
/// its excess is never held.
pub(crate) fn abuse_13_deflate_bomb(report: &mut Report) {
    let payload = bomb();
    let harmless = deflated(&json(50_000));
    let masked = [harmless, vec![0x00, 0x00, 0xFF, 0xFF], payload.clone()].concat();
    // The window of the connection, and what the test's pipe holds.
    let beside = 4 * KIB + ROOM as isize + 4 * KIB;
    for limit in [100_000, 1_100_000, 16 << 20] {
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
        let kinds = [COMPRESSED_TEXT, COMPRESSED_BINARY];
        for kind in kinds
            .into_iter()
            .take(if limit == 1_100_000 { 2 } else { 1 })
        {
            for bytes in [
                frame(kind, &payload),
                fragmented(kind, &payload, 1000),
                fragmented(kind, &payload, 10),
                // Behind what is harmless.
                fragmented(kind, &masked, 1000),
            ] {
                let config = compressing().max_message_size(limit);
                live(async {
                    let mut peer = agreed(&config, ROOM).await;
                    // From here on the thread has a decompressor, the room for its output and a
                    // read buffer, and the connection has what it needs for itself.
                    exchange_plain(&mut peer).await;
                    peer.send(&frame(kind, &deflated(b"hello"))).await;
                    peer.read().await.unwrap();
                    let (took, peak) = peak_of(async {
                        let begin = cpu_time();
                        peer.send(&bytes).await;
                        let (first, close) = peer.read().await.unwrap();
                        assert_eq!((first, &close[..2]), (CLOSE, &1009_u16.to_be_bytes()[..]));
                        let found = std::str::from_utf8(&close[2..]).unwrap();
                        assert!(found.starts_with(&reason), "{found}");
                        peer.expect_end().await;
                        cpu_time().saturating_sub(begin)
                    })
                    .await;
                    let case = format!("1 MB for 1 GB, limit {limit}");
                    report.at_most(
                        format!("peak of {case}"),
                        Bytes(peak),
                        Bytes(most as isize + beside),
                    );
                    report.at_most(format!("time of {case}"), Time(took), Time(secs(1)));
                });
            }
        }
    }
}

/// 10.4: of messages that come together as a few bytes, no more than one large one is held, be
/// it the first or behind small ones. Its parts exist twice while they are joined.
pub(crate) fn large_messages_behind_small_ones_are_inflated_one_at_a_time(report: &mut Report) {
    const LIMIT: usize = 1 << 20;
    let config = compressing().max_message_size(LIMIT);
    let large = frame(COMPRESSED_BINARY, &deflated(&vec![b'x'; LIMIT]));
    let small = frame(COMPRESSED_BINARY, &deflated(&json(100)));
    let beside = 160 * KIB;
    for before in [0, 1, 7, 40] {
        let few = [small.repeat(before), large.clone()].concat();
        let bytes = few.repeat(8);
        live(async {
            let (mut peer, _) = connect(receive, &config, Some(BROWSER), 1 << 20).await;
            let ((), peak) = peak_of(async {
                peer.send(&bytes).await;
                peer.send(&close_frame(1000)).await;
                peer.expect_close(1000).await;
            })
            .await;
            assert!(peak >= LIMIT as isize, "{peak}");
            let what = format!("peak of 8 messages of 1 MiB, {before} small ones before each");
            report.at_most(what, Bytes(peak), Bytes(2 * LIMIT as isize + beside));
        });
    }
}
