//! Declared lengths: nothing is allocated for one, and no arithmetic goes wrong.

use tokio::io::AsyncWriteExt;
use tower_websock::{Config, Message, ProtocolError, WebSocket};

use crate::alloc::{held, peak_of};
use crate::report::{Amount::*, Report};
use crate::support::*;
use crate::tools::*;

use super::{peak_of_waiting, unlimited, verdict};

/// Within the limit a declared length allocates nothing.
pub(crate) fn abuse_04_huge_declared_length(report: &mut Report) {
    for &side in SIDES {
        for len in [(1 << 20) - 1, 1 << 32, (1 << 62) - 1, 1 << 62] {
            for first in [TEXT, BINARY, 0x01, 0x02] {
                let start = [side.header(first, len), vec![0; 10]].concat();
                let mut socket = side.open(Script::new(&start, &[], 0), &unlimited());
                let peak = paused(peak_of_waiting(&mut socket));
                report.at_most(
                    "peak with up to 2^62 bytes declared, 10 sent",
                    Bytes(peak),
                    Bytes(READ_BUFFER),
                );
            }
        }
    }
}

/// 10.4: a length above the limit is refused at its header, without the mask or any payload.
pub(crate) fn rustsec_2022_0035_length_above_the_limit(report: &mut Report) {
    for &side in SIDES {
        for len in [(1 << 20) + 1, 1 << 31, 1 << 32, 1 << 62, (1 << 63) - 1] {
            let mut start = side.header(BINARY, len);
            start.truncate(10);
            let (error, peak) = verdict(side, &Config::new(), &start);
            // As far as its bytes were read.
            let is_right = |size| size > 1 << 20 && size <= len;
            let is_too_big =
                matches!(error, Some(ProtocolError::MessageTooBig { size, .. }) if is_right(size));
            assert!(is_too_big, "{side:?} {len}: {error:?}");
            report.at_most(
                "peak until 1009, at a header of up to 2^63-1 bytes",
                Bytes(peak),
                Bytes(READ_BUFFER),
            );
        }
    }
}

/// 5.2: lengths at the borders of integers, in each form, also where they are added to what came
/// before: each has the verdict of arithmetic without end, and none panics or hangs.
pub(crate) fn cve_2020_27813_length_arithmetic(report: &mut Report) {
    const BEFORE: u64 = 1000;
    let lens = [
        0,
        125,
        126,
        127,
        65_535,
        65_536,
        (1 << 31) - 1,
        1 << 31,
        (1 << 32) - 1,
        1 << 32,
        (1 << 63) - 1 - BEFORE,
        (1 << 63) - 1,
        1 << 63,
        u64::MAX - BEFORE,
        u64::MAX,
    ];
    let mut tried = 0;
    for &side in SIDES {
        for limit in [1 << 20, usize::MAX / 2, usize::MAX] {
            let config = Config::new().max_message_size(limit);
            for (len, long, is_more, before) in cases(&lens, BEFORE) {
                let mut bytes = Vec::new();
                if before > 0 {
                    bytes.extend(side.frame(0x02, &[0; BEFORE as usize]));
                }
                let first = if before > 0 { 0x00 } else { 0x02 };
                bytes.extend(header_in(
                    side,
                    first | if is_more { 0 } else { 0x80 },
                    len,
                    long,
                ));
                let is_minimal = if long { len > 0xFFFF } else { len > 125 };
                let fits = u128::from(before) + u128::from(len) <= limit as u128;
                let is_lawful = is_minimal && len >> 63 == 0 && fits;
                let (error, peak) = verdict(side, &config, &bytes);
                let case = format!("{side:?} {limit} {len} {long} {is_more} {before}");
                assert_eq!(error.is_none(), is_lawful, "{case}: {error:?}");
                report.at_most("peak of any of them", Bytes(peak), Bytes(READ_BUFFER));
                tried += 1;
            }
        }
    }
    let expected = SIDES.len() * 3 * (15 + 5) * 4;
    report.exactly(
        "lengths with the right verdict",
        Count(tried),
        Count(expected),
    );
}

/// Each length in the forms that can hold it, in the last frame and in another, alone and behind
/// others.
fn cases(lens: &[u64], before: u64) -> Vec<(u64, bool, bool, u64)> {
    let forms = lens.iter().flat_map(|&len| {
        let fits = len <= 0xFFFF;
        [(len, true), (len, false)]
            .into_iter()
            .take(1 + usize::from(fits))
    });
    let mores = forms.flat_map(|(len, long)| [(len, long, false), (len, long, true)]);
    mores
        .flat_map(|(len, long, is_more)| [(len, long, is_more, 0), (len, long, is_more, before)])
        .collect()
}

/// A header in this form, minimal or not.
fn header_in(side: Side, first: u8, len: u64, long: bool) -> Vec<u8> {
    let mut header = side.header(first, if long { 1 << 16 } else { 126 });
    let octets = len.to_be_bytes();
    if long {
        header[2..10].copy_from_slice(&octets);
    } else {
        header[2..4].copy_from_slice(&octets[6..]);
    }
    header
}

/// What a message costs while it comes: at most twice what has arrived, and one read buffer.
pub(crate) fn message_takes_at_most_twice_what_arrived(report: &mut Report) {
    const LEN: usize = 8 << 20;
    for first in [TEXT, BINARY] {
        let mut start = header(first, LEN as u64);
        start.extend([0; 4]);
        let script = Script::new(&start, &[b'a'; 1000], LEN / 1000 + 1);
        let mut socket = WebSocket::server(script, &unlimited());
        let (received, peak) = live(peak_of(socket.recv()));
        assert_eq!(received.unwrap().unwrap().into_data().len(), LEN);
        // While the buffer grows, the old and the new one exist at the same time.
        let bound = Bytes(2 * LEN as isize + READ_BUFFER);
        report.at_most("peak of 8 MiB in one frame", Bytes(peak), bound);
    }
}

/// A message that stalls keeps room for no more than twice what has arrived of it.
pub(crate) fn stalled_message_keeps_at_most_twice_what_arrived(report: &mut Report) {
    live(async {
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
                let arrived = KIB * kib as isize;
                let what = format!("kept of {kib} KiB that came of {declared} bytes");
                report.at_most(&what, Bytes(kept), Bytes(2 * arrived + 8 * KIB));
                assert!(kept >= arrived, "{kept}");
                task.abort();
                settle().await;
            }
        }
    });
}

/// So does one that was cut off, while what we sent waits for a peer that takes nothing.
pub(crate) fn message_cut_off_keeps_at_most_twice_what_arrived(report: &mut Report) {
    const ARRIVED: isize = 100 * KIB;
    const PIPE: isize = 200 * KIB;
    live(async {
        let (mut client, server) = tokio::io::duplex(PIPE as usize);
        let mut socket = WebSocket::server(server, &unlimited());
        let message = Message::binary(vec![0; 300_000]);
        socket.feed(message).await.unwrap();
        client.write_all(&header(BINARY, 1 << 20)).await.unwrap();
        client.write_all(&[0; 4]).await.unwrap();
        client.write_all(&vec![0; ARRIVED as usize]).await.unwrap();
        client.shutdown().await.unwrap();
        let before = held();
        let peak = peak_of_waiting(&mut socket).await;
        let kept = held() - before;
        assert!(peak >= 1 << 20, "it had room for all");
        // The read buffer is the thread's, and the pipe is filled by then.
        let bound = Bytes(2 * ARRIVED + PIPE + 74 * KIB);
        report.at_most(
            "kept of 100 KiB, beside a pipe of 200 KiB",
            Bytes(kept),
            bound,
        );
    });
}
