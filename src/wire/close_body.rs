//! The body of a Close frame (RFC 6455, section 5.5.1).

use std::{error::Error, fmt};

use super::{
    CloseCode, MAX_CONTROL_PAYLOAD, ProtocolError, close_code::is_valid, utf8::valid_so_far,
};

/// 5.5.1: what 125 bytes leave behind the two of the code.
pub(crate) const MAX_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// Code and reason of a body that arrived whole.
pub(crate) fn decode(body: &[u8]) -> Result<Option<(CloseCode, &str)>, ProtocolError> {
    let Some((code, reason)) = body.split_first_chunk() else {
        // 5.5.1: an empty body is a Close without a code.
        return if body.is_empty() {
            Ok(None)
        } else {
            Err(ProtocolError::CloseTooShort)
        };
    };
    let code = decode_code(*code)?;
    let reason = std::str::from_utf8(reason).map_err(|_| ProtocolError::InvalidUtf8)?;
    Ok(Some((code, reason)))
}

/// Checks the part of a body that has arrived, so that a bad one fails at its first bad byte.
pub(crate) fn check_partial(body: &[u8]) -> Result<(), ProtocolError> {
    match body.split_first_chunk() {
        None => Ok(()),
        Some((code, reason)) => decode_code(*code).and_then(|_| valid_so_far(reason)),
    }
}

/// Checks what a caller wants to send.
pub(crate) fn check_sendable(code: CloseCode, reason: &str) -> Result<(), InvalidClose> {
    if !is_valid(code) {
        // 7.4.1: 1005, 1006 and 1015 must not be set, the rest is unassigned.
        Err(InvalidClose::Code(code))
    } else if reason.len() > MAX_REASON {
        Err(InvalidClose::ReasonTooLong(reason.len()))
    } else {
        Ok(())
    }
}

fn decode_code(bytes: [u8; 2]) -> Result<CloseCode, ProtocolError> {
    let code = CloseCode::from_be_bytes(bytes);
    if is_valid(code) {
        Ok(code)
    } else {
        Err(ProtocolError::InvalidCloseCode(code))
    }
}

/// A Close frame that must not be sent. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidClose {
    /// The code must not be sent in a Close frame (RFC 6455, section 7.4).
    Code(CloseCode),
    /// The reason has more than 123 bytes; [`CloseFrame::new`](crate::CloseFrame::new) cuts it.
    ReasonTooLong(usize),
}

impl fmt::Display for InvalidClose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidClose::Code(code) => write!(
                f,
                "close code {code} must not be sent; use 1000 to 1003, 1007 to 1014 or 3000 to 4999"
            ),
            InvalidClose::ReasonTooLong(len) => write!(
                f,
                "close reason of {len} bytes exceeds {MAX_REASON}; CloseFrame::new cuts it"
            ),
        }
    }
}

impl Error for InvalidClose {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_close_says_what_to_do() {
        let code = InvalidClose::Code(1005).to_string();
        assert!(
            code.starts_with("close code 1005 must not be sent; use 1000"),
            "{code}"
        );
        let long = InvalidClose::ReasonTooLong(124).to_string();
        assert_eq!(
            long,
            "close reason of 124 bytes exceeds 123; CloseFrame::new cuts it"
        );
    }
}
