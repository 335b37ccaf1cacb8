//! One file per matter. `reference` is an inflater of our own, so that nothing is judged by
//! the library that made it.

mod abuse;
mod encoders;
mod endings;
mod live;
mod memory;
mod properties;
mod reference;
mod sending;
mod shared;

mod vectors;
mod windows;

use super::{Effort, InflateError, deflater::Deflater, inflater::Inflater};
use crate::deflate::settings::{DeflateSide as Side, Takeover};

const UNLIMITED: usize = usize::MAX;

fn kept(window_bits: u8) -> Side {
    Side {
        window_bits,
        takeover: Takeover::Kept,
    }
}

fn reset(window_bits: u8) -> Side {
    Side {
        window_bits,
        takeover: Takeover::Reset,
    }
}

fn effort(level: u8) -> Effort {
    Effort {
        level,
        memory_level: 8,
    }
}

/// Compresses a message, whether it gets smaller or not.
fn deflate(deflater: &mut Deflater, message: &[u8]) -> Vec<u8> {
    let payload = match message {
        [] => deflater.compress(message),
        message => deflater.compress_below(usize::MAX, message),
    };
    payload.unwrap().as_ref().to_vec()
}

/// Inflates a message that comes in `pieces`.
fn inflate<'a>(
    inflater: &mut Inflater,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    budget: usize,
) -> Result<Vec<u8>, InflateError> {
    let (message, verdict) = outcome(inflater, pieces, budget);
    verdict.map(|()| message)
}

/// The output up to the end or the error, and which it was.
fn outcome<'a>(
    inflater: &mut Inflater,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    budget: usize,
) -> (Vec<u8>, Result<(), InflateError>) {
    let mut output = Vec::new();
    let mut left = budget;
    let mut pieces = pieces.into_iter().peekable();
    let mut inflate_all = || {
        while let Some(piece) = pieces.next() {
            inflater.inflate(piece, pieces.peek().is_none(), left, |part| {
                left -= part.len();
                output.extend_from_slice(part);
                Ok(())
            })?;
        }
        inflater.finish()
    };
    let verdict = inflate_all();
    (output, verdict)
}

fn inflate_whole(inflater: &mut Inflater, payload: &[u8]) -> Result<Vec<u8>, InflateError> {
    inflate(inflater, [payload], UNLIMITED)
}

/// Numbers that look random and are the same every time.
fn noise(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

fn random_bytes(seed: u64, len: usize) -> Vec<u8> {
    noise(seed).flat_map(u64::to_le_bytes).take(len).collect()
}

/// Text in which names come again and values differ.
fn json(seed: u64, len: usize) -> Vec<u8> {
    let symbols = ["EURUSD", "GBPUSD", "USDJPY", "AUDCAD"];
    let mut text = String::from("[");
    for number in noise(seed) {
        if text.len() >= len {
            break;
        }
        let (id, price, active) = (number % 100_000, number >> 40, number.is_multiple_of(3));
        let symbol = symbols[usize::from(number.to_be_bytes()[0] % 4)];
        let item =
            format!(r#"{{"id":{id},"symbol":"{symbol}","price":{price}.5,"active":{active}}},"#);
        text.push_str(&item);
    }
    text.into_bytes()[..len].to_vec()
}
