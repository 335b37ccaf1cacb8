//! A decompressor that goes on with the next message of its connection, against one that begins
//! anew behind the history.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;
use crate::randomised::cases;

type Verdict = Result<Vec<u8>, InflateError>;

/// What comes of `payloads` up to the first error. If `restored`, nothing goes on with the next
/// message; returns how often it could have.
fn verdicts(side: Side, payloads: &[Vec<u8>], cut: usize, restored: bool) -> (Vec<Verdict>, usize) {
    let mut inflater = Inflater::new(side);
    let (mut verdicts, mut live) = (Vec::new(), 0);
    for payload in payloads {
        let verdict = inflate(&mut inflater, payload.chunks(cut), UNLIMITED);
        let is_error = verdict.is_err();
        verdicts.push(verdict);
        if is_error {
            break;
        }
        if restored {
            live += usize::from(inflater.ticket().take().is_some());
        }
    }
    (verdicts, live)
}

/// Returns how many messages could go on.
fn assert_state_does_not_matter(side: Side, payloads: &[Vec<u8>], cuts: &[usize]) -> usize {
    let (expected, live) = verdicts(side, payloads, usize::MAX, true);
    assert!(verdicts(side, payloads, usize::MAX, false).0 == expected);
    for &cut in cuts {
        assert!(verdicts(side, payloads, cut, false).0 == expected, "{cut}");
        assert!(verdicts(side, payloads, cut, true).0 == expected, "{cut}");
    }
    live
}

/// Messages of an encoder that keeps its context.
fn encoded(level: u32, messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut encoder = Compress::new(Compression::new(level), false);
    let encode = |message: &Vec<u8>| {
        let mut payload = Vec::with_capacity(message.len() * 2 + 1000);
        encoder
            .compress_vec(message, &mut payload, FlushCompress::Sync)
            .unwrap();
        payload.truncate(payload.len() - 4);
        payload
    };
    messages.iter().map(encode).collect()
}

/// Whether `payload`, after the message `before`, ends with a final block or with the header of a
/// stored one, by a second decoder and with a block that is not empty.
fn is_complete(before: &[u8], payload: &[u8]) -> bool {
    const END: &[u8] = b"\x04\x00\xFB\xFFend.\x01\x00\x00\xFF\xFF";
    let mut decoder = Decompress::new(false);
    let mut output = Vec::with_capacity(100_000);
    // What is left of the input behind a final block, and the output.
    let mut decode = |input: &[u8]| {
        let (taken, written) = (decoder.total_in(), output.len());
        let status = decoder.decompress_vec(input, &mut output, FlushDecompress::None);
        let rest = input.len() - usize::try_from(decoder.total_in() - taken).unwrap();
        let is_final = matches!(status, Ok(Status::StreamEnd));
        (is_final.then_some(rest), output[written..].to_vec())
    };
    if !before.is_empty() {
        decode(&[before, b"\x00\x00\xFF\xFF"].concat());
    }
    // A header with BFINAL set to 1 needs no second one.
    decode(payload).0 == Some(0)
        || matches!(decode(END), (Some(0 | 5), content) if content == b"end.")
}

/// 7.2.2: where a message may be cut off does not depend on the state, and neither does what
/// comes of the next one.
#[test]
fn every_truncation_has_one_verdict() {
    let messages: Vec<_> = (0..3).map(|seed| json(seed, 700)).collect();
    for level in [0, 1, 6, 9] {
        let payloads = encoded(level, &messages);
        let mut complete = 0;
        for len in 1..=payloads[0].len() {
            let first = payloads[0][..len].to_vec();
            let (verdicts, _) = verdicts(kept(15), std::slice::from_ref(&first), 7, false);
            assert_eq!(verdicts[0].is_ok(), is_complete(b"", &first), "{len}");
            complete += usize::from(verdicts[0].is_ok());
            let sequence = [first, payloads[1].clone(), payloads[2].clone()];
            assert_state_does_not_matter(kept(15), &sequence, &[1, 100]);
        }
        assert!(complete >= 1);
    }
}

/// The same for every way in which the last two bytes of a block may leave it, or another one.
#[test]
fn every_ending_has_one_verdict() {
    for (level, size) in [
        (0, 60),
        (1, 60),
        (1, 61),
        (1, 62),
        (9, 60),
        (9, 64),
        (9, 67),
    ] {
        let payloads = encoded(level, &[json(1, size), json(2, 60)]);
        let (mut complete, mut live) = (0, 0);
        for bytes in 0..=u16::MAX {
            let [a, b] = bytes.to_le_bytes();
            // Others end otherwise, which is proved in one way.
            if b >= 0x20 {
                break;
            }
            let mut first = payloads[0].clone();
            let len = first.len();
            first[len - 2..].copy_from_slice(&[a, b]);
            let (verdicts, _) = verdicts(kept(15), std::slice::from_ref(&first), 1, true);
            complete += usize::from(verdicts[0].is_ok());
            assert_eq!(
                verdicts[0].is_ok(),
                is_complete(b"", &first),
                "{level} {a} {b}"
            );
            live += assert_state_does_not_matter(kept(15), &[first, payloads[1].clone()], &[]);
        }
        println!(
            "level {level}, {size} bytes: {complete} are complete; {live} messages could go on"
        );
        assert!(complete >= 1 && live >= complete);
    }
}

/// The same for every payload of one or two bytes, behind another message and before a third.
#[test]
fn every_short_payload_has_one_verdict() {
    let messages = [json(1, 300), json(2, 300)];
    let payloads = encoded(6, &messages);
    let (mut complete, mut live) = (0, 0);
    for bytes in 0..=u16::MAX {
        let [a, b] = bytes.to_le_bytes();
        let lens = if b == 0 { 1..=2 } else { 2..=2 };
        for len in lens {
            let short = [a, b][..len].to_vec();
            let sequence = [payloads[0].clone(), short.clone(), payloads[1].clone()];
            live += assert_state_does_not_matter(kept(15), &sequence, &[]);
            let (verdicts, _) = verdicts(kept(15), &sequence[..2], usize::MAX, false);
            let is_complete = is_complete(&sequence[0], &short);
            assert_eq!(verdicts[1].is_ok(), is_complete, "{short:?}");
            complete += usize::from(is_complete);
        }
    }
    println!("{complete} are complete; {live} messages could go on");
    assert!(complete >= 2);
    assert!(live > complete);
}

/// A decompressor is restarted before the library's counters become too large.
#[test]
fn messages_go_on_for_any_number_of_bytes() {
    let large = vec![b'a'; 16 << 20];
    let payloads = encoded(0, &[large, json(1, 500)]);
    let mut inflater = Inflater::new(kept(15));
    let mut restarts = 0;
    for _ in 0..18 {
        inflate_whole(&mut inflater, &payloads[0]).unwrap();
        restarts += usize::from(inflater.ticket().is_none());
        assert_eq!(
            inflate_whole(&mut inflater, &payloads[1]).unwrap(),
            json(1, 500)
        );
    }
    assert_eq!(restarts, 1);
}

proptest! {
    #![proptest_config(cases(300))]

    /// 7.2.2: what comes of messages, damaged or not, does not depend on who had the
    /// decompressor in between, nor on the cuts.
    #[test]
    fn verdict_does_not_depend_on_the_state(
        bits in prop_oneof![Just(15_u8), 8..=15_u8],
        takeover in prop_oneof![4 => Just(Takeover::Kept), 1 => Just(Takeover::Reset)],
        level in 0..=9_u32,
        seeds in vec((any::<u64>(), prop_oneof![1..200_usize, 1..20_000_usize]), 1..8),
        damage in vec((any::<Index>(), any::<Index>(), any::<u8>()), 0..3),
        cut in prop_oneof![1..4_usize, 1..300_usize],
    ) {
        let side = Side { window_bits: bits, takeover };
        let messages: Vec<_> = seeds.iter().map(|(seed, len)| json(seed % 9, *len)).collect();
        let mut payloads = encoded(level, &messages);
        for (message, at, bits) in damage {
            let payload = message.get(&payloads).clone();
            let at = at.index(payload.len());
            let message = message.index(payloads.len());
            payloads[message][at] ^= bits;
        }
        assert_state_does_not_matter(side, &payloads, &[cut, usize::MAX]);
    }
}
