//! Frames as the peer sends and reads them. This codec is the RFC's drawing in section 5.2 and
//! shares nothing with `wire`.

use crate::wire::Role;

/// A frame as section 5.2 draws it, lawful or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) fin: bool,
    /// RSV1 to RSV3 as the bits 4, 2 and 1.
    pub(super) rsv: u8,
    pub(super) opcode: u8,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    pub(super) fn new(opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        Self {
            fin: true,
            rsv: 0,
            opcode,
            payload: payload.as_ref().to_vec(),
        }
    }

    /// The same frame without FIN.
    pub(super) fn more(mut self) -> Self {
        self.fin = false;
        self
    }

    /// The same frame with these reserved bits.
    pub(super) fn rsv(mut self, bits: u8) -> Self {
        self.rsv = bits;
        self
    }

    /// The frame's bytes as `from` must send it.
    pub(super) fn encode(&self, from: Role) -> Vec<u8> {
        self.encode_with(key_of(from))
    }

    /// The frame's bytes with this mask, or none.
    pub(super) fn encode_with(&self, key: Option<[u8; 4]>) -> Vec<u8> {
        let len = self.payload.len() as u64;
        let form = match len {
            0..=125 => len as u8,
            126..=0xFFFF => 126,
            _ => 127,
        };
        let mut bytes = head(self.first_byte(), key, form, len);
        bytes.extend(masked(key, &self.payload));
        bytes
    }

    pub(super) fn first_byte(&self) -> u8 {
        u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode
    }
}

pub(super) fn continuation(payload: impl AsRef<[u8]>) -> Frame {
    Frame::new(0x0, payload)
}

pub(super) fn text(payload: impl AsRef<[u8]>) -> Frame {
    Frame::new(0x1, payload)
}

pub(super) fn binary(payload: impl AsRef<[u8]>) -> Frame {
    Frame::new(0x2, payload)
}

pub(super) fn ping(payload: impl AsRef<[u8]>) -> Frame {
    Frame::new(0x9, payload)
}

pub(super) fn pong(payload: impl AsRef<[u8]>) -> Frame {
    Frame::new(0xA, payload)
}

/// A Close frame with any body.
pub(super) fn close_body(body: impl AsRef<[u8]>) -> Frame {
    Frame::new(0x8, body)
}

pub(super) fn close(code: u16, reason: impl AsRef<[u8]>) -> Frame {
    close_body([&code.to_be_bytes(), reason.as_ref()].concat())
}

/// A header with the length `len` in the form `form`: up to 125 itself, 126 or 127.
pub(super) fn head(first: u8, key: Option<[u8; 4]>, form: u8, len: u64) -> Vec<u8> {
    let mut bytes = vec![first, form | u8::from(key.is_some()) << 7];
    match form {
        126 => bytes.extend((len as u16).to_be_bytes()),
        127 => bytes.extend(len.to_be_bytes()),
        _ => {}
    }
    bytes.extend(key.into_iter().flatten());
    bytes
}

/// 5.3: octet i of the payload goes with octet i modulo 4 of the key.
pub(super) fn masked(key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let key = key.unwrap_or_default();
    let bytes = payload.iter().enumerate();
    bytes.map(|(i, byte)| byte ^ key[i % 4]).collect()
}

/// The key that a frame sent by `from` has in these tests.
pub(super) fn key_of(from: Role) -> Option<[u8; 4]> {
    match from {
        Role::Client => Some([0x37, 0xFA, 0x21, 0x3D]),
        Role::Server => None,
    }
}

pub(super) fn opposite(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// Takes whole frames off the front of `bytes`, each with its mask.
///
/// Panics if one is not as `from` must send it; leaves an incomplete one.
pub(super) fn take_frames(bytes: &mut Vec<u8>, from: Role) -> Vec<(Frame, Option<[u8; 4]>)> {
    let mut frames = Vec::new();
    while let Some((frame, key, len)) = take_frame(bytes, from) {
        bytes.drain(..len);
        frames.push((frame, key));
    }
    frames
}

/// The first frame of `bytes` if it is whole, its mask, and how many bytes it took.
pub(super) fn take_frame(bytes: &[u8], from: Role) -> Option<(Frame, Option<[u8; 4]>, usize)> {
    let (&first, rest) = bytes.split_first()?;
    let (&second, mut rest) = rest.split_first()?;
    let len = match second & 0x7F {
        126 => {
            let (len, after) = rest.split_first_chunk()?;
            rest = after;
            let len = u16::from_be_bytes(*len);
            assert!(len > 125, "length {len} in the 16-bit form");
            usize::from(len)
        }
        127 => {
            let (len, after) = rest.split_first_chunk()?;
            rest = after;
            let len = u64::from_be_bytes(*len);
            assert!(len > 0xFFFF, "length {len} in the 64-bit form");
            usize::try_from(len).expect("the tests send less")
        }
        len => usize::from(len),
    };
    // 5.1: a client masks every frame, a server none.
    assert_eq!(second >> 7 == 1, from == Role::Client, "mask of {from:?}");
    let key: Option<[u8; 4]> = if from == Role::Client {
        let (key, after) = rest.split_first_chunk()?;
        rest = after;
        Some(*key)
    } else {
        None
    };
    let payload = rest.get(..len)?;
    let frame = Frame {
        fin: first & 0x80 != 0,
        rsv: first >> 4 & 0x7,
        opcode: first & 0xF,
        payload: masked(key, payload),
    };
    let rest = rest.len() - len;
    Some((frame, key, bytes.len() - rest))
}
