//! Frames, read and written by hand.

use tower_websock::Role;

use crate::support;

/// A whole frame of one side, or a part of a message.
pub(crate) fn frame(sender: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    match sender {
        Role::Client => support::frame(first, payload),
        Role::Server => {
            let mut frame = support::header(first, payload.len() as u64);
            // It says that the frame is masked.
            frame[1] &= 0x7F;
            frame.extend(payload);
            frame
        }
    }
}

/// A binary message in so many fragments, with a ping before each but the first.
pub(crate) fn fragments(sender: Role, count: usize, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut pieces = payload.chunks(payload.len().div_ceil(count)).peekable();
    let mut opcode = support::BINARY & 0x0F;
    while let Some(piece) = pieces.next() {
        let fin = if pieces.peek().is_none() { 0x80 } else { 0 };
        bytes.extend(frame(sender, fin | opcode, piece));
        if fin == 0 {
            bytes.extend(frame(sender, support::PING, b"?"));
        }
        opcode = 0;
    }
    bytes
}

/// The code of the Close in what one side has sent; `None` if there is no Close, 1005 if it has no
/// code.
pub(crate) fn close_in(mut bytes: &[u8]) -> Option<u16> {
    loop {
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        let (len, head) = match second & 0x7F {
            126 => (
                u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
                4,
            ),
            127 => (u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?), 10),
            len => (u64::from(len), 2),
        };
        let key = &bytes[head..];
        let (key, head) = if second & 0x80 == 0 {
            ([0; 4], head)
        } else {
            (*key.first_chunk()?, head + 4)
        };
        let end = head + usize::try_from(len).ok()?;
        let payload = bytes.get(head..end)?;
        if first == support::CLOSE {
            let code = payload.first_chunk::<2>();
            return Some(code.map_or(1005, |code| {
                u16::from_be_bytes([code[0] ^ key[0], code[1] ^ key[1]])
            }));
        }
        bytes = &bytes[end..];
    }
}
