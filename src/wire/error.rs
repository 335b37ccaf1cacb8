//! All the ways in which a peer can break the protocol.

use std::{error::Error, fmt};

use super::close_code::{self, CloseCode};

/// What the peer did wrong, so that the connection failed (RFC 6455, section 7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A reserved bit is set, although no extension gives it a meaning in this frame.
    ReservedBits,
    /// The opcode is reserved by the RFC (3 to 7, 11 to 15).
    ReservedOpcode(u8),
    /// A control frame is fragmented: its FIN bit is not set.
    FragmentedControl,
    /// A control frame announces more than 125 bytes.
    ControlTooLong,
    /// A frame from a client is not masked.
    UnmaskedFrame,
    /// A frame from a server is masked.
    MaskedFrame,
    /// A length is encoded in more bytes than it needs.
    LengthNotMinimal,
    /// A 64-bit length has its most significant bit set.
    LengthOutOfRange,
    /// A continuation frame came, but there is no message to continue.
    UnexpectedContinuation,
    /// A new data frame came before the last message was complete.
    ExpectedContinuation,
    /// Text, or the reason of a Close frame, is not UTF-8.
    InvalidUtf8,
    /// A compressed message cannot be decompressed (RFC 7692, section 7.2.2).
    InvalidDeflate,
    /// A Close frame has a body of one byte.
    CloseTooShort,
    /// A Close frame has a code that must not be sent.
    InvalidCloseCode(CloseCode),
    /// A frame has a payload of at least `size` bytes, more than `max_frame_size`.
    FrameTooBig {
        /// The announced length, as far as its bytes have arrived.
        size: u64,
        /// The limit that was configured.
        max: usize,
    },
    /// A message has at least `size` bytes, more than `max_message_size`.
    MessageTooBig {
        /// Bytes of the message known so far, announced ones included.
        size: u64,
        /// The limit that was configured.
        max: usize,
    },
    /// A compressed message has at least `size` bytes on the wire, more than a message of
    /// `max_message_size` can need.
    CompressedTooBig {
        /// Payload bytes of the message known so far, announced ones included.
        size: u64,
        /// The limit that was configured.
        max: usize,
    },
    /// A message has more than `max_fragments` frames.
    TooManyFragments {
        /// The limit that was configured.
        max: usize,
    },
    /// A message was not complete within `message_timeout`.
    MessageTimeout,
}

impl ProtocolError {
    /// The close code that is sent to the peer (RFC 6455, section 7.4.1).
    pub const fn close_code(&self) -> CloseCode {
        match self {
            ProtocolError::InvalidUtf8 | ProtocolError::InvalidDeflate => close_code::INVALID,
            ProtocolError::FrameTooBig { .. }
            | ProtocolError::MessageTooBig { .. }
            | ProtocolError::CompressedTooBig { .. }
            | ProtocolError::TooManyFragments { .. } => close_code::SIZE,
            ProtocolError::MessageTimeout => close_code::POLICY,
            _ => close_code::PROTOCOL,
        }
    }

    /// The number of the broken RFC: 6455, or 7692 for a compressed message.
    pub const fn rfc(&self) -> u16 {
        match self {
            ProtocolError::InvalidDeflate => 7692,
            _ => 6455,
        }
    }

    /// The broken section of [`rfc`](Self::rfc), such as `5.2`.
    pub const fn section(&self) -> &'static str {
        match self {
            ProtocolError::ReservedBits
            | ProtocolError::ReservedOpcode(_)
            | ProtocolError::LengthNotMinimal
            | ProtocolError::LengthOutOfRange => "5.2",
            ProtocolError::FragmentedControl | ProtocolError::ControlTooLong => "5.5",
            ProtocolError::UnmaskedFrame | ProtocolError::MaskedFrame => "5.1",
            ProtocolError::UnexpectedContinuation | ProtocolError::ExpectedContinuation => "5.4",
            ProtocolError::InvalidUtf8 => "8.1",
            ProtocolError::CloseTooShort => "5.5.1",
            ProtocolError::InvalidDeflate => "7.2.2",
            ProtocolError::InvalidCloseCode(_) => "7.4",
            ProtocolError::FrameTooBig { .. }
            | ProtocolError::MessageTooBig { .. }
            | ProtocolError::CompressedTooBig { .. }
            | ProtocolError::TooManyFragments { .. }
            | ProtocolError::MessageTimeout => "10.4",
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProtocolError::ReservedBits => {
                f.write_str("reserved bit set where no extension gives it a meaning")
            }
            ProtocolError::ReservedOpcode(bits) => write!(f, "reserved opcode {bits:#x}"),
            ProtocolError::FragmentedControl => f.write_str("fragmented control frame"),
            ProtocolError::ControlTooLong => f.write_str("control frame above 125 bytes"),
            ProtocolError::UnmaskedFrame => f.write_str("frame from a client is not masked"),
            ProtocolError::MaskedFrame => f.write_str("frame from a server is masked"),
            ProtocolError::LengthNotMinimal => f.write_str("frame length is not minimally encoded"),
            ProtocolError::LengthOutOfRange => f.write_str("frame length above 2^63 - 1"),
            ProtocolError::UnexpectedContinuation => {
                f.write_str("continuation frame without a message to continue")
            }
            ProtocolError::ExpectedContinuation => {
                f.write_str("new data frame inside a fragmented message")
            }
            ProtocolError::InvalidUtf8 => f.write_str("invalid UTF-8"),
            ProtocolError::InvalidDeflate => f.write_str("compressed message is damaged"),
            ProtocolError::CloseTooShort => f.write_str("close frame body of one byte"),
            ProtocolError::InvalidCloseCode(code) => write!(f, "invalid close code {code}"),
            ProtocolError::FrameTooBig { size, max } => {
                write!(
                    f,
                    "frame of {size} bytes or more exceeds max_frame_size ({max})"
                )
            }
            ProtocolError::MessageTooBig { size, max } => {
                write!(
                    f,
                    "message of {size} bytes or more exceeds max_message_size ({max})"
                )
            }
            ProtocolError::CompressedTooBig { size, max } => {
                write!(
                    f,
                    "compressed message of {size} bytes or more is too long for \
                     max_message_size ({max})"
                )
            }
            ProtocolError::TooManyFragments { max } => {
                write!(f, "message in more frames than max_fragments ({max})")
            }
            ProtocolError::MessageTimeout => f.write_str("message took too long (message_timeout)"),
        }
    }
}

impl Error for ProtocolError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// 7.4.1: each error has the code that the RFC has for it, and tells which section was broken.
    #[test]
    fn each_error_has_its_code_and_section() {
        let (size, max) = (2, 1);
        for (error, code, rfc, section) in [
            (ProtocolError::ReservedBits, 1002, 6455, "5.2"),
            (ProtocolError::ReservedOpcode(3), 1002, 6455, "5.2"),
            (ProtocolError::LengthNotMinimal, 1002, 6455, "5.2"),
            (ProtocolError::LengthOutOfRange, 1002, 6455, "5.2"),
            (ProtocolError::FragmentedControl, 1002, 6455, "5.5"),
            (ProtocolError::ControlTooLong, 1002, 6455, "5.5"),
            (ProtocolError::UnmaskedFrame, 1002, 6455, "5.1"),
            (ProtocolError::MaskedFrame, 1002, 6455, "5.1"),
            (ProtocolError::UnexpectedContinuation, 1002, 6455, "5.4"),
            (ProtocolError::ExpectedContinuation, 1002, 6455, "5.4"),
            (ProtocolError::InvalidUtf8, 1007, 6455, "8.1"),
            (ProtocolError::CloseTooShort, 1002, 6455, "5.5.1"),
            (ProtocolError::InvalidCloseCode(1005), 1002, 6455, "7.4"),
            (ProtocolError::InvalidDeflate, 1007, 7692, "7.2.2"),
            (
                ProtocolError::FrameTooBig { size, max: 1 },
                1009,
                6455,
                "10.4",
            ),
            (
                ProtocolError::MessageTooBig { size, max },
                1009,
                6455,
                "10.4",
            ),
            (
                ProtocolError::CompressedTooBig { size, max },
                1009,
                6455,
                "10.4",
            ),
            (ProtocolError::TooManyFragments { max }, 1009, 6455, "10.4"),
            (ProtocolError::MessageTimeout, 1008, 6455, "10.4"),
        ] {
            let told = (error.close_code(), error.rfc(), error.section());
            assert_eq!(told, (code, rfc, section), "{error}");
        }
    }
}
