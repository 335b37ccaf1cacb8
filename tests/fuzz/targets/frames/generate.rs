//! Frames of a peer that mostly keeps to the rules.

use flate2::{Compress, Compression, FlushCompress};

use super::Rules;
use crate::targets::choices::Choices;

/// On both sides of each border.
const CODES: [u16; 12] = [
    999, 1000, 1003, 1004, 1006, 1007, 1014, 1015, 2999, 3000, 4999, 5000,
];

/// So many at most: the rest of an input says how they come.
const FRAMES: usize = 24;

const TEXTS: [&str; 5] = [
    "",
    "a",
    "hello, world",
    "\u{e4}\u{20ac}\u{1f600}",
    "\u{0}\u{7f}\u{80}",
];

pub fn frames(choices: &mut Choices<'_>, rules: Rules) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut deflater = Compress::new(Compression::fast(), false);
    let mut is_begun = false;
    for _ in 0..choices.below(FRAMES) {
        if choices.seldom(40) {
            // Anything.
            let noise = choices.below(30);
            bytes.extend(choices.bytes(noise));
            continue;
        }
        let is_control = choices.below(4) == 0;
        let opcode = match (is_control, is_begun) {
            (true, _) => choices.one_of(&[9, 10, 9, 10, 9, 10, 9, 8]),
            (false, true) => 0,
            (false, false) => choices.one_of(&[1, 2]),
        };
        let opcode = if choices.seldom(60) {
            choices.byte() & 15
        } else {
            opcode
        };
        let fin = is_control || choices.below(3) > 0;
        let mut payload = payload(choices, opcode);
        let mut first = opcode | if fin { 0x80 } else { 0 };
        if rules.compressed && matches!(opcode, 1 | 2) && fin && choices.below(2) == 0 {
            payload = deflate(&mut deflater, &payload, rules);
            first |= 0x40;
            if choices.seldom(10) && !payload.is_empty() {
                let at = choices.below(payload.len());
                payload[at] ^= choices.byte();
            }
        }
        if !is_control {
            is_begun = !fin;
        }
        if choices.seldom(60) {
            first ^= 1 << choices.below(8);
        }
        push(choices, &mut bytes, first, &payload, rules);
    }
    if choices.seldom(8) {
        // Cut off.
        let cut = choices.below(bytes.len() + 1);
        bytes.truncate(cut);
    }
    bytes
}

fn payload(choices: &mut Choices<'_>, opcode: u8) -> Vec<u8> {
    if opcode == 8 && choices.below(4) > 0 {
        let code = choices.one_of(&CODES);
        return [&code.to_be_bytes(), choices.one_of(&TEXTS).as_bytes()].concat();
    }
    match choices.below(8) {
        0..4 => choices.one_of(&TEXTS).into(),
        4 | 5 => {
            let most = choices.below(20);
            choices.bytes(most).to_vec()
        }
        // At the edges of the forms that a length has.
        6 => vec![b'x'; choices.one_of(&[125, 126, 127, 128, 200, 300])],
        _ if choices.seldom(16) => vec![b'y'; choices.one_of(&[0xFFFF, 0x1_0000])],
        _ => TEXTS[3].repeat(choices.below(20)).into(),
    }
}

/// RFC 7692, 7.2.1.
fn deflate(deflater: &mut Compress, data: &[u8], rules: Rules) -> Vec<u8> {
    if !rules.context_takeover {
        deflater.reset();
    }
    let mut out = Vec::with_capacity(data.len() + 1024);
    deflater
        .compress_vec(data, &mut out, FlushCompress::Sync)
        .unwrap();
    assert!(out.ends_with(&[0, 0, 0xFF, 0xFF]));
    out.truncate(out.len() - 4);
    out
}

/// 5.2, mostly.
fn push(choices: &mut Choices<'_>, bytes: &mut Vec<u8>, first: u8, payload: &[u8], rules: Rules) {
    let is_wrong = choices.seldom(60);
    let masked = rules.masked != (is_wrong && choices.below(2) == 0);
    let mask_bit = if masked { 0x80 } else { 0 };
    let len = if choices.seldom(80) {
        payload.len() + choices.below(9)
    } else {
        payload.len()
    };
    // A longer form than is needed.
    let form = if is_wrong { choices.below(3) } else { 0 };
    bytes.push(first);
    match len {
        0..=125 if form == 0 => bytes.push(mask_bit | u8::try_from(len).unwrap()),
        0..=0xFFFF if form < 2 => {
            bytes.push(mask_bit | 126);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        _ => {
            bytes.push(mask_bit | 127);
            let far = if choices.seldom(20) { 1 << 63 } else { 0 };
            bytes.extend((len as u64 | far).to_be_bytes());
        }
    }
    if masked {
        let mask = [choices.byte(), choices.byte(), 0x5A, choices.byte()];
        bytes.extend(mask);
        let masked = payload.iter().enumerate();
        bytes.extend(masked.map(|(at, byte)| byte ^ mask[at % 4]));
    } else {
        bytes.extend(payload);
    }
}
