//! What the messages hold: always the same for the same number.

use std::fmt::Write;

use crate::scenario::{Content, Echo};

pub(crate) fn payload(echo: &Echo, index: usize) -> Vec<u8> {
    let shift = index * 7;
    match echo.content {
        Content::Binary => (0..echo.size)
            .map(|at| noise((shift + at) as u64).to_le_bytes()[0])
            .collect(),
        Content::Text => {
            let ascii = (b' '..=b'~').cycle().skip(shift);
            ascii.take(echo.size).collect()
        }
        Content::MixedText => {
            let scripts = "The quick fox. Съешь ещё этих булок. Ξεσκεπάζω. 天地玄黃。いろは🦊🚀 ";
            let mut text = String::with_capacity(echo.size);
            for char in scripts.chars().cycle().skip(shift) {
                if text.len() + char.len_utf8() > echo.size {
                    break;
                }
                text.push(char);
            }
            // What is left is less than a character.
            while text.len() < echo.size {
                text.push('.');
            }
            text.into_bytes()
        }
        Content::Json => json(index as u64, echo.size),
    }
}

fn json(seed: u64, len: usize) -> Vec<u8> {
    let symbols = ["BTC-USD", "ETH-USD", "BTC-EUR", "SOL-USD", "LTC-EUR"];
    let mut text = String::from("[");
    let mut step = seed << 16;
    while text.len() < len {
        let [a, b] = [noise(step), noise(step + 1)];
        let symbol = symbols[usize::from(a.to_le_bytes()[0]) % symbols.len()];
        let side = if b & 1 == 0 { "buy" } else { "sell" };
        let (id, size) = (a >> 32, (b >> 8) % 1_000_000);
        let price = 60_000 + (b >> 40) % 5000;
        let time = 1_700_000_000_000 + step * 7 + (a & 7);
        let _ = write!(
            text,
            r#"{{"type":"trade","id":{id},"symbol":"{symbol}","side":"{side}","price":{price}.{:02},"size":0.{size:06},"time":{time}}},"#,
            b % 100,
        );
        step += 2;
    }
    text.truncate(len);
    text.into_bytes()
}

/// One step of splitmix64.
pub(super) fn noise(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 31)
}
