//! Failing the connection (RFC 6455, section 7.1.7).

use super::harness::{
    Frame, Peer, ROLES, assert_close, binary, close, close_body, code_of, continuation, head,
    key_of, opposite, ping, pong, text,
};
use crate::{
    config::Config,
    message::Message,
    protocol::{Closure, Loss, Phase, SendError},
    wire::{ProtocolError, Role},
};

/// Limits that the violations below break.
pub(super) const CONFIG: Config = Config::new()
    .max_frame_size(70_000)
    .max_message_size(100_000)
    .max_fragments(8);

/// A way to break the protocol.
#[derive(Clone, Debug)]
pub(super) struct Violation {
    pub(super) error: ProtocolError,
    /// What has to come before.
    pub(super) past: Vec<Frame>,
    /// What breaks the rule. Its last byte may be one that need not have come.
    pub(super) bytes: Vec<u8>,
}

/// Every kind of violation that the peer of `role` can commit under [`CONFIG`].
pub(super) fn violations(role: Role) -> Vec<Violation> {
    let side = opposite(role);
    let key = key_of(side);
    let error = |error, bytes| (error, vec![], bytes);
    let wrong_mask = match role {
        Role::Server => ProtocolError::UnmaskedFrame,
        Role::Client => ProtocolError::MaskedFrame,
    };
    let frame_too_big = ProtocolError::FrameTooBig {
        size: 70_001,
        max: 70_000,
    };
    let message_too_big = ProtocolError::MessageTooBig {
        size: 100_001,
        max: 100_000,
    };
    let mut eight_frames = vec![continuation("").more(); 8];
    eight_frames[0].opcode = 0x1;
    let violations = [
        error(ProtocolError::ReservedBits, text("").rsv(1).encode(side)),
        error(
            ProtocolError::ReservedOpcode(0x3),
            Frame::new(0x3, "").encode(side),
        ),
        error(
            ProtocolError::ReservedOpcode(0xB),
            Frame::new(0xB, "").encode(side),
        ),
        error(
            ProtocolError::FragmentedControl,
            ping("").more().encode(side),
        ),
        error(ProtocolError::ControlTooLong, head(0x89, key, 126, 126)),
        error(wrong_mask, text("x").encode_with(key_of(role))),
        error(ProtocolError::LengthNotMinimal, head(0x81, key, 126, 125)),
        error(
            ProtocolError::LengthNotMinimal,
            head(0x81, key, 127, 65_535),
        ),
        error(
            ProtocolError::LengthOutOfRange,
            head(0x81, key, 127, 1 << 63),
        ),
        error(
            ProtocolError::UnexpectedContinuation,
            continuation("").encode(side),
        ),
        (
            ProtocolError::ExpectedContinuation,
            vec![text("begun").more()],
            binary("").encode(side),
        ),
        error(ProtocolError::InvalidUtf8, text(b"ok\xFF").encode(side)),
        (
            ProtocolError::InvalidUtf8,
            vec![text(b"\xC3").more()],
            continuation("").encode(side),
        ),
        error(
            ProtocolError::InvalidUtf8,
            close(1000, b"\xC3").encode(side),
        ),
        error(ProtocolError::CloseTooShort, close_body([3]).encode(side)),
        error(
            ProtocolError::InvalidCloseCode(1005),
            close(1005, "").encode(side),
        ),
        error(frame_too_big, head(0x82, key, 127, 70_001)),
        (
            message_too_big,
            vec![binary([0; 70_000]).more()],
            head(0x80, key, 126, 30_001),
        ),
        (
            ProtocolError::TooManyFragments { max: 8 },
            eight_frames,
            continuation("").encode(side),
        ),
    ];
    let named = violations
        .into_iter()
        .map(|(error, past, bytes)| Violation { error, past, bytes });
    named.collect()
}

/// 7.1.7, 7.4.1: every kind of violation yields its error and its code, and nothing after it
/// is interpreted, in its own piece or later.
#[test]
fn violation_is_answered_with_its_code_and_ends_everything() {
    for role in ROLES {
        for Violation { error, past, bytes } in violations(role) {
            assert_eq!(error.close_code(), code_of(error));
            let mut peer = Peer::facing_with(role, &CONFIG);
            peer.receive_together(&past);
            peer.assert_open();
            let late = [text("late"), ping("late"), close(1000, "late")];
            let late: Vec<u8> = late.iter().flat_map(|frame| peer.encode(frame)).collect();
            peer.receive_bytes(&[bytes, late].concat());
            assert_eq!(peer.protocol.partial_len(), 0);
            peer.assert_failed(error);
        }
    }
}

/// 7.1.7: what came whole before a violation is delivered, and the answers to it leave
/// before the Close, in the order in which they were queued.
#[test]
fn what_came_before_a_violation_is_delivered_and_answered() {
    for role in ROLES {
        for Violation { error, past, bytes } in violations(role) {
            let mut peer = Peer::facing_with(role, &CONFIG);
            let before = [text("first"), ping("second"), binary("third")];
            for frame in before.iter().chain(&past) {
                let bytes = peer.encode(frame);
                peer.arrive(&bytes);
            }
            peer.arrive(&bytes);

            assert_eq!(peer.take(), Some(()));
            peer.assert_received(&[Message::text("first")]);
            assert_eq!(peer.protocol.send(Message::text("answer 1")), Ok(()));
            assert_eq!(peer.take(), Some(()));
            peer.assert_received(&[Message::Ping("second".into())]);
            assert_eq!(peer.take(), Some(()));
            peer.assert_received(&[Message::binary("third")]);
            assert_eq!(peer.protocol.send(Message::text("answer 3")), Ok(()));

            // Decoded, not taken: still open.
            assert_eq!(peer.decode(), Some(Err(error)));
            assert_eq!(peer.decode(), None);
            assert_eq!(peer.protocol.phase(), &Phase::Open);
            let late = Message::binary(vec![4; 5000]);
            assert_eq!(peer.protocol.send(late), Ok(()));

            peer.protocol.deliver(&Err(error));
            let sent = peer.protocol.send(Message::text("too late"));
            assert_eq!(sent, Err(SendError::Closed));
            let mut sent = peer.sent();
            let failed = sent.pop().expect("a Close");
            assert_close(&failed, code_of(error));
            let answers = [
                text("answer 1"),
                pong("second"),
                text("answer 3"),
                binary([4; 5000]),
            ];
            assert_eq!(sent, answers);
            assert_eq!(peer.protocol.phase(), &Phase::ended(Closure::Failed(error)));
            peer.assert_dead();
        }
    }
}

/// 7.1.7: between a violation and its delivery nothing that comes is interpreted either.
#[test]
fn nothing_is_interpreted_behind_a_violation_that_nobody_took() {
    for role in ROLES {
        for Violation { error, past, bytes } in violations(role) {
            let mut peer = Peer::facing_with(role, &CONFIG);
            peer.receive_together(&past);
            peer.arrive(&bytes);
            assert_eq!(peer.decode(), Some(Err(error)));
            for frame in [text("late"), ping("late"), close(1000, "")] {
                let bytes = peer.encode(&frame);
                peer.arrive(&bytes);
                assert_eq!(peer.decode(), None);
            }
            peer.assert_open();
        }
    }
}

/// 5.5.1, 7.1.7: behind our own Close a violation is noted, but there is no second Close.
#[test]
fn violation_after_our_close_sends_no_second_close() {
    for role in ROLES {
        for Violation { error, past, bytes } in violations(role) {
            let mut peer = Peer::facing_with(role, &CONFIG);
            assert_eq!(peer.protocol.close(None), Ok(()));
            peer.assert_sent(&[close_body("")]);
            peer.receive_together(&past);
            peer.receive_bytes(&bytes);
            assert_eq!(peer.events(), [Err(error)]);
            peer.assert_sent(&[]);
            assert_eq!(peer.protocol.phase(), &Phase::ended(Closure::Failed(error)));
            peer.assert_dead();
        }
    }
}

/// 7.1.7: the first violation wins over those behind it and over the end of the transport.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn first_violation_wins() {
    for role in ROLES {
        for Violation { error, past, bytes } in violations(role) {
            for Violation { bytes: second, .. } in violations(role) {
                let mut peer = Peer::facing_with(role, &CONFIG);
                peer.receive_together(&past);
                peer.receive_bytes(&[&bytes[..], &second].concat());
                peer.receive_bytes(&second);
                peer.protocol.handle_end_of_input(Loss::Ended);
                peer.assert_failed(error);
            }
        }
    }
}

/// 7.1.5: a violation that is taken after the transport was given up changes nothing.
#[test]
fn violation_after_the_end_of_input_changes_nothing() {
    for role in ROLES {
        for Violation { error, .. } in violations(role) {
            let mut peer = Peer::facing(role);
            peer.protocol.handle_end_of_input(Loss::Ended);
            peer.protocol.deliver(&Err(error));
            peer.protocol.deliver(&Ok(Message::Close(None)));
            peer.assert_sent(&[]);
            assert_eq!(
                peer.protocol.phase(),
                &Phase::ended(Closure::Lost(Loss::Ended))
            );
        }
    }
}
