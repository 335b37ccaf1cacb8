//! What real encoders write, by every way to flush that they have. `encoders/make` wrote it.

use super::*;

/// zlib 1.2.13: levels, windows and strategies; flushed inside a message and at its end.
const ZLIB: &str = include_str!("encoders/zlib.txt");

/// libdeflate, which knows whole messages with a final block only.
const LIBDEFLATE: &str = include_str!("encoders/libdeflate.txt");

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// The connections of an encoder: payloads, and what they stand for.
fn connections(lines: &str) -> impl Iterator<Item = Vec<(Vec<u8>, Vec<u8>)>> {
    let message = |pair: &str| {
        let (payload, message) = pair.split_once('=').unwrap();
        (bytes(payload), bytes(message))
    };
    let connection = move |line: &str| line.split(' ').map(message).collect();
    lines.lines().map(connection)
}

/// 7.2.1: what is valid is understood, whole and in all cuts, with a decompressor that goes on and
/// with one that is restored.
#[test]
fn messages_of_real_encoders_are_understood_however_they_arrive() {
    for (encoder, lines, least) in [("zlib", ZLIB, 1300), ("libdeflate", LIBDEFLATE, 80)] {
        let (mut count, mut tried) = (0, 0);
        for messages in connections(lines) {
            let longest = messages.iter().map(|(payload, _)| payload.len()).max();
            count += messages.len();
            for is_restored in [false, true] {
                // Cut at one place, then everywhere.
                for at in 0..=longest.unwrap() {
                    let mut inflater = Inflater::new(kept(15));
                    for (payload, message) in &messages {
                        let (first, second) = payload.split_at(at.min(payload.len()));
                        let pieces = [first, second]
                            .into_iter()
                            .filter(|piece| !piece.is_empty());
                        let found = inflate(&mut inflater, pieces, UNLIMITED);
                        assert_eq!(found.as_ref(), Ok(message), "{encoder} {payload:02x?} {at}");
                        if is_restored {
                            inflater.ticket().take();
                        }
                        tried += 1;
                    }
                }
                let mut inflater = Inflater::new(kept(15));
                for (payload, message) in &messages {
                    let found = inflate(&mut inflater, payload.chunks(1), UNLIMITED);
                    assert_eq!(found.as_ref(), Ok(message), "{encoder} {payload:02x?}");
                    if is_restored {
                        inflater.ticket().take();
                    }
                    tried += 1;
                }
            }
        }
        println!("{encoder}: {count} messages arrive in {tried} ways");
        assert!(count >= least, "{count}");
    }
}

/// 7.2.1: the last block begins in the bits that the one before left over, and ends in a single
/// zero: `Z_PARTIAL_FLUSH`, then `Z_SYNC_FLUSH`.
#[test]
fn block_that_begins_in_the_last_byte_but_one_is_not_a_header() {
    for (payload, message) in [
        (&[0x4A, 0x04, 0x08, 0x00], b"a"),
        (&[0x4A, 0x04, 0x0C, 0x00], b"a"),
    ] {
        for cut in 1..=payload.len() {
            let mut inflater = Inflater::new(kept(15));
            let found = inflate(&mut inflater, payload.chunks(cut), UNLIMITED);
            assert_eq!(found.as_deref(), Ok(&message[..]), "{payload:02x?} {cut}");
        }
    }
}
