//! What is published: texts of 1 KiB, in turn, no two of them alike within a compressor's reach.

use crate::{
    Error,
    load::{
        deflate::{RSV1, compress},
        payload::payload,
        window::{FIN, TEXT, push_header},
    },
    scenario::{Content, KIB, echo},
};

use super::scenario::Coding;

/// Bytes of a text.
pub const SIZE: usize = KIB;

/// Texts before the first one comes again: four times what a compressor looks back.
pub const COUNT: usize = 128;

/// All texts, one after the other.
pub fn texts() -> Vec<u8> {
    let json = echo(SIZE, Content::Json, 1, 1);
    (0..COUNT).flat_map(|index| payload(&json, index)).collect()
}

/// The frame of a text, as a server that encodes it by itself sends it.
pub(super) fn frame(text: &[u8], coding: Coding) -> Result<Vec<u8>, Error> {
    let (first, payload) = match coding {
        Coding::Plain => (FIN | TEXT, text.to_vec()),
        Coding::Compressed => (FIN | RSV1 | TEXT, compress(text)?),
    };
    let mut frame = Vec::with_capacity(payload.len() + 4);
    push_header(&mut frame, first, 0, payload.len());
    frame.extend_from_slice(&payload);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_are_ascii_and_differ() {
        let texts = texts();
        assert_eq!(texts.len(), COUNT * SIZE);
        assert!(texts.is_ascii());
        let distinct: HashSet<_> = texts.chunks(SIZE).collect();
        assert_eq!(distinct.len(), COUNT);
    }

    #[test]
    fn plain_frame_is_header_and_text() {
        let frame = frame(&[b'a'; SIZE], Coding::Plain).unwrap();
        assert_eq!(frame[..4], [0x81, 126, 4, 0]);
        assert_eq!(frame[4..], [b'a'; SIZE]);
    }
}
