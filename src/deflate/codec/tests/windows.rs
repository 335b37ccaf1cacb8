//! The LZ77 window that was agreed on (RFC 7692, section 7.1.2).

use super::{reference::Reference, *};

/// Messages that tempt to refer as far back as can be.
fn tempting(window: usize) -> Vec<Vec<u8>> {
    let mut messages = vec![json(3, 2 * window), vec![0; 3 * window]];
    // The same bytes again at each distance around the window's size, and around the library's
    // own limit, which is lower.
    for distance in window.saturating_sub(270).max(16)..window + 20 {
        let margin = distance
            .abs_diff(window)
            .min((distance + 262).abs_diff(window));
        if margin <= 3 || window <= 512 {
            let again = random_bytes(7, 16);
            let between = random_bytes(distance as u64, distance - again.len());
            messages.push([&again[..], &between, &again].concat());
        }
    }
    messages.push(random_bytes(1, window));
    messages.push(random_bytes(1, window));
    messages.push(json(3, 2 * window));
    messages
}

/// 7.1.2.1, 7.1.2.2: no reference goes beyond the window, of 256 bytes neither.
#[test]
fn no_distance_exceeds_the_window() {
    for bits in 8..=15 {
        let window = 1 << bits;
        let messages = tempting(window);
        let mut farthest = 0;
        for level in 1..=9 {
            for memory_level in if bits <= 9 { vec![1, 8, 9] } else { vec![8] } {
                let effort = Effort {
                    level,
                    memory_level,
                };
                let mut deflater = Deflater::new(kept(bits), effort);
                let mut reference = Reference::default();
                for (at, message) in messages.iter().enumerate() {
                    if at % 7 == 3 {
                        steal_compressors(bits, effort);
                    }
                    let payload = deflate(&mut deflater, message);
                    assert!(reference.inflate(&payload) == *message);
                }
                farthest = farthest.max(reference.farthest);
            }
        }
        println!("window of {window} bytes: distances up to {farthest}");
        assert!(farthest <= window);
        assert!(
            farthest >= window.max(512) - 264,
            "the messages do not tempt"
        );
    }
}

/// 7.1.2: a message reaches as far back as the window that was kept, and no farther.
#[test]
fn distance_beyond_the_history_is_corrupt() {
    for bits in 8..=15 {
        for seen in [1, 100, 1 << bits, (1 << bits) + 1, 100_000] {
            let history = random_bytes(1, seen);
            let reach = seen.min(1 << bits);
            for (distance, is_valid) in [(reach, true), (reach + 1, false)] {
                if distance > 1 << 15 {
                    continue;
                }
                let mut inflater = Inflater::new(kept(bits));
                let first = deflate(&mut Deflater::new(kept(15), effort(6)), &history);
                assert_eq!(inflate_whole(&mut inflater, &first).unwrap(), history);
                let second = inflate_whole(&mut inflater, &reference_to(distance));
                if is_valid {
                    let from = seen - distance;
                    let copy: Vec<u8> = history[from..].iter().cycle().take(3).copied().collect();
                    assert_eq!(second.unwrap(), copy);
                } else {
                    assert_eq!(second, Err(InflateError::Corrupt), "{bits} {distance}");
                }
            }
        }
    }
}

/// A message of three bytes that stand `distance` bytes back, in a block with fixed codes.
fn reference_to(distance: usize) -> Vec<u8> {
    let (mut bytes, mut used) = (vec![0_u8; 8], 0);
    let mut put = |value: usize, count: usize| {
        for bit in 0..count {
            bytes[used / 8] |= u8::try_from(value >> bit & 1).unwrap() << (used % 8);
            used += 1;
        }
    };
    put(0b010, 3);
    // Length 3 is symbol 257: the word 0000001, its first bit first.
    put(0b100_0000, 7);
    // RFC 1951, 3.2.5.
    let above = distance - 1;
    let extra = above.checked_ilog2().unwrap_or(0).saturating_sub(1) as usize;
    let code = 2 * extra + (above >> extra);
    let rest = above & ((1 << extra) - 1);
    put(code.reverse_bits() >> (usize::BITS - 5), 5);
    put(rest, extra);
    // End of block, and the header of an empty one.
    put(0, 7 + 3);
    bytes.truncate(used.div_ceil(8));
    bytes
}

/// Other connections take all compressors, so that the next message needs its history.
pub(super) fn steal_compressors(window_bits: u8, effort: Effort) {
    for _ in 0..80 {
        let mut deflater = Deflater::new(kept(window_bits), effort);
        deflate(&mut deflater, b"something else");
    }
}
