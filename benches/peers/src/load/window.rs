//! The messages in flight of one connection, as bytes: those sent and those expected back.

use super::Peer;
use crate::scenario::{Content, Echo};

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;

/// Every message has another payload and another masking key, so that no reply can stand
/// in for another.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) sent: Vec<u8>,
    pub(super) expected: Vec<u8>,
}

impl Window {
    pub(super) fn new(echo: &Echo, peer: Peer) -> Self {
        let opcode = match echo.content {
            Content::Binary => BINARY,
            Content::Text | Content::MixedText => TEXT,
        };
        let mut sent = Vec::new();
        let mut expected = Vec::new();
        for index in 0..echo.in_flight {
            let payload = payload(echo, index);
            let mut fragments = payload
                .chunks(echo.size.div_ceil(echo.fragments))
                .peekable();
            let mut first = opcode;
            while let Some(fragment) = fragments.next() {
                let fin = if fragments.peek().is_none() { FIN } else { 0 };
                push_masked(&mut sent, fin | first, fragment, key(index));
                first = CONTINUATION;
            }
            push_header(&mut expected, FIN | opcode, 0, payload.len());
            expected.extend_from_slice(&payload);
        }
        if peer == Peer::Raw {
            expected.clone_from(&sent);
        }
        Self { sent, expected }
    }
}

/// A masked Close frame with the code 1000.
pub(super) fn close_frame() -> Vec<u8> {
    let mut frame = Vec::new();
    push_masked(&mut frame, FIN | 8, &1000_u16.to_be_bytes(), key(0));
    frame
}

fn push_header(to: &mut Vec<u8>, first: u8, mask: u8, len: usize) {
    to.push(first);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..=125), _) => to.push(mask | len),
        (_, Ok(len)) => {
            to.push(mask | 126);
            to.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            to.push(mask | 127);
            to.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

fn push_masked(to: &mut Vec<u8>, first: u8, payload: &[u8], key: [u8; 4]) {
    push_header(to, first, MASKED, payload.len());
    to.extend_from_slice(&key);
    let masked = payload.iter().zip(key.iter().cycle());
    to.extend(masked.map(|(byte, key)| byte ^ key));
}

fn key(index: usize) -> [u8; 4] {
    noise(index as u64 + 1).to_le_bytes()[..4]
        .try_into()
        .unwrap_or([0x5a; 4])
}

fn payload(echo: &Echo, index: usize) -> Vec<u8> {
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
    }
}

/// One step of splitmix64.
fn noise(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 31)
}
