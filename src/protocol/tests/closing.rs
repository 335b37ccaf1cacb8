//! The closing handshake (RFC 6455, sections 5.5.1 and 7.1).

use super::harness::{
    Frame, Pair, Peer, ROLES, binary, clean, close, close_body, continuation, opposite, ping, text,
};
use crate::{
    message::{CloseFrame, InvalidClose, Message},
    protocol::{Closure, Initiator, Loss, Phase, SendError},
    wire::ProtocolError,
};

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
            Some(&clean(
                Initiator::Local,
                Some(theirs.clone()),
                Some(ours.clone())
            ))
        );
        assert_eq!(
            pair.closure(opposite(role)),
            Some(&clean(Initiator::Local, Some(ours), Some(theirs)))
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
            Some(clean(Initiator::Remote, None, None)),
        ),
        (
            &[close_body("")],
            true,
            Some(clean(Initiator::Local, None, None)),
        ),
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
            peer.protocol.handle_end_of_input(Loss::Ended);
            let expected = closure.clone().unwrap_or(Closure::Lost(Loss::Ended));
            assert_eq!(peer.protocol.phase(), &Phase::ended(expected.clone()));
            let sent = peer.protocol.send(Message::text("late"));
            assert_eq!(sent, Err(SendError::Closed));
            peer.protocol.handle_end_of_input(Loss::Ended);
            assert_eq!(peer.protocol.phase(), &Phase::ended(expected));
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
            assert_eq!(
                peer.protocol.phase(),
                &Phase::ended(Closure::Lost(Loss::Ended))
            );

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
        assert_eq!(peer.protocol.phase(), &Phase::ended(Closure::Failed(error)));
    }
}

/// One line for a log: who began, the code, and the peer's words, if there are any.
#[test]
fn closure_tells_who_has_closed_and_why() {
    let with = |code, reason: &'static str| Some(CloseFrame::new(code, reason));
    for (initiator, sent, frame, line) in [
        (
            Initiator::Local,
            with(1001, "so"),
            with(1001, ""),
            "closed by this side with 1001 \"so\"",
        ),
        (
            Initiator::Local,
            with(1000, ""),
            with(1000, ""),
            "closed by this side with 1000",
        ),
        (
            Initiator::Local,
            None,
            None,
            "closed by this side with 1005",
        ),
        (
            Initiator::Remote,
            with(4000, ""),
            with(4000, "a\n"),
            r#"closed by the peer with 4000 "a\n""#,
        ),
        (
            Initiator::Remote,
            None,
            None,
            "closed by the peer with 1005",
        ),
    ] {
        let closure = Closure::Clean {
            initiator,
            sent,
            frame,
        };
        assert_eq!(closure.to_string(), line);
    }
    let failed = Closure::Failed(ProtocolError::InvalidUtf8).to_string();
    assert!(
        failed.starts_with("peer broke the protocol (1007): "),
        "{failed}"
    );
    let lost = Closure::Lost(Loss::Ended).to_string();
    assert!(
        lost.starts_with("connection lost without a closing handshake: "),
        "{lost}"
    );
}

/// 5.5: a reason that is too long for a Close is refused, or cut where that was asked for, at a
/// code point.
#[cfg(feature = "axum")]
#[test]
fn long_reasons_are_cut_where_that_was_asked_for() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        let long = CloseFrame {
            code: 4000,
            reason: "\u{e9}".repeat(100).into(),
        };
        let refused = peer.protocol.close(Some(&long));
        assert_eq!(refused, Err(InvalidClose::ReasonTooLong(200)));
        peer.assert_open();
        peer.protocol.cut_reasons();
        assert_eq!(peer.protocol.close(Some(&long)), Ok(()));
        peer.assert_sent(&[close(4000, "\u{e9}".repeat(61))]);
    }
}

/// 7.1.7: nothing of what came is interpreted any more, nor held.
#[test]
fn what_came_is_dropped_when_receiving_stops() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        peer.receive(&text("begun").more());
        let next = peer.encode(&ping("next"));
        peer.arrive(&next);
        let Peer {
            protocol, input, ..
        } = &mut peer;
        protocol.stop_receiving(input);
        assert_eq!((input.len(), protocol.incoming().partial_len()), (0, 0));
        peer.receive(&ping("later"));
        peer.assert_open();
    }
}
