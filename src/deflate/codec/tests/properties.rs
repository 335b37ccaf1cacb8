//! Any messages, any window, any split, against a second implementation.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::randomised::cases;

pub(super) fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..300),
        (any::<u64>(), 0..40_000_usize).prop_map(|(seed, len)| json(seed % 50, len)),
        (any::<u64>(), 0..40_000_usize).prop_map(|(seed, len)| random_bytes(seed % 5, len)),
        (any::<u8>(), 0..70_000_usize).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    let takeover = prop_oneof![Just(Takeover::Kept), Just(Takeover::Reset)];
    (8..=15_u8, takeover).prop_map(|(window_bits, takeover)| Side {
        window_bits,
        takeover,
    })
}

/// Cuts `payload` into pieces whose lengths are `cuts`, again and again.
fn pieces<'a>(mut payload: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for &cut in cuts.iter().cycle() {
        if payload.is_empty() {
            break;
        }
        let (piece, rest) = payload.split_at(cut.min(payload.len()));
        pieces.push(piece);
        payload = rest;
    }
    pieces
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..4_usize, 1..300_usize, 1..50_000_usize], 1..8)
}

/// Their encoder, with a sync flush and the window of 15 bits.
fn encode(encoder: &mut Compress, message: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(message.len() * 2 + 1000);
    let before = encoder.total_in();
    encoder
        .compress_vec(message, &mut payload, FlushCompress::Sync)
        .unwrap();
    assert_eq!(encoder.total_in() - before, message.len() as u64);
    payload.truncate(payload.len() - 4);
    payload
}

/// Their decoder.
pub(super) fn decode(decoder: &mut Decompress, payload: &[u8], len: usize) -> Vec<u8> {
    let payload = [payload, &[0x00, 0x00, 0xFF, 0xFF]].concat();
    let mut message = Vec::with_capacity(len + 1000);
    decoder
        .decompress_vec(&payload, &mut message, FlushDecompress::Sync)
        .unwrap();
    message
}

proptest! {
    #![proptest_config(cases(200))]

    /// 7.2.1, 7.2.2: what one side writes both decoders read, whoever had the compressor in
    /// between.
    #[test]
    fn messages_survive(
        side in side(),
        level in 1..=9_u8,
        memory_level in 1..=9_u8,
        messages in vec((message(), any::<bool>()), 1..8),
        cuts in cuts(),
    ) {
        let effort = Effort { level, memory_level };
        let mut deflater = Deflater::new(side, effort);
        let mut inflater = Inflater::new(side);
        let mut decoder = Decompress::new(false);
        for (message, is_robbed) in messages {
            if let Some(payload) = deflater.compress(&message) {
                let payload = payload.as_ref();
                let inflated = inflate(&mut inflater, pieces(payload, &cuts), message.len());
                prop_assert!(inflated.as_ref() == Ok(&message));
                prop_assert!(decode(&mut decoder, payload, message.len()) == message);
                if side.takeover == Takeover::Reset {
                    decoder.reset(false);
                }
            }
            if is_robbed {
                windows::steal_compressors(side.window_bits, effort);
            }
        }
    }

    /// 7.2.2: what a second encoder writes is read.
    #[test]
    fn messages_of_another_encoder_are_understood(
        takeover in any::<bool>(),
        level in 0..=9_u32,
        messages in vec(message(), 1..8),
        cuts in cuts(),
    ) {
        let mut encoder = Compress::new(Compression::new(level), false);
        let mut inflater = Inflater::new(if takeover { kept(15) } else { reset(15) });
        for message in messages.iter().filter(|message| !message.is_empty()) {
            let payload = encode(&mut encoder, message);
            let inflated = inflate(&mut inflater, pieces(&payload, &cuts), message.len());
            prop_assert!(inflated.as_ref() == Ok(message));
            if !takeover {
                encoder.reset();
            }
        }
    }

    /// What comes of a sequence of messages, valid or not, does not depend on how they were cut.
    #[test]
    fn verdict_does_not_depend_on_the_cuts(
        side in side(),
        messages in vec(message(), 1..4),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        budget in 0..80_000_usize,
        one in cuts(),
        other in cuts(),
    ) {
        let mut encoder = Compress::new(Compression::new(6), false);
        let mut whole = Inflater::new(side);
        let mut cut = [Inflater::new(side), Inflater::new(side)];
        for message in messages.iter().filter(|message| !message.is_empty()) {
            let mut payload = encode(&mut encoder, message);
            for (at, bits) in &damage {
                let at = at.index(payload.len());
                payload[at] ^= bits;
            }
            let expected = outcome(&mut whole, [&payload[..]], budget);
            for (inflater, cuts) in cut.iter_mut().zip([&one, &other]) {
                prop_assert!(outcome(inflater, pieces(&payload, cuts), budget) == expected);
            }
            if expected.1.is_err() {
                break;
            }
        }
    }

    /// Bytes that are no DEFLATE end in an error or a message, however they are cut.
    #[test]
    fn garbage_does_not_panic(
        side in side(),
        payloads in vec(vec(any::<u8>(), 0..200), 1..5),
        cuts in cuts(),
    ) {
        let (mut whole, mut cut) = (Inflater::new(side), Inflater::new(side));
        for payload in payloads {
            let expected = outcome(&mut whole, [&payload[..]], 100_000);
            prop_assert_eq!(&outcome(&mut cut, pieces(&payload, &cuts), 100_000), &expected);
            if expected.1.is_err() {
                break;
            }
        }
    }
}
