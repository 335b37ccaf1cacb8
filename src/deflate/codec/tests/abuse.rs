//! Payloads that are meant to cost more than they should.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::*;

/// `len` zeros, compressed as far as it goes.
fn bomb(len: usize) -> Vec<u8> {
    const PART: usize = 1 << 24;
    let zeros = vec![0; PART];
    let mut deflater = Deflater::new(kept(15), effort(6));
    let mut payload = Vec::new();
    for _ in 0..len / PART {
        payload.extend_from_slice(deflater.compress(&zeros).unwrap().as_ref());
        payload.extend_from_slice(&[0x00, 0x00, 0xFF, 0xFF]);
    }
    payload
}

fn timed<T>(what: &str, bytes: usize, f: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let output = f();
    let took = begin.elapsed();
    let each = took / u32::try_from(bytes).unwrap();
    println!("{what}: {bytes} bytes in {took:?}, {each:?} per byte");
    assert!(took < Duration::from_secs(30), "{took:?}");
    output
}

/// 1 MB that would be 1 GB stops at the budget, to the byte.
#[test]
fn bomb_stops_at_the_budget() {
    let payload = bomb(1 << 30);
    for (budget, piece_len) in [(0, 100), (1 << 20, payload.len()), (1 << 20, 100), (100, 1)] {
        let mut output = 0;
        let mut taken = 0;
        let mut inflater = Inflater::new(kept(15));
        let verdict = timed("bomb", payload.len(), || {
            payload.chunks(piece_len).try_for_each(|piece| {
                taken += piece.len();
                inflater.inflate(piece, false, budget - output, |part| {
                    output += part.len();
                    Ok(())
                })
            })
        });
        assert_eq!(verdict, Err(InflateError::TooBig));
        assert_eq!(output, budget);
    }
}

/// A message of just the budget is received; of one byte more it is not.
#[test]
fn budget_is_exact() {
    for len in [
        1, 1000, 16_383, 16_384, 16_385, 17_407, 17_408, 17_409, 100_000,
    ] {
        let payload = deflate(&mut Deflater::new(kept(15), effort(6)), &vec![b'a'; len]);
        for pieces in [payload.len(), 1] {
            let inflate_within = |budget| {
                let mut inflater = Inflater::new(kept(15));
                inflate(&mut inflater, payload.chunks(pieces), budget).map(|message| message.len())
            };
            assert_eq!(inflate_within(len), Ok(len));
            assert_eq!(inflate_within(len - 1), Err(InflateError::TooBig));
        }
    }
}

/// Blocks without content cost what their bytes cost.
#[test]
fn runs_of_empty_blocks_are_linear() {
    for (what, block) in [
        ("empty stored blocks", &[0x00, 0x00, 0x00, 0xFF, 0xFF][..]),
        // Five empty blocks with fixed codes: 10 bits each, with an empty stored one to end.
        (
            "empty fixed blocks",
            &[0x02, 0x08, 0x20, 0x80, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF],
        ),
    ] {
        let payload = block.repeat(200_000);
        for piece_len in [payload.len(), 1] {
            let mut inflater = Inflater::new(kept(15));
            inflate_whole(&mut inflater, &history()).unwrap();
            let message = timed(what, payload.len(), || {
                inflate(&mut inflater, payload.chunks(piece_len), 0)
            });
            // They end behind the octets that are appended, with a block more.
            assert_eq!(message.map_err(|_| ()).unwrap_or_default(), b"");
        }
    }
}

/// Stricter: each final block restores the window, so a run of them is refused.
#[test]
fn runs_of_final_blocks_are_refused() {
    let mut inflater = Inflater::new(kept(15));
    inflate_whole(&mut inflater, &history()).unwrap();
    let payload = [0x03, 0x00].repeat(500_000);
    let verdict = timed("empty final blocks", payload.len(), || {
        inflate_whole(&mut inflater, &payload)
    });
    assert_eq!(verdict, Err(InflateError::Corrupt));

    // As many as are allowed, again and again.
    let mut inflater = Inflater::new(kept(15));
    inflate_whole(&mut inflater, &history()).unwrap();
    let payload = [0x03, 0x00].repeat(5);
    timed(
        "messages of five final blocks",
        payload.len() * 10_000,
        || {
            for _ in 0..10_000 {
                assert_eq!(inflate_whole(&mut inflater, &payload).unwrap(), b"");
            }
        },
    );
    timed("messages of one byte", 100_000, || {
        for _ in 0..100_000 {
            assert_eq!(inflate_whole(&mut inflater, &[0x00]).unwrap(), b"");
        }
    });
}

/// One final block for each few bytes of content is no abuse.
#[test]
fn final_blocks_with_content_are_understood() {
    let part = random_bytes(3, 80);
    // A stored block with BFINAL set to 1.
    let block = [&[0x01, 80, 0x00, !80, 0xFF][..], &part].concat();
    let message = inflate_whole(&mut Inflater::new(kept(15)), &block.repeat(1000));
    assert!(message.unwrap() == part.repeat(1000));
}

/// Inflating and deflating need little stack.
#[test]
fn rustsec_2024_0401_stack_of_128_kib_suffices() {
    let run = || {
        let message = json(1, 100_000);
        let mut deflater = Deflater::new(kept(15), effort(9));
        let mut inflater = Inflater::new(kept(15));
        for _ in 0..3 {
            let payload = deflate(&mut deflater, &message);
            assert!(inflate(&mut inflater, payload.chunks(7), UNLIMITED).unwrap() == message);
        }
        for seed in 0..2000 {
            let _ = inflate_whole(&mut Inflater::new(kept(15)), &random_bytes(seed, 300));
        }
    };
    let thread = thread::Builder::new().stack_size(128 * 1024).spawn(run);
    thread.unwrap().join().unwrap();
}

/// A message that fills the window.
fn history() -> Vec<u8> {
    deflate(&mut Deflater::new(kept(15), effort(1)), &json(1, 40_000))
}
