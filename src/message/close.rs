//! What a Close frame says (RFC 6455, section 5.5.1).

use super::text::Utf8Bytes;
use crate::wire::{CloseCode, InvalidClose, ProtocolError, close_body};

/// The code and the reason of a Close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// Why the connection is closed. See [`close_code`](crate::close_code).
    pub code: CloseCode,
    /// Text for people who look for the cause. At most 123 bytes may be sent.
    pub reason: Utf8Bytes,
}

impl CloseFrame {
    /// A Close frame. A reason of more than 123 bytes is cut at a character boundary.
    pub fn new(code: CloseCode, reason: impl Into<Utf8Bytes>) -> Self {
        let reason = reason.into();
        let mut end = reason.len().min(close_body::MAX_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let reason = if end < reason.len() {
            Utf8Bytes::from(&reason[..end])
        } else {
            reason
        };
        Self { code, reason }
    }

    /// 7.1.7: what a peer is told that broke the protocol.
    pub(crate) fn failing(error: ProtocolError) -> Self {
        Self::new(error.close_code(), error.to_string())
    }

    /// Decodes a body that arrived whole.
    pub(crate) fn decode(body: &[u8]) -> Result<Option<Self>, ProtocolError> {
        let body = close_body::decode(body)?;
        Ok(body.map(|(code, reason)| Self {
            code,
            reason: reason.into(),
        }))
    }

    /// Checks what a caller wants to send.
    pub(crate) fn check_sendable(&self) -> Result<(), InvalidClose> {
        close_body::check_sendable(self.code, &self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 7.4: the table of all 65,536 codes, written out here as ranges of the RFC and IANA.
    #[test]
    fn every_close_code_is_judged_alike_when_received_and_when_sent() {
        #[allow(clippy::match_same_arms, reason = "the ranges are the RFC's")]
        for code in 0..=u16::MAX {
            let allowed = match code {
                0..=999 => false,         // 7.4.2: not used
                1000..=1003 => true,      // 7.4.1
                1004..=1006 => false,     // 7.4.1: reserved
                1007..=1011 => true,      // 7.4.1
                1012..=1014 => true,      // IANA registry
                1015 => false,            // 7.4.1: reserved
                1016..=2999 => false,     // 7.4.2: for the protocol
                3000..=3999 => true,      // 7.4.2: for libraries
                4000..=4999 => true,      // 7.4.2: private
                5000..=u16::MAX => false, // undefined
            };
            let received = CloseFrame::decode(&code.to_be_bytes());
            let partial = close_body::check_partial(&code.to_be_bytes());
            let sent = CloseFrame::new(code, "").check_sendable();
            if allowed {
                let frame = CloseFrame::new(code, "");
                assert_eq!(received, Ok(Some(frame)));
                assert_eq!(partial, Ok(()));
                assert_eq!(sent, Ok(()));
            } else {
                assert_eq!(received, Err(ProtocolError::InvalidCloseCode(code)));
                assert_eq!(partial, Err(ProtocolError::InvalidCloseCode(code)));
                assert_eq!(sent, Err(InvalidClose::Code(code)));
            }
        }
    }

    /// 5.5.1: a reason that we build is cut at 123 bytes, never inside a character.
    #[test]
    fn long_reason_is_cut_on_a_character() {
        for (unit, kept) in [("a", 123), ("ß", 122), ("水", 123), ("🍰", 120)] {
            let frame = CloseFrame::new(1000, unit.repeat(200));
            assert_eq!(frame.reason.len(), kept);
            assert_eq!(frame.check_sendable(), Ok(()));
        }
        let long = CloseFrame {
            code: 1000,
            reason: "a".repeat(124).into(),
        };
        assert_eq!(long.check_sendable(), Err(InvalidClose::ReasonTooLong(124)));
    }
}
