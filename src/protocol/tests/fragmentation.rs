//! Messages in several frames (RFC 6455, section 5.4).

use super::harness::{Frame, Peer, ROLES, binary, close, continuation, ping, pong, text};
use crate::{message::Message, wire::ProtocolError};

/// The message that `payload` makes under this opcode.
fn message(opcode: u8, payload: &str) -> Message {
    match opcode {
        0x1 => Message::text(payload),
        _ => Message::binary(payload.to_owned()),
    }
}

/// 5.4: fragments are joined in their order, wherever the payload is cut; empty ones, at
/// the front, between and at the end, add nothing.
#[test]
fn fragments_are_joined_wherever_they_are_cut() {
    let payload = "joined";
    for role in ROLES {
        for opcode in [0x1, 0x2] {
            for i in 0..=payload.len() {
                for j in i..=payload.len() {
                    let mut peer = Peer::facing(role);
                    peer.receive(&Frame::new(opcode, &payload[..i]).more());
                    assert_eq!(peer.protocol.partial_len(), i);
                    peer.receive(&continuation(&payload[i..j]).more());
                    assert_eq!(peer.protocol.partial_len(), j);
                    peer.assert_open();
                    peer.receive(&continuation(&payload[j..]));
                    peer.assert_received(&[message(opcode, payload)]);
                    assert_eq!(peer.protocol.partial_len(), 0);
                    peer.assert_open();
                }
            }
        }
    }
}

/// Frames and messages are counted when they are complete, and what is told of a message under way
/// is so until its last frame.
#[test]
fn what_has_come_is_counted() {
    let steps = [
        // The frame; whether a message is under way behind it; messages, frames, payload, pings.
        (binary("ab"), false, (1, 1, 2, 0)),
        (text("c").more(), true, (1, 2, 2, 0)),
        (ping("p"), true, (1, 3, 2, 1)),
        (continuation("de").more(), true, (1, 4, 2, 1)),
        (pong("q"), true, (1, 5, 2, 1)),
        (continuation("f"), false, (2, 6, 6, 1)),
        (text(""), false, (3, 7, 6, 1)),
    ];
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for (frame, is_under_way, counts) in &steps {
            peer.receive(frame);
            let incoming = peer.protocol.incoming();
            let tally = incoming.tally();
            let counted = (
                tally.messages(),
                tally.frames(),
                tally.payload(),
                tally.pings(),
            );
            assert_eq!(counted, *counts, "{frame:?}");
            assert_eq!(incoming.is_in_message(), *is_under_way, "{frame:?}");
            assert!(incoming.needs_more(&[]) && !incoming.needs_more(&[0]));
        }
    }
}

/// 5.4: a message may consist of nothing but empty frames.
#[test]
fn empty_fragments_make_an_empty_message() {
    for role in ROLES {
        for opcode in [0x1, 0x2] {
            for count in 0..5 {
                let mut peer = Peer::facing(role);
                peer.receive(&Frame::new(opcode, "").more());
                for _ in 0..count {
                    peer.receive(&continuation("").more());
                }
                peer.assert_open();
                peer.receive(&continuation(""));
                peer.assert_received(&[message(opcode, "")]);
                peer.assert_open();
            }
        }
    }
}

/// 5.4: one byte to a fragment is as good as one piece.
#[test]
fn fragments_of_one_byte_are_joined() {
    for role in ROLES {
        for opcode in [0x1, 0x2] {
            let payload = "0123456789".repeat(200);
            let mut peer = Peer::facing(role);
            peer.receive(&Frame::new(opcode, "").more());
            for byte in payload.as_bytes() {
                peer.receive(&continuation([*byte]).more());
            }
            assert_eq!(peer.protocol.partial_len(), payload.len());
            peer.receive(&continuation(""));
            peer.assert_received(&[message(opcode, &payload)]);
            peer.assert_open();
        }
    }
}

/// 5.4: "the opcode of the first frame" is the message's: each message has its own.
#[test]
fn kind_of_a_message_is_that_of_its_first_frame() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for (opcode, payload) in [(0x1, "ß"), (0x2, "raw"), (0x2, ""), (0x1, "")] {
            peer.receive(&Frame::new(opcode, payload).more());
            peer.receive(&continuation("!"));
            peer.assert_received(&[message(opcode, &format!("{payload}!"))]);
        }
        peer.assert_open();
    }
}

/// 5.4, 5.5: control frames between fragments are handled at once and leave the message be.
#[test]
fn control_frames_between_fragments_are_handled_at_once() {
    for role in ROLES {
        for opcode in [0x1, 0x2] {
            let mut peer = Peer::facing(role);
            peer.receive(&Frame::new(opcode, "a").more());
            for between in ["", "1", "2"] {
                peer.receive_together(&[ping(between), pong("unasked")]);
                peer.assert_received(&[
                    Message::Ping(between.into()),
                    Message::Pong("unasked".into()),
                ]);
                peer.assert_sent(&[pong(between)]);
                peer.receive(&continuation(between).more());
                peer.assert_received(&[]);
            }
            peer.receive(&continuation("z"));
            peer.assert_received(&[message(opcode, "a12z")]);
            peer.assert_open();
        }
    }
}

/// 5.4: a new data frame inside a fragmented message fails at its first byte: whatever its
/// kind and the message's, final or not, empty or not.
#[test]
fn data_frame_between_fragments_is_a_protocol_error() {
    for role in ROLES {
        for begun in [text("a").more(), binary("a").more(), text("").more()] {
            for frame in [text("b"), binary("b"), text("")] {
                for frame in [frame.clone(), frame.more()] {
                    for behind_ping in [false, true] {
                        let mut peer = Peer::facing(role);
                        peer.receive(&begun);
                        if behind_ping {
                            peer.receive(&ping(""));
                            peer.assert_received(&[Message::Ping("".into())]);
                            peer.assert_sent(&[pong("")]);
                        }
                        let bytes = peer.encode(&frame);
                        assert_eq!(peer.drip(&bytes), Some(1));
                        assert_eq!(peer.protocol.partial_len(), 0);
                        peer.assert_failed(ProtocolError::ExpectedContinuation);
                    }
                }
            }
        }
    }
}

/// 5.4: a continuation frame fails at its first byte if there is nothing to continue:
/// at the start, behind a whole message, behind a fragmented one, behind a control frame.
#[test]
fn continuation_without_a_message_is_a_protocol_error() {
    let pasts: [&[Frame]; 5] = [
        &[],
        &[text("whole")],
        &[binary("two").more(), continuation("frames")],
        &[text("").more(), continuation(""), ping("")],
        &[pong("")],
    ];
    for role in ROLES {
        for past in pasts {
            for frame in [
                continuation("x"),
                continuation(""),
                continuation("x").more(),
            ] {
                let mut peer = Peer::facing(role);
                peer.receive_together(past);
                peer.events();
                peer.sent();
                let bytes = peer.encode(&frame);
                assert_eq!(peer.drip(&bytes), Some(1));
                peer.assert_failed(ProtocolError::UnexpectedContinuation);
            }
        }
    }
}

/// 5.5: a control frame without FIN fails at its first byte, also between fragments, and
/// with a continuation behind it that would complete it.
#[test]
fn fragmented_control_frame_is_a_protocol_error() {
    for role in ROLES {
        for frame in [ping("a"), pong("a"), close(1000, ""), ping("")] {
            for in_message in [false, true] {
                let mut peer = Peer::facing(role);
                if in_message {
                    peer.receive(&text("a").more());
                }
                let bytes = peer.encode(&frame.clone().more());
                assert_eq!(peer.drip(&bytes), Some(1));
                peer.receive(&continuation("b"));
                peer.assert_failed(ProtocolError::FragmentedControl);
            }
        }
    }
}
