//! Messages in many fragments, and text of which the last byte is wrong.

use tower_websock::{Config, Error, ProtocolError, WebSocket};

use crate::alloc::{held, peak_of};
use crate::report::{Amount::*, Report};
use crate::support::*;
use crate::tools::*;

use super::{peak_of_waiting, unlimited};

/// Fragments of one byte share one buffer.
pub(crate) fn cve_2026_48779_one_byte_fragments(report: &mut Report) {
    // Little more than a power of two, where a buffer that doubles is at its worst.
    const COUNT: usize = (1 << 17) + 1000;
    for &side in SIDES {
        let script = Script::new(&side.frame(0x02, b"a"), &side.frame(0x00, b"a"), COUNT - 1);
        let mut socket = side.open(script, &unlimited());
        let peak = live(peak_of_waiting(&mut socket));
        report.at_most(
            format!("peak of {COUNT} fragments of one byte"),
            Bytes(peak),
            Bytes(3 * COUNT as isize + READ_BUFFER),
        );
        // What stays when it has grown.
        let before = held();
        drop(socket);
        let kept = before - held();
        report.at_most(
            "kept of them",
            Bytes(kept),
            Bytes(2 * COUNT as isize + 16 * KIB),
        );
    }
}

/// Twice as many cost twice as much of the processor.
pub(crate) fn abuse_05_time_of_one_byte_fragments(report: &mut Report) {
    const COUNT: usize = 20_000;
    let (ratio, once) = growth(|times| {
        let count = COUNT * times;
        let script = Script::new(&frame(0x02, b"a"), &frame(0x00, b"a"), count);
        let mut socket = WebSocket::server(script, &unlimited());
        live(peak_of_waiting(&mut socket));
    });
    report.at_most(format!("t(4n)/t(n) of {COUNT} fragments"), ratio, FOURFOLD);
    report.at_most("time of each", Time(once / COUNT as u32), Time(micros(50)));
}

/// Empty fragments count against `max_fragments`, and cost nothing.
pub(crate) fn abuse_06_empty_continuations(report: &mut Report) {
    const MAX: usize = 1 << 17;
    for &side in SIDES {
        for (count, is_refused) in [(MAX - 1, false), (MAX, true)] {
            let script = Script::new(&side.frame(0x01, b""), &side.frame(0x00, b""), count);
            let mut socket = side.open(script, &Config::new());
            if !is_refused {
                let peak = live(peak_of_waiting(&mut socket));
                // The thread's buffer, and that of a turn that was interrupted.
                let bound = Bytes(2 * READ_BUFFER);
                report.at_most("peak of 131,072 empty fragments", Bytes(peak), bound);
                continue;
            }
            let (received, peak) = live(peak_of(socket.recv()));
            let Some(Err(Error::Protocol(error))) = received else {
                panic!("{received:?}");
            };
            assert_eq!(error, ProtocolError::TooManyFragments { max: MAX });
            let code = usize::from(error.close_code());
            report.exactly("close code of the 131,073rd", Count(code), Count(1009));
            report.at_most("peak until then", Bytes(peak), Bytes(READ_BUFFER));
        }
    }
}

/// 7.4.1: fragments, each below the limit of frames, are refused where they exceed that of messages
/// together, and cost at most twice that, although their buffer grows by doubling.
pub(crate) fn cve_2014_0193_fragments_up_to_the_limit(report: &mut Report) {
    const LIMIT: usize = 1 << 20;
    for first in [TEXT, BINARY] {
        for len in [1000, 30_000, 60_000, 70_000, 150_000, 300_000, 500_000] {
            let fragment = vec![b'a'; len];
            let intro = frame(first & 0x0F, &fragment);
            let script = Script::new(&intro, &frame(0x00, &fragment), LIMIT / len);
            let config = Config::new()
                .max_message_size(LIMIT)
                .max_frame_size(len)
                .max_fragments(2000);
            let mut socket = WebSocket::server(script, &config);
            let (received, peak) = live(peak_of(socket.recv()));
            let Some(Err(Error::Protocol(error))) = received else {
                panic!("{received:?}");
            };
            // As far as its bytes were read.
            let most = (LIMIT / len + 1) as u64 * len as u64;
            let is_right = |size| size > LIMIT as u64 && size <= most;
            let is_too_big =
                matches!(error, ProtocolError::MessageTooBig { size, .. } if is_right(size));
            assert!(is_too_big, "{error:?}");
            report.exactly("close code", Count(error.close_code().into()), Count(1009));
            let bound = Bytes(2 * LIMIT as isize + READ_BUFFER);
            report.at_most("peak until 1 MiB is exceeded", Bytes(peak), bound);
        }
    }
}

/// Peers that stay below each limit and never finish keep what they sent, twice at most.
pub(crate) fn cve_2026_62389_just_below_each_limit(report: &mut Report) {
    const MIB: usize = 1 << 20;
    let tiny = (frame(0x02, b"a"), frame(0x00, b"a"), (1 << 17) - 1, 1 << 17);
    let large = (
        frame(0x02, b"a"),
        frame(0x00, &[b'a'; 1023]),
        MIB / 1023 - 1,
        MIB,
    );
    live(async {
        for (what, (intro, pattern, count, payload), peers) in [
            ("131,072 fragments of a byte", tiny, 3),
            ("1 MiB in fragments", large, 20),
        ] {
            let open = || {
                let script = Script::new(&intro, &pattern, count);
                supervise(script, Config::new(), echo)
            };
            // What the thread keeps is not theirs.
            let first = open();
            settle().await;
            let before = held();
            let tasks: Vec<_> = (0..peers).map(|_| open()).collect();
            settle().await;
            let each = (held() - before) / peers;
            let bound = Bytes(2 * payload as isize + 8 * KIB);
            report.at_most(
                format!("kept of {what}, never finished"),
                Bytes(each),
                bound,
            );
            assert!(each > payload as isize / 2, "they have not arrived: {each}");
            for task in tasks.into_iter().chain([first]) {
                task.abort();
            }
            settle().await;
        }
    });
}

/// 8.1: each byte of text is validated once, in whatever frames it comes, and a wrong one at the end
/// keeps all of it from the handler.
pub(crate) fn abuse_16_bad_byte_at_the_end(report: &mut Report) {
    const LEN: usize = 4_000_000;
    let mut delivered = 0;
    for (what, in_frames) in [("in one frame", false), ("in frames of 1,000 bytes", true)] {
        let (ratio, once) = growth(|times| {
            let len = LEN * times;
            let script = if in_frames {
                let pattern = frame(0x00, &[b'a'; 1000]);
                let mut script = Script::new(&frame(0x01, b"a"), &pattern, len / 1000);
                script.end_with(&frame(0x80, b"\xFF"));
                script
            } else {
                let mut start = header(TEXT, len as u64 + 1);
                start.extend([0; 4]);
                let mut script = Script::new(&start, &[b'a'; 1000], len / 1000);
                script.end_with(b"\xFF");
                script
            };
            let mut socket = WebSocket::server(script, &unlimited());
            paused(async {
                let received = socket.recv().await;
                let Some(Err(Error::Protocol(error))) = received else {
                    panic!("{received:?}");
                };
                assert_eq!(error, ProtocolError::InvalidUtf8);
                while let Some(item) = socket.recv().await {
                    delivered += usize::from(item.is_ok());
                }
            });
        });
        report.at_most(format!("t(4n)/t(n) of 4 MB {what}"), ratio, FOURFOLD);
        report.at_most(format!("time for 4 MB {what}"), Time(once), Time(secs(2)));
    }
    report.exactly("messages delivered", Count(delivered), Count(0));
}
