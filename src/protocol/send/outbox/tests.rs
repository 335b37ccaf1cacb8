//! What is staged and what is not leaves in one stream.

use super::*;

fn written_in(outbox: &Outbox) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); 16];
    let filled = outbox.slices(&mut slices);
    let slices = slices[..filled].iter();
    slices.flat_map(|slice| slice.iter().copied()).collect()
}

/// What is handed out in one place or in several, and however it leaves, is the same.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn staged_bytes_are_one_slice_until_a_large_payload_stands_between() {
    let kind = Kind {
        opcode: OpCode::Binary,
        compressed: false,
    };
    let small = Bytes::from_static(b"small");
    let large = Bytes::from(vec![7; STAGE_UP_TO + 1]);
    for step in 1..9 {
        let mut outbox = Outbox::new(Role::Server, None, None);
        assert_eq!(outbox.as_slice(), Some(&[][..]));
        outbox.push(kind, small.clone());
        outbox.push(kind, small.clone());
        assert_eq!(outbox.as_slice(), Some(&b"\x82\x05small\x82\x05small"[..]));
        outbox.advance(step);
        outbox.push(kind, large.clone());
        outbox.push(kind, small.clone());
        assert_eq!(outbox.as_slice(), None);
        let all = written_in(&outbox);
        assert_eq!(all.len(), outbox.len());
        // Up to the last byte of the large one, then beyond it.
        let behind_large = small.len() + 2;
        let mut left = 0;
        while left < all.len() {
            assert_eq!(written_in(&outbox), all[left..]);
            let scattered = all.len() - left > behind_large;
            assert_eq!(outbox.as_slice().is_none(), scattered, "{step} {left}");
            outbox.advance(step);
            left = (left + step).min(all.len());
        }
        assert_eq!(outbox.len(), 0);
        assert_eq!(outbox.as_slice(), Some(&[][..]));
    }
}
