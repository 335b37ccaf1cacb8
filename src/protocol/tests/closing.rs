//! The closing handshake (RFC 6455, sections 5.5.1, 7.1 and 7.4).

use super::harness::{
    Frame, Pair, Peer, ROLES, binary, close, close_body, continuation, opposite, ping, text,
};
use crate::{
    message::{CloseFrame, InvalidClose, Message},
    protocol::{Closure, Initiator, Phase, SendError},
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
                    Some(&clean(Initiator::Local, Some(echo)))
                );
                let remote = Some(&clean(Initiator::Remote, Some(frame))).cloned();
                assert_eq!(pair.closure(opposite(role)).cloned(), remote);
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

fn clean(initiator: Initiator, frame: Option<CloseFrame>) -> Closure {
    Closure::Clean { initiator, frame }
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

/// 7.1.2, 7.1.5: we start, the peer answers: its code is the connection's, and it gets no
/// second Close.
#[test]
fn answer_to_our_close_ends_the_handshake() {
    for role in ROLES {
        for answer in [close_body(""), close(1000, ""), close(4000, "own code")] {
            let mut peer = Peer::facing(role);
            let ours = CloseFrame::new(1001, "bye");
            assert_eq!(peer.protocol.close(Some(&ours)), Ok(()));
            peer.assert_sent(&[close(1001, "bye")]);
            assert_eq!(peer.protocol.phase(), &Phase::CloseSent);
            peer.receive(&answer);
            let events = peer.events();
            let [Ok(Message::Close(frame))] = &events[..] else {
                panic!("{events:?}");
            };
            let body = frame.as_ref().map_or(vec![], |frame| {
                [&frame.code.to_be_bytes(), frame.reason.as_bytes()].concat()
            });
            assert_eq!(body, answer.payload);
            peer.assert_sent(&[]);
            peer.assert_closed(Initiator::Local, frame.clone());
        }
    }
}

/// 7.1.2: until the peer answers our Close it may send: data is delivered, also the rest of
/// a message that was under way.
#[test]
fn data_behind_our_close_is_delivered() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        peer.receive(&text("be").more());
        assert_eq!(peer.protocol.close(None), Ok(()));
        peer.receive_together(&[continuation("gun"), binary("new"), text("part").more()]);
        peer.assert_received(&[Message::text("begun"), Message::binary("new")]);
        peer.assert_sent(&[close_body("")]);
        assert_eq!(peer.protocol.phase(), &Phase::CloseSent);
        peer.receive(&close(1000, ""));
        assert_eq!(peer.events().len(), 1);
        peer.assert_closed(Initiator::Local, Some(CloseFrame::new(1000, "")));
    }
}

/// 7.1.5: closes that cross are each the answer to the other: one Close each way.
#[test]
fn crossing_closes_end_both_sides() {
    for role in ROLES {
        let mut pair = Pair::new();
        let (ours, theirs) = (CloseFrame::new(1001, "us"), CloseFrame::new(4000, "them"));
        assert_eq!(pair.end(role).protocol.close(Some(&ours)), Ok(()));
        let other = pair.end(opposite(role));
        assert_eq!(other.protocol.close(Some(&theirs)), Ok(()));
        let queued = [role, opposite(role)].map(|role| pair.end(role).protocol.queued());
        let written = pair.pump();
        assert_eq!(
            written,
            queued.iter().sum::<usize>(),
            "nothing but two Closes"
        );
        assert_eq!(
            pair.closure(role),
            Some(&clean(Initiator::Local, Some(theirs)))
        );
        assert_eq!(
            pair.closure(opposite(role)),
            Some(&clean(Initiator::Local, Some(ours)))
        );
    }
}

/// 5.4: a Close may come between fragments. The message under way is forgotten.
#[test]
fn close_inside_a_fragmented_message_is_lawful() {
    for role in ROLES {
        for begun in [
            text("begun").more(),
            binary("begun").more(),
            text(b"\xC3").more(),
        ] {
            let mut peer = Peer::facing(role);
            peer.receive_together(&[begun, close(1000, "now"), continuation("late")]);
            let frame = CloseFrame::new(1000, "now");
            peer.assert_received(&[Message::Close(Some(frame.clone()))]);
            peer.assert_sent(&[close(1000, "")]);
            assert_eq!(peer.protocol.partial_len(), 0);
            peer.assert_closed(Initiator::Remote, Some(frame));
        }
    }
}

/// 1.4, 5.5.1: nothing behind a Close is interpreted, lawful or not, in its own piece or
/// later; the first Close tells the code (7.1.5).
#[test]
fn nothing_behind_a_close_is_interpreted() {
    let late = [
        text("late"),
        ping("late"),
        close(1001, "second"),
        close_body([0]),
        continuation(""),
        text(b"\xFF"),
        Frame::new(0x3, "").rsv(7),
    ];
    for role in ROLES {
        for frame in &late {
            let mut peer = Peer::facing(role);
            peer.receive_together(&[close(1000, "first"), frame.clone()]);
            let first = CloseFrame::new(1000, "first");
            peer.assert_received(&[Message::Close(Some(first.clone()))]);
            peer.assert_sent(&[close(1000, "")]);
            peer.receive(frame);
            peer.assert_closed(Initiator::Remote, Some(first));
        }
    }
}

/// 5.5.1: our answers to what came before a Close leave before ours, however late we take it.
#[test]
fn answers_queued_before_a_close_is_taken_leave_before_the_echo() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for frame in [text("question"), close(1000, "")] {
            let bytes = peer.encode(&frame);
            peer.arrive(&bytes);
        }
        assert_eq!(peer.take(), Some(()));
        let decoded = peer.decode().expect("a Close");
        assert_eq!(peer.protocol.phase(), &Phase::Open);
        assert_eq!(peer.protocol.send(Message::text("answer")), Ok(()));
        peer.protocol.deliver(&decoded);
        peer.assert_sent(&[text("answer"), close(1000, "")]);
        peer.assert_received(&[Message::text("question")]);
        peer.assert_dead();
    }
}

/// 5.5.1: after our Close nothing can be sent, and no second Close is, whatever it says.
#[test]
fn nothing_is_sent_after_our_close() {
    let large = vec![0; 10_000];
    for role in ROLES {
        let mut peer = Peer::facing(role);
        assert_eq!(peer.protocol.send(Message::binary(large.clone())), Ok(()));
        assert_eq!(
            peer.protocol.close(Some(&CloseFrame::new(1000, ""))),
            Ok(())
        );
        let queued = peer.protocol.queued();
        for message in [
            Message::text("late"),
            Message::binary("late"),
            Message::binary(large.clone()),
            Message::Ping("late".into()),
            Message::Pong("late".into()),
        ] {
            assert_eq!(peer.protocol.send(message), Err(SendError::Closed));
        }
        let second = CloseFrame::new(1011, "second");
        assert_eq!(peer.protocol.close(Some(&second)), Ok(()));
        assert_eq!(peer.protocol.send(Message::Close(Some(second))), Ok(()));
        assert_eq!(peer.protocol.queued(), queued);
        peer.assert_sent(&[binary(&large), close(1000, "")]);
        assert_eq!(peer.protocol.phase(), &Phase::CloseSent);
    }
}

/// 5.5.1: `send` of a Close starts the handshake as `close` does.
#[test]
fn close_message_starts_the_handshake() {
    for role in ROLES {
        for frame in [None, Some(CloseFrame::new(3000, "wörd"))] {
            let mut peer = Peer::facing(role);
            assert_eq!(peer.protocol.send(Message::Close(frame.clone())), Ok(()));
            let expected = frame.map_or(close_body(""), |_| close(3000, "wörd"));
            peer.assert_sent(&[expected]);
            assert_eq!(peer.protocol.phase(), &Phase::CloseSent);
        }
    }
}

/// 5.5.1: a reason of 123 bytes is sent, one of 124 is refused, and the connection stays
/// open; the code is judged first, also when the connection is closing.
#[test]
fn unsendable_close_is_refused() {
    let frame = |code, len| CloseFrame {
        code,
        reason: "r".repeat(len).into(),
    };
    for role in ROLES {
        let mut peer = Peer::facing(role);
        let refused = peer.protocol.close(Some(&frame(1000, 124)));
        assert_eq!(refused, Err(InvalidClose::ReasonTooLong(124)));
        peer.assert_open();
        assert_eq!(peer.protocol.send(Message::text("open")), Ok(()));
        assert_eq!(peer.protocol.close(Some(&frame(1000, 123))), Ok(()));
        peer.assert_sent(&[text("open"), close(1000, "r".repeat(123))]);
        let refused = peer.protocol.close(Some(&frame(1006, 0)));
        assert_eq!(refused, Err(InvalidClose::Code(1006)));
        peer.assert_sent(&[]);
        assert_eq!(peer.protocol.phase(), &Phase::CloseSent);
    }
}

/// 7.1.5: without a Close of the peer the end of the transport is a loss (1006); with one,
/// or behind a violation, it changes nothing.
#[test]
fn end_of_input_is_a_loss_unless_closing_was_done() {
    let pasts: [(&[Frame], bool, Option<Closure>); 6] = [
        (&[], false, None),
        (&[text("partial").more()], false, None),
        (&[], true, None),
        (
            &[close_body("")],
            false,
            Some(clean(Initiator::Remote, None)),
        ),
        (&[close_body("")], true, Some(clean(Initiator::Local, None))),
        (
            &[continuation("")],
            false,
            Some(Closure::Failed(ProtocolError::UnexpectedContinuation)),
        ),
    ];
    for role in ROLES {
        for (frames, we_closed, closure) in &pasts {
            let mut peer = Peer::facing(role);
            if *we_closed {
                assert_eq!(peer.protocol.close(None), Ok(()));
            }
            peer.receive_together(frames);
            peer.protocol.handle_end_of_input();
            let expected = closure.clone().unwrap_or(Closure::Lost);
            assert_eq!(peer.protocol.phase(), &Phase::Ended(expected.clone()));
            let sent = peer.protocol.send(Message::text("late"));
            assert_eq!(sent, Err(SendError::Closed));
            peer.protocol.handle_end_of_input();
            assert_eq!(peer.protocol.phase(), &Phase::Ended(expected));
        }
    }
}

/// 7.1.4: closing was not done if the transport broke before our Close, or our answer, had
/// left as a whole; whatever else ended the connection stays.
#[test]
fn close_that_never_left_is_a_loss() {
    for role in ROLES {
        for we_started in [false, true] {
            let mut peer = Peer::facing(role);
            if we_started {
                assert_eq!(peer.protocol.close(None), Ok(()));
            }
            peer.receive(&close_body(""));
            peer.write(1);
            peer.protocol.discard_outgoing();
            assert_eq!(peer.protocol.queued(), 0);
            assert_eq!(peer.protocol.phase(), &Phase::Ended(Closure::Lost));

            let mut peer = Peer::facing(role);
            if we_started {
                assert_eq!(peer.protocol.close(None), Ok(()));
            }
            peer.receive(&close_body(""));
            peer.assert_sent(&[close_body("")]);
            peer.protocol.discard_outgoing();
            let initiator = if we_started {
                Initiator::Local
            } else {
                Initiator::Remote
            };
            peer.events();
            peer.assert_closed(initiator, None);
        }
        let mut peer = Peer::facing(role);
        peer.receive(&continuation(""));
        peer.protocol.discard_outgoing();
        let error = ProtocolError::UnexpectedContinuation;
        assert_eq!(peer.protocol.phase(), &Phase::Ended(Closure::Failed(error)));
    }
}
