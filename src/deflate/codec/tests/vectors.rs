//! The examples of RFC 7692, section 7.2.3, and what a message may end with.

use super::*;

const HELLO: &[u8] = &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
const HELLO_AGAIN: &[u8] = &[0xF2, 0x00, 0x11, 0x00, 0x00];
const HELLO_STORED: &[u8] = &[
    0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00,
];
const HELLO_FINAL: &[u8] = &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00];
const HELLO_IN_TWO_BLOCKS: &[u8] = &[
    0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00,
];

/// 7.2.3.1 to 7.2.3.5: every way to write the message.
#[test]
fn each_way_to_write_hello_is_understood() {
    for side in [kept(15), kept(8), reset(15), reset(8)] {
        for payload in [HELLO, HELLO_STORED, HELLO_FINAL, HELLO_IN_TWO_BLOCKS] {
            let mut inflater = Inflater::new(side);
            for _ in 0..3 {
                assert_eq!(inflate_whole(&mut inflater, payload).unwrap(), b"Hello");
            }
        }
    }
}

/// 7.2.3.2: a message refers to the one before it.
#[test]
fn second_message_uses_the_window_of_the_first() {
    for first in [HELLO, HELLO_STORED, HELLO_FINAL, HELLO_IN_TWO_BLOCKS] {
        let mut inflater = Inflater::new(kept(15));
        assert_eq!(inflate_whole(&mut inflater, first).unwrap(), b"Hello");
        for _ in 0..3 {
            let again = inflate_whole(&mut inflater, HELLO_AGAIN);
            assert_eq!(again.unwrap(), b"Hello", "{first:x?}");
        }
    }
}

/// 7.1.1: without context takeover there is nothing to refer to.
#[test]
fn reference_to_a_message_before_is_corrupt_without_takeover() {
    let mut inflater = Inflater::new(reset(15));
    inflate_whole(&mut inflater, HELLO).unwrap();
    assert_eq!(
        inflate_whole(&mut inflater, HELLO_AGAIN),
        Err(InflateError::Corrupt)
    );
}

/// 7.2.3.1, 7.2.3.2: what we send for them.
#[test]
fn hello_is_written_as_in_the_examples() {
    for level in 1..=9 {
        let mut deflater = Deflater::new(kept(15), effort(level));
        assert_eq!(deflate(&mut deflater, b"Hello"), HELLO);
        let again = deflate(&mut deflater, b"Hello");
        assert!(again.len() <= HELLO.len(), "{again:x?}");
    }
}

/// 7.2.3.6: an empty message is one octet.
#[test]
fn empty_message_is_one_octet() {
    for bits in 8..=15 {
        let mut deflater = Deflater::new(kept(bits), effort(6));
        let mut inflater = Inflater::new(kept(bits));
        for message in ["", "x", "", "", "x", ""] {
            let payload = deflate(&mut deflater, message.as_bytes());
            assert!(!message.is_empty() || payload == [0x00]);
            let output = inflate_whole(&mut inflater, &payload).unwrap();
            assert_eq!(output, message.as_bytes());
        }
    }
}

/// 7.2.1 wants an octet for an empty message; one without any is understood, and does no harm
/// to the next.
#[test]
fn message_without_payload_is_empty() {
    let mut inflater = Inflater::new(kept(15));
    assert_eq!(inflate(&mut inflater, [], UNLIMITED).unwrap(), b"");
    assert_eq!(inflate_whole(&mut inflater, b"").unwrap(), b"");
    assert_eq!(inflate_whole(&mut inflater, HELLO).unwrap(), b"Hello");
    assert_eq!(inflate_whole(&mut inflater, b"").unwrap(), b"");
    assert_eq!(inflate_whole(&mut inflater, HELLO_AGAIN).unwrap(), b"Hello");
}

/// 7.2.1: blocks may follow one with BFINAL set to 1, at a byte boundary.
#[test]
fn cve_2026_87022_blocks_after_a_final_block_belong_to_the_message() {
    let final_block = &HELLO_FINAL[..7];
    for side in [kept(15), reset(15)] {
        let mut inflater = Inflater::new(side);
        for payload in [
            [final_block, HELLO].concat(),
            [final_block, HELLO_FINAL].concat(),
            // The window outlives a final block.
            [final_block, HELLO_AGAIN].concat(),
            [final_block, final_block].concat(),
        ] {
            let output = inflate_whole(&mut inflater, &payload).unwrap();
            assert_eq!(output, b"HelloHello");
        }
        let garbage = [final_block, b"\x07\xFF"].concat();
        assert_eq!(
            inflate_whole(&mut inflater, &garbage),
            Err(InflateError::Corrupt)
        );
    }
}

/// 7.2.2: a message that is cut off inside a block is not delivered.
#[test]
fn message_that_ends_inside_a_block_is_corrupt() {
    let dynamic = deflate(&mut Deflater::new(kept(15), effort(9)), &json(1, 5000));
    for payload in [HELLO, HELLO_STORED, HELLO_IN_TWO_BLOCKS, &dynamic] {
        for len in 1..payload.len() {
            let output = inflate_whole(&mut Inflater::new(kept(15)), &payload[..len]);
            // These are complete: an empty message, and the first of two blocks.
            let is_whole = match payload {
                HELLO_STORED => len == 1,
                HELLO_IN_TWO_BLOCKS => len == 4,
                _ => false,
            };
            assert_eq!(output.is_ok(), is_whole, "{len} of {}", payload.len());
        }
    }
}

/// 7.2.2: what is appended must not become a part of the message.
#[test]
fn appended_octets_are_not_data() {
    // Stored blocks that want one to nine octets more than there are.
    for missing in 1..=9_u8 {
        let payload = [0x00, 1 + missing, 0x00, !(1 + missing), 0xFF, b'x'];
        assert_eq!(
            inflate_whole(&mut Inflater::new(kept(15)), &payload),
            Err(InflateError::Corrupt)
        );
    }
}

/// 7.2.1: the octets that complete this one by chance, inside the codes of its first block, are
/// not those of an empty block.
#[test]
fn message_completed_by_chance_is_corrupt() {
    let payload: &[u8] = &[
        0x4C, 0xCF, 0x5D, 0xAA, 0xC2, 0x30, 0x10, 0x05, 0xE0, 0xBD, 0x9C, 0xE7, 0x20, 0x26, 0xD6,
        0x36, 0xC9, 0x56, 0xC4, 0x87, 0x18, 0x47, 0x0D, 0xD8, 0x26, 0x64, 0xA6, 0x42, 0x91, 0xBB,
        0xF7, 0x4B, 0xF0, 0xA7, 0x3E,
    ];
    let whole = [payload, &[0x00, 0x00, 0xFF, 0xFF, 0x03, 0x00]].concat();
    assert_eq!(
        inflate_whole(&mut Inflater::new(kept(15)), &whole).unwrap(),
        b""
    );
    assert_eq!(
        inflate_whole(&mut Inflater::new(kept(15)), payload),
        Err(InflateError::Corrupt)
    );
}
