//! Frame headers (RFC 6455, section 5.2): 2 to 14 bytes.

use super::{OpCode, ProtocolError, Role};

/// 5.5: control frames carry at most 125 bytes.
pub(crate) const MAX_CONTROL_PAYLOAD: usize = 125;

pub(super) const FIN: u8 = 0x80;
const RSV: u8 = 0x70;
const RSV1: u8 = 0x40;
pub(super) const MASK: u8 = 0x80;
const FIRST_TEXT: u8 = OpCode::Text as u8;
const FIRST_BINARY: u8 = OpCode::Binary as u8;
const FIN_TEXT: u8 = FIN | FIRST_TEXT;
const FIN_BINARY: u8 = FIN | FIRST_BINARY;
pub(super) const LEN_16: u8 = 126;
const LEN_64: u8 = 127;

/// What precedes the payload of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) fin: bool,
    /// RFC 7692 6: RSV1, which says of a message that it is compressed.
    pub(crate) compressed: bool,
    pub(crate) opcode: OpCode,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) len: usize,
}

/// What a receiver demands of the next header: its role, its place in a message, its limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderRules {
    /// 5.1: whether the peer must mask.
    pub(crate) masked: bool,
    /// 5.4: whether a fragmented message is under way.
    pub(crate) in_message: bool,
    /// RFC 7692 6: whether messages may be compressed.
    pub(crate) compressible: bool,
    /// Largest payload of a frame.
    pub(crate) max_frame: usize,
    /// Largest message.
    pub(crate) max_message: usize,
    /// Most frames of a message.
    pub(crate) max_fragments: usize,
    /// Bytes and frames of the message under way that have come before this frame.
    pub(crate) received: usize,
    pub(crate) fragments: usize,
}

impl HeaderRules {
    /// The same within a compressed message, whose size its frames do not tell.
    pub(crate) const fn of_compressed(self) -> Self {
        Self {
            max_message: usize::MAX,
            ..self
        }
    }
}

/// Outcome of decoding from a buffer that may hold only a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoded<T> {
    /// `value` took the first `len` bytes.
    Complete { value: T, len: usize },
    /// The bytes so far break no rule, but more are needed.
    NeedMore,
}

impl FrameHeader {
    /// The longest: two bytes, eight of length, four of mask.
    pub(crate) const MAX_LEN: usize = 14;

    /// The header of an unfragmented frame that is sent as it is, without a mask.
    #[inline]
    pub(crate) const fn plain(opcode: OpCode, len: usize) -> Self {
        Self {
            fin: true,
            compressed: false,
            opcode,
            mask: None,
            len,
        }
    }

    /// Decodes the header at the start of `buf`.
    ///
    /// Every violation is reported at the first byte that shows it, however little of
    /// the header has arrived.
    pub(crate) fn decode(buf: &[u8], rules: &HeaderRules) -> Result<Decoded<Self>, ProtocolError> {
        let Some(&first) = buf.first() else {
            return Ok(Decoded::NeedMore);
        };
        let (fin, opcode) = check_first_byte(first, rules)?;
        let compressed = first & RSV1 != 0;
        let rules = if compressed {
            // What counts is what comes out of it.
            &rules.of_compressed()
        } else {
            rules
        };
        let Some(&second) = buf.get(1) else {
            return Ok(Decoded::NeedMore);
        };
        check_second_byte(second, opcode, rules)?;

        let (len, end) = match second & !MASK {
            LEN_16 => (extended_len(buf, 2, rules)?, 4),
            LEN_64 => (extended_len(buf, 8, rules)?, 10),
            short if opcode.is_control() => (usize::from(short), 2),
            short => (check_limits(u64::from(short), rules)?, 2),
        };
        let (mask, end) = if rules.masked {
            let key = buf.get(end..end + 4).and_then(|key| key.try_into().ok());
            let Some(key) = key else {
                return Ok(Decoded::NeedMore);
            };
            (Some(key), end + 4)
        } else if buf.len() < end {
            return Ok(Decoded::NeedMore);
        } else {
            (None, end)
        };
        let value = FrameHeader {
            fin,
            compressed,
            opcode,
            mask,
            len,
        };
        Ok(Decoded::Complete { value, len: end })
    }

    /// What an unfragmented data frame carries that begins with this byte; `None` if it is not
    /// plain.
    #[inline]
    pub(crate) const fn plain_opcode(first: u8) -> Option<OpCode> {
        match first {
            FIN_TEXT => Some(OpCode::Text),
            FIN_BINARY => Some(OpCode::Binary),
            _ => None,
        }
    }

    /// The header of an unfragmented data frame of less than 64 KiB, if `buf` starts with it
    /// and it breaks no rule; `None` if only [`decode`](Self::decode) can tell.
    ///
    /// For use between messages. Most frames are such, and most of decoding is not needed
    /// for them.
    #[inline]
    pub(crate) fn decode_plain(buf: &[u8], receiver: Role, max: usize) -> Option<(Self, usize)> {
        let &[first, second, ref rest @ ..] = buf else {
            return None;
        };
        let opcode = Self::plain_opcode(first)?;
        let masked = receiver.receives_masked();
        // With the wrong bit for the mask the length is above all others.
        let (len, rest, end) = match second ^ if masked { MASK } else { 0 } {
            short @ 0..LEN_16 => (usize::from(short), rest, 2),
            LEN_16 => {
                let (len, rest) = rest.split_first_chunk()?;
                (usize::from(u16::from_be_bytes(*len)), rest, 4)
            }
            _ => return None,
        };
        let is_minimal = end == 2 || len >= usize::from(LEN_16);
        if len > max || !is_minimal {
            return None;
        }
        let (mask, end) = if masked {
            (Some(*rest.first_chunk()?), end + 4)
        } else {
            (None, end)
        };
        let value = FrameHeader {
            fin: true,
            compressed: false,
            opcode,
            mask,
            len,
        };
        Some((value, end))
    }

    /// Appends the header to `bytes`, its length in the fewest (5.2).
    #[expect(
        clippy::inline_always,
        reason = "of a small message most is known: 30 instructions less"
    )]
    #[inline(always)]
    pub(crate) fn encode_to(&self, bytes: &mut Vec<u8>) {
        let rsv = if self.compressed { RSV1 } else { 0 };
        let first = if self.fin { FIN } else { 0 } | rsv | self.opcode as u8;
        let mask = if self.mask.is_some() { MASK } else { 0 };
        if let Some(len) = u8::try_from(self.len).ok().filter(|len| *len < LEN_16) {
            bytes.extend_from_slice(&[first, mask | len]);
        } else if let Ok(len) = u16::try_from(self.len) {
            let [high, low] = len.to_be_bytes();
            bytes.extend_from_slice(&[first, mask | LEN_16, high, low]);
        } else {
            bytes.extend_from_slice(&[first, mask | LEN_64]);
            bytes.extend_from_slice(&(self.len as u64).to_be_bytes());
        }
        if let Some(key) = self.mask {
            bytes.extend_from_slice(&key);
        }
    }
}

fn check_first_byte(byte: u8, rules: &HeaderRules) -> Result<(bool, OpCode), ProtocolError> {
    let bits = byte & 0x0F;
    // RFC 7692 6: RSV1 stands on the first frame of a data message, and on no other.
    let begins_message = matches!(bits, FIRST_TEXT | FIRST_BINARY);
    let defined = if rules.compressible && begins_message {
        RSV1
    } else {
        0
    };
    // 5.2: RSV must be 0 unless an extension defines it.
    if byte & RSV & !defined != 0 {
        return Err(ProtocolError::ReservedBits);
    }
    // 5.2: an unknown opcode fails the connection.
    let opcode = OpCode::from_bits(bits).ok_or(ProtocolError::ReservedOpcode(bits))?;
    let fin = byte & FIN != 0;
    match opcode {
        // 5.5: control frames must not be fragmented.
        control if control.is_control() && !fin => Err(ProtocolError::FragmentedControl),
        // 5.4: fragments of a message are continuation frames, and nothing else is.
        OpCode::Continuation if !rules.in_message => Err(ProtocolError::UnexpectedContinuation),
        OpCode::Text | OpCode::Binary if rules.in_message => {
            Err(ProtocolError::ExpectedContinuation)
        }
        // 10.4: the frames of a message are limited, too.
        data if !data.is_control() && rules.fragments >= rules.max_fragments => {
            Err(ProtocolError::TooManyFragments {
                max: rules.max_fragments,
            })
        }
        opcode => Ok((fin, opcode)),
    }
}

fn check_second_byte(byte: u8, opcode: OpCode, rules: &HeaderRules) -> Result<(), ProtocolError> {
    // 5.1: a client masks every frame, a server none.
    match (rules.masked, byte & MASK != 0) {
        (true, false) => return Err(ProtocolError::UnmaskedFrame),
        (false, true) => return Err(ProtocolError::MaskedFrame),
        _ => {}
    }
    let len = byte & !MASK;
    // 5.5: control frames have a payload length of 125 or less.
    if opcode.is_control() && usize::from(len) > MAX_CONTROL_PAYLOAD {
        return Err(ProtocolError::ControlTooLong);
    }
    // 5.5.1: a close body starts with a two-byte code.
    if opcode == OpCode::Close && len == 1 {
        return Err(ProtocolError::CloseTooShort);
    }
    Ok(())
}

/// Reads a length of `width` bytes behind the first two; what has not arrived counts as 0.
fn extended_len(buf: &[u8], width: usize, rules: &HeaderRules) -> Result<usize, ProtocolError> {
    let arrived = &buf[2..buf.len().min(2 + width)];
    check_len(arrived, width, rules).map_err(|last| {
        // The first byte that shows a violation tells which, however many have come.
        let mut prefixes = (0..arrived.len()).map(|end| &arrived[..end]);
        let first = prefixes.find_map(|prefix| check_len(prefix, width, rules).err());
        first.unwrap_or(last)
    })
}

fn check_len(arrived: &[u8], width: usize, rules: &HeaderRules) -> Result<usize, ProtocolError> {
    // Not by way of an array: to read at once what was written in parts takes long.
    let bytes = (0..width).map(|i| arrived.get(i).copied().unwrap_or(0));
    let at_least = bytes.fold(0, |len, byte| len << 8 | u64::from(byte));
    // 5.2: the most significant bit of a 64-bit length must be 0.
    if at_least >> 63 != 0 {
        return Err(ProtocolError::LengthOutOfRange);
    }
    // 5.2: the minimal number of bytes must be used. The first six bytes of a 64-bit
    // length decide it, both of a 16-bit one.
    let (decisive, minimum) = if width == 8 { (6, 1 << 16) } else { (2, 126) };
    if arrived.len() >= decisive && at_least < minimum {
        return Err(ProtocolError::LengthNotMinimal);
    }
    // Whatever follows, the length is this large or not minimal.
    check_limits(at_least.max(minimum), rules)
}

/// 10.4: limits hold before anything of the payload is buffered. Returns the length.
fn check_limits(at_least: u64, rules: &HeaderRules) -> Result<usize, ProtocolError> {
    let len = usize::try_from(at_least)
        .ok()
        .filter(|&len| len <= rules.max_frame)
        .ok_or(ProtocolError::FrameTooBig {
            size: at_least,
            max: rules.max_frame,
        })?;
    let size = at_least.saturating_add(rules.received as u64);
    if size > rules.max_message as u64 {
        return Err(ProtocolError::MessageTooBig {
            size,
            max: rules.max_message,
        });
    }
    Ok(len)
}
