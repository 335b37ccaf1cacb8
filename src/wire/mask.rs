//! Masking (RFC 6455, section 5.3).

use fearless_simd::{Level, dispatch};

/// Data of this size is worth to be aligned, and to ask the processor for its widest vectors.
const LONG_FROM: usize = 2048;

/// What is wide enough for the vectors of usual processors, which take longer for those that
/// lie across the lines of a cache.
const ALIGNMENT: usize = 32;

/// Applies the key of a frame, if it is masked, as [`apply_key`] does.
#[inline]
pub(crate) fn apply_mask(key: Option<[u8; 4]>, offset: usize, data: &mut [u8]) {
    if let Some(key) = key {
        apply_key(key, offset, data);
    }
}

/// Applies `key` to `data`, whose first byte is byte `offset` of the payload.
///
/// Masking and unmasking are the same operation.
#[inline]
fn apply_key(key: [u8; 4], offset: usize, data: &mut [u8]) {
    if data.len() < LONG_FROM {
        xor(repeated(key, offset), data);
    } else {
        apply_to_long(key, offset, data);
    }
}

#[inline(never)]
fn apply_to_long(key: [u8; 4], offset: usize, data: &mut [u8]) {
    let head = data.as_ptr().align_offset(ALIGNMENT).min(data.len());
    let (head, aligned) = data.split_at_mut(head);
    xor(repeated(key, offset), head);
    let key = repeated(key, offset + head.len());
    // Compiled once for each set of vectors.
    dispatch!(Level::new(), _simd => xor(key, aligned));
}

/// Copies `from` to `to`, which is as long, and applies `key` on the way.
#[inline]
pub(crate) fn copy_masked(key: [u8; 4], from: &[u8], to: &mut [u8]) {
    let key = repeated(key, 0);
    let (words, tail) = to.split_at_mut(whole_words(to.len()));
    let (from_words, from_tail) = from.split_at(words.len());
    for (to, from) in words.chunks_exact_mut(8).zip(from_words.chunks_exact(8)) {
        to.copy_from_slice(&(word(from) ^ key).to_le_bytes());
    }
    for ((byte, from), key) in tail.iter_mut().zip(from_tail).zip(key.to_le_bytes()) {
        *byte = from ^ key;
    }
}

#[expect(
    clippy::inline_always,
    reason = "by itself it has the vectors of every processor, not those of its caller"
)]
#[inline(always)]
fn xor(key: u64, data: &mut [u8]) {
    let whole = whole_words(data.len());
    for bytes in data[..whole].chunks_exact_mut(8) {
        bytes.copy_from_slice(&(word(bytes) ^ key).to_le_bytes());
    }
    for (byte, key) in data[whole..].iter_mut().zip(key.to_le_bytes()) {
        *byte ^= key;
    }
}

/// How many of `len` bytes are in words of eight. To split at that costs less than to ask an
/// iterator for what it leaves.
#[inline]
const fn whole_words(len: usize) -> usize {
    len & !7
}

#[inline]
fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("a chunk of eight bytes"))
}

/// What goes with byte `offset` of the payload and the seven that follow, least significant
/// byte first.
#[inline]
fn repeated(key: [u8; 4], offset: usize) -> u64 {
    // 5.3: octet i of the payload goes with octet (i mod 4) of the key.
    let first = u32::try_from(offset % 4).expect("less than 4");
    let key = u64::from(u32::from_le_bytes(key).rotate_right(8 * first));
    key << 32 | key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5.3: the definition, byte by byte, for every length, phase and alignment that matters.
    #[test]
    fn mask_equals_the_definition() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for len in 0..67 {
            for offset in 0..9 {
                for start in 0..8 {
                    let plain: Vec<u8> = (0..u8::MAX).take(start + len).collect();
                    let mut masked = plain.clone();
                    apply_key(key, offset, &mut masked[start..]);
                    for i in 0..len {
                        assert_eq!(masked[start + i], plain[start + i] ^ key[(offset + i) % 4]);
                    }
                    assert_eq!(masked[..start], plain[..start]);
                }
            }
        }
    }

    /// 5.3: the same for a copy.
    #[test]
    fn masked_copy_equals_the_definition() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let plain: Vec<u8> = (0..130).collect();
        for len in 0..plain.len() {
            let mut masked = vec![0; len];
            copy_masked(key, &plain[..len], &mut masked);
            for i in 0..len {
                assert_eq!(masked[i], plain[i] ^ key[i % 4], "{len} {i}");
            }
            let mut same = vec![0; len];
            copy_masked([0; 4], &plain[..len], &mut same);
            assert_eq!(same, plain[..len]);
        }
    }

    /// 5.3: the same where the beginning is handled by itself, wherever that is.
    #[test]
    fn mask_of_long_data_equals_the_definition() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let plain: Vec<u8> = (0..=u8::MAX).cycle().take(LONG_FROM + 100).collect();
        for start in 0..2 * ALIGNMENT {
            for offset in 0..4 {
                for end in [LONG_FROM + start - 1, LONG_FROM + start, plain.len()] {
                    let mut masked = plain.clone();
                    apply_key(key, offset, &mut masked[start..end]);
                    for i in start..end {
                        let key = key[(offset + i - start) % 4];
                        assert_eq!(masked[i], plain[i] ^ key, "{start} {offset} {i}");
                    }
                    assert_eq!(masked[..start], plain[..start]);
                    assert_eq!(masked[end..], plain[end..]);
                }
            }
        }
    }

    /// 5.3: "Hello" of the examples in section 5.7.
    #[test]
    fn mask_of_the_rfc_example() {
        let mut hello = *b"Hello";
        apply_key([0x37, 0xfa, 0x21, 0x3d], 0, &mut hello);
        assert_eq!(hello, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }
}
