//! Masking (RFC 6455, section 5.3).

/// Applies `key` to `data`, whose first byte is byte `offset` of the payload.
///
/// Masking and unmasking are the same operation.
#[inline]
pub(crate) fn apply_mask(key: [u8; 4], offset: usize, data: &mut [u8]) {
    // 5.3: octet i of the payload goes with octet (i mod 4) of the key.
    let mut key = key;
    key.rotate_left(offset % 4);
    let [a, b, c, d] = key;
    let wide = [a, b, c, d, a, b, c, d];
    let (words, tail) = data.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ u64::from_ne_bytes(wide)).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(wide) {
        *byte ^= key;
    }
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
                    apply_mask(key, offset, &mut masked[start..]);
                    for i in 0..len {
                        assert_eq!(masked[start + i], plain[start + i] ^ key[(offset + i) % 4]);
                    }
                    assert_eq!(masked[..start], plain[..start]);
                }
            }
        }
    }

    /// 5.3: "Hello" of the examples in section 5.7.
    #[test]
    fn mask_of_the_rfc_example() {
        let mut hello = *b"Hello";
        apply_mask([0x37, 0xfa, 0x21, 0x3d], 0, &mut hello);
        assert_eq!(hello, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }
}
