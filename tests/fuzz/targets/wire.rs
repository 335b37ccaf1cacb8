//! Frames that were written, taken to pieces.

/// Its first byte and its payload.
pub type Frame = (u8, Vec<u8>);

/// Those that are whole (RFC 6455, 5.2).
pub fn frames(mut bytes: &[u8], masked: bool) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some((frame, rest)) = frame(bytes, masked) {
        frames.push(frame);
        bytes = rest;
    }
    frames
}

/// A frame, and what follows it.
fn frame(bytes: &[u8], masked: bool) -> Option<(Frame, &[u8])> {
    let [first, second, rest @ ..] = bytes else {
        return None;
    };
    assert_eq!(second & 0x80 != 0, masked);
    let short = usize::from(second & 0x7F);
    let extended = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let (extended, rest) = rest.split_at_checked(extended)?;
    let long = extended.iter();
    let long = long.fold(0, |len, &byte| len << 8 | usize::from(byte));
    let len = if extended.is_empty() { short } else { long };
    let (mask, rest) = rest.split_at_checked(if masked { 4 } else { 0 })?;
    let (payload, rest) = rest.split_at_checked(len)?;
    let unmasked = |(at, byte): (usize, &u8)| byte ^ if masked { mask[at % 4] } else { 0 };
    let payload = payload.iter().enumerate().map(unmasked).collect();
    Some(((*first, payload), rest))
}
