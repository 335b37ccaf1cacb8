//! UTF-8 that arrives in pieces (RFC 6455, section 8.1; RFC 3629).

use super::ProtocolError;

/// Validates text piece by piece and fails at the first byte that no valid text continues with.
///
/// Holds at most the three bytes of an incomplete code point.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8Validator {
    carry: [u8; 4],
    carried: usize,
}

impl Utf8Validator {
    /// Appends the code points that `piece` completes to `text`.
    pub(crate) fn push(&mut self, piece: &[u8], text: &mut String) -> Result<(), ProtocolError> {
        let piece = self.complete_carry(piece, text)?;
        let (body, tail) = piece.split_at(piece.len() - incomplete_tail(piece));
        let body = simdutf8::basic::from_utf8(body).map_err(|_| ProtocolError::InvalidUtf8)?;
        text.push_str(body);
        if !tail.is_empty() {
            valid_so_far(tail)?;
            self.carry[..tail.len()].copy_from_slice(tail);
            self.carried = tail.len();
        }
        Ok(())
    }

    /// The text ends here: no code point may be incomplete.
    pub(crate) fn finish(self) -> Result<(), ProtocolError> {
        if self.carried == 0 {
            Ok(())
        } else {
            Err(ProtocolError::InvalidUtf8)
        }
    }

    /// Bytes of an incomplete code point held.
    pub(crate) const fn carried(self) -> usize {
        self.carried
    }

    /// Feeds the carried code point byte by byte; returns what of `piece` is left.
    fn complete_carry<'a>(
        &mut self,
        piece: &'a [u8],
        text: &mut String,
    ) -> Result<&'a [u8], ProtocolError> {
        let mut rest = piece;
        while self.carried > 0 {
            let Some((&byte, behind)) = rest.split_first() else {
                break;
            };
            rest = behind;
            let len = self.carried + 1;
            self.carry[len - 1] = byte;
            match std::str::from_utf8(&self.carry[..len]) {
                Ok(complete) => {
                    text.push_str(complete);
                    self.carried = 0;
                }
                Err(error) if error.error_len().is_none() => self.carried += 1,
                Err(_) => return Err(ProtocolError::InvalidUtf8),
            }
        }
        Ok(rest)
    }
}

/// Checks that `bytes` are valid UTF-8, or would be if more came.
pub(crate) fn valid_so_far(bytes: &[u8]) -> Result<(), ProtocolError> {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_some() => Err(ProtocolError::InvalidUtf8),
        _ => Ok(()),
    }
}

/// How many bytes at the end begin a code point that does not end there.
fn incomplete_tail(bytes: &[u8]) -> usize {
    for (back, &byte) in bytes.iter().rev().take(3).enumerate() {
        let needed = match byte {
            0x80..=0xBF => continue,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xFF => 4,
            0x00..=0x7F => 1,
        };
        return if needed > back + 1 { back + 1 } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push_all(pieces: &[&[u8]]) -> Result<String, ProtocolError> {
        let mut validator = Utf8Validator::default();
        let mut text = String::new();
        for piece in pieces {
            validator.push(piece, &mut text)?;
        }
        validator.finish().map(|()| text)
    }

    /// 8.1: valid text may be split anywhere, also inside a code point.
    #[test]
    fn valid_text_survives_every_split() {
        let text = "aß水🍰\u{10FFFF}\u{FFFE}z";
        let bytes = text.as_bytes();
        for i in 0..=bytes.len() {
            for j in i..=bytes.len() {
                let pieces = [&bytes[..i], &bytes[i..j], &bytes[j..]];
                assert_eq!(push_all(&pieces).as_deref(), Ok(text), "{i} {j}");
            }
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(push_all(&single).as_deref(), Ok(text));
    }

    /// 8.1: for every sequence of up to four bytes of interest, byte by byte, the verdict
    /// falls at the very byte at which the standard library sees it.
    #[test]
    #[cfg_attr(miri, ignore = "too slow: every case")]
    fn invalid_text_fails_at_the_first_bad_byte() {
        let interesting = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
            0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ];
        let mut failed = 0;
        for a in interesting {
            for b in interesting {
                for c in interesting {
                    for d in interesting {
                        let bytes = [a, b, c, d];
                        let expected = std::str::from_utf8(&bytes);
                        // The first prefix that no continuation can save.
                        let bad = (1..=4).find(|&n| valid_so_far(&bytes[..n]).is_err());
                        let mut validator = Utf8Validator::default();
                        let mut text = String::new();
                        let seen =
                            (1..=4).find(|&n| validator.push(&bytes[n - 1..n], &mut text).is_err());
                        assert_eq!(seen, bad, "{bytes:x?}");
                        let whole = push_all(&[&bytes]);
                        assert_eq!(whole.as_deref().ok(), expected.ok(), "{bytes:x?}");
                        failed += usize::from(whole.is_err());
                    }
                }
            }
        }
        assert!(failed > 100_000, "the table held invalid text: {failed}");
    }
}
