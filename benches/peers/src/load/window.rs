//! The messages in flight of one connection, as bytes: those sent and those expected back.

use super::{
    Peer, deflate,
    payload::{noise, payload},
};
use crate::{
    Error,
    scenario::{Content, Echo, Extension, KIB},
};

pub(crate) const FIN: u8 = 0x80;
pub(crate) const TEXT: u8 = 1;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0;
const BINARY: u8 = 2;

/// More than what any compressor looks back, four times over: 7.1.2 allows 32 KiB.
const DISTANCE: usize = 128 * KIB;

/// Every message has another payload and another masking key, so that no reply can stand
/// in for another.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) sent: Vec<u8>,
    /// Bytes on the wire, or without their headers what replies inflate to.
    pub(super) expected: Vec<u8>,
    /// Bytes of each payload that is sent, on the wire.
    pub(super) sizes: Vec<u64>,
}

impl Window {
    /// Those that a connection sends in turn: one, or where messages are compressed so many
    /// that no message comes again within a compressor's reach.
    pub(super) fn all(echo: &Echo, peer: Peer) -> Result<Vec<Self>, Error> {
        let count = match echo.extension {
            Extension::None => 1,
            Extension::Deflate(_) => DISTANCE.div_ceil(echo.size * echo.in_flight),
        };
        (0..count).map(|nth| Self::new(echo, peer, nth)).collect()
    }

    pub(super) fn new(echo: &Echo, peer: Peer, nth: usize) -> Result<Self, Error> {
        let mut window = Self {
            sent: Vec::new(),
            expected: Vec::new(),
            sizes: Vec::new(),
        };
        let first = nth * echo.in_flight;
        for index in first..first + echo.in_flight {
            window.push(echo, index)?;
        }
        if peer == Peer::Raw {
            window.expected.clone_from(&window.sent);
        }
        Ok(window)
    }

    fn push(&mut self, echo: &Echo, index: usize) -> Result<(), Error> {
        let opcode = match echo.content {
            Content::Binary => BINARY,
            Content::Text | Content::MixedText | Content::Json => TEXT,
        };
        let message = payload(echo, index);
        let (mut first, payload) = match echo.extension {
            Extension::None => {
                push_header(&mut self.expected, FIN | opcode, 0, message.len());
                self.expected.extend_from_slice(&message);
                (opcode, message)
            }
            Extension::Deflate(_) => {
                self.expected.extend_from_slice(&message);
                (deflate::RSV1 | opcode, deflate::compress(&message)?)
            }
        };
        self.sizes.push(payload.len() as u64);
        let size = payload.len().div_ceil(echo.fragments);
        let mut fragments = payload.chunks(size).peekable();
        while let Some(fragment) = fragments.next() {
            let fin = if fragments.peek().is_none() { FIN } else { 0 };
            push_masked(&mut self.sent, fin | first, fragment, key(index));
            first = CONTINUATION;
        }
        Ok(())
    }
}

/// A masked Close frame with the code 1000.
pub(super) fn close_frame() -> Vec<u8> {
    let mut frame = Vec::new();
    push_masked(&mut frame, FIN | 8, &1000_u16.to_be_bytes(), key(0));
    frame
}

pub(crate) fn push_header(to: &mut Vec<u8>, first: u8, mask: u8, len: usize) {
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
