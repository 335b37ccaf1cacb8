//! The Close frame: its code and its reason (RFC 6455, sections 5.5.1 and 7.4).

use super::harness::{Pair, Peer, ROLES, clean, close, close_body, opposite};
use crate::{
    message::{CloseFrame, InvalidClose, Message},
    protocol::{Initiator, SendError},
    wire::ProtocolError,
};

/// Whether a code may stand in a Close frame, as sections 7.4.1 and 7.4.2 and the registry
/// that 11.7 opens have it.
fn is_lawful(code: u16) -> bool {
    let never = [1004, 1005, 1006, 1015];
    match code {
        // 7.4.1, and 1012 to 1014 of the registry.
        1000..=1015 => !never.contains(&code),
        // 7.4.2: for libraries and for private use.
        3000..=4999 => true,
        // 7.4.2: not used, or for the protocol; above 4999 nothing is defined.
        _ => false,
    }
}

/// 7.4, 5.5.1, 7.1.5: of all codes the lawful ones are echoed without a reason and become
/// the connection's; each of the others fails the connection with 1002.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn received_code_is_echoed_or_refused() {
    for role in ROLES {
        let mut lawful = 0;
        for code in 0..=u16::MAX {
            let mut peer = Peer::facing(role);
            peer.receive(&close(code, "why"));
            if is_lawful(code) {
                lawful += 1;
                let frame = CloseFrame::new(code, "why");
                peer.assert_received(&[Message::Close(Some(frame.clone()))]);
                peer.assert_sent(&[close(code, "")]);
                peer.assert_closed(Initiator::Remote, Some(frame));
            } else {
                peer.assert_failed(ProtocolError::InvalidCloseCode(code));
            }
        }
        assert_eq!(lawful, 16 - 4 + 2000);
    }
}

/// 7.4.1, 7.1.5: of all codes the lawful ones reach the peer, which echoes them; each of the
/// others is refused, nothing is sent, and the connection stays open.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn sent_code_reaches_the_peer_or_is_refused() {
    for role in ROLES {
        let mut refusing = Peer::facing(role);
        for code in 0..=u16::MAX {
            let frame = CloseFrame::new(code, "why");
            if is_lawful(code) {
                let mut pair = Pair::new();
                assert_eq!(pair.end(role).protocol.close(Some(&frame)), Ok(()));
                pair.pump();
                let echo = CloseFrame::new(code, "");
                assert_eq!(
                    pair.closure(role),
                    Some(&clean(
                        Initiator::Local,
                        Some(echo.clone()),
                        Some(frame.clone())
                    ))
                );
                let remote = clean(Initiator::Remote, Some(frame), Some(echo));
                assert_eq!(pair.closure(opposite(role)), Some(&remote));
            } else {
                let refused = InvalidClose::Code(code);
                assert_eq!(refusing.protocol.close(Some(&frame)), Err(refused));
                let sent = refusing.protocol.send(Message::Close(Some(frame)));
                assert_eq!(sent, Err(SendError::InvalidClose(refused)));
                assert_eq!(refusing.protocol.queued(), 0);
            }
        }
        refusing.assert_open();
    }
}

/// 5.5.1, 7.1.5: a Close without a body is echoed without one; there is no code (1005).
#[test]
fn close_without_a_code_is_echoed_without_one() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        peer.receive(&close_body(""));
        peer.assert_received(&[Message::Close(None)]);
        peer.assert_sent(&[close_body("")]);
        peer.assert_closed(Initiator::Remote, None);
    }
}

/// 5.5.1: a body of one byte holds no code: it fails at the length, before the byte comes.
#[test]
fn close_body_of_one_byte_fails_at_its_length() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        let bytes = peer.encode(&close_body([3]));
        assert_eq!(peer.drip(&bytes), Some(2));
        peer.receive_bytes(&bytes[2..]);
        peer.assert_failed(ProtocolError::CloseTooShort);
    }
}

/// 5.5.1: a reason may fill the frame.
#[test]
fn reason_of_every_length_is_understood() {
    for role in ROLES {
        for len in 0..=123 {
            let mut peer = Peer::facing(role);
            let reason = "r".repeat(len);
            peer.receive(&close(4999, &reason));
            let frame = CloseFrame::new(4999, reason);
            peer.assert_received(&[Message::Close(Some(frame.clone()))]);
            peer.assert_sent(&[close(4999, "")]);
            peer.assert_closed(Initiator::Remote, Some(frame));
        }
    }
}

/// 7.4: a code that must not be used fails when it is there, though the reason is not.
#[test]
fn unlawful_code_fails_before_the_reason_comes() {
    for role in ROLES {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
            let mut peer = Peer::facing(role);
            let reason = [0xFF; 123];
            let bytes = peer.encode(&close(code, reason));
            assert_eq!(peer.drip(&bytes), Some(bytes.len() - reason.len()));
            peer.assert_failed(ProtocolError::InvalidCloseCode(code));
        }
    }
}

/// 5.5.1, 8.1: a reason that is not UTF-8 fails with 1007 at its first bad byte, wherever
/// that is and though the frame is incomplete.
#[test]
fn reason_fails_at_its_first_bad_byte() {
    for role in ROLES {
        for at in 0..123 {
            // A bare continuation byte; a surrogate, seen at its second byte.
            for (bad, seen) in [(&b"\x80"[..], 0), (b"\xED\xA0\x80", 1)] {
                let mut reason = vec![b'r'; 123];
                let bad = &bad[..bad.len().min(123 - at)];
                reason[at..][..bad.len()].copy_from_slice(bad);
                // A cut surrogate is an incomplete sequence: seen at the end.
                let seen = (at + seen).min(122);
                let mut peer = Peer::facing(role);
                let bytes = peer.encode(&close(1000, &reason));
                let header = bytes.len() - reason.len();
                assert_eq!(peer.drip(&bytes), Some(header + seen + 1), "{at}");
                peer.assert_failed(ProtocolError::InvalidUtf8);

                let mut peer = Peer::facing(role);
                peer.receive_bytes(&bytes);
                peer.assert_failed(ProtocolError::InvalidUtf8);
            }
        }
    }
}

/// 8.1: a reason may be cut anywhere on its way, also inside a character, but must not end
/// inside one.
#[test]
fn reason_is_judged_alike_however_it_is_cut() {
    let reason = "ß水🍰\u{FFFF}";
    for role in ROLES {
        let cuts = Peer::facing(role).encode(&close(1000, reason)).len();
        for cut in 0..=cuts {
            let mut peer = Peer::facing(role);
            let bytes = peer.encode(&close(1000, reason));
            peer.receive_bytes(&bytes[..cut]);
            peer.receive_bytes(&bytes[cut..]);
            let frame = CloseFrame::new(1000, reason);
            peer.assert_received(&[Message::Close(Some(frame.clone()))]);
            peer.assert_sent(&[close(1000, "")]);
            peer.assert_closed(Initiator::Remote, Some(frame));
        }
        for len in 0..reason.len() {
            let mut peer = Peer::facing(role);
            let bytes = peer.encode(&close(1000, &reason.as_bytes()[..len]));
            let taken = peer.drip(&bytes);
            assert_eq!(taken, Some(bytes.len()));
            if reason.is_char_boundary(len) {
                assert_eq!(peer.events().len(), 1);
                peer.assert_sent(&[close(1000, "")]);
            } else {
                peer.assert_failed(ProtocolError::InvalidUtf8);
            }
        }
    }
}
