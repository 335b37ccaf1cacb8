//! Limits of frames and messages (RFC 6455, sections 7.4.1 and 10.4).

use super::harness::{
    Frame, Peer, ROLES, binary, close, continuation, head, key_of, opposite, ping, pong, text,
};
use crate::{
    config::Config,
    message::Message,
    protocol::Phase,
    wire::{ProtocolError, Role},
};

fn too_big(size: u64, max: usize) -> ProtocolError {
    ProtocolError::MessageTooBig { size, max }
}

/// The number of bytes of a header that the peer of `role` sends for `len` bytes.
fn header_len(role: Role, len: usize) -> usize {
    let long = match len {
        0..=125 => 0,
        126..=65_535 => 2,
        _ => 8,
    };
    2 + long + if role == Role::Server { 4 } else { 0 }
}

/// 10.4: a message at the limit passes, time and again; with one byte more it fails with
/// 1009 while its header comes, before any of its payload.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn message_above_the_limit_fails_at_its_header() {
    for role in ROLES {
        for limit in [0, 1, 125, 126, 1000, 65_535, 65_536, 1 << 20] {
            let config = Config::new().max_message_size(limit);
            for opcode in [0x1, 0x2] {
                let mut peer = Peer::facing_with(role, &config);
                for _ in 0..2 {
                    peer.receive(&Frame::new(opcode, vec![b'x'; limit]));
                    let events = peer.events();
                    let [Ok(message)] = &events[..] else {
                        panic!("{events:?}");
                    };
                    assert_eq!(message.len(), limit);
                }
                peer.assert_open();
                let bytes = peer.encode(&Frame::new(opcode, vec![b'x'; limit + 1]));
                let header = &bytes[..header_len(role, limit + 1)];
                let taken = peer.drip(header).expect("a failure in the header");
                // The mask, which comes last, is not needed.
                let mask = if role == Role::Server { 4 } else { 0 };
                assert!(taken <= header.len() - mask, "{limit} {taken}");
                peer.assert_failed(too_big(limit as u64 + 1, limit));
            }
        }
    }
}

/// 10.4: a message in fragments is measured as a whole: each fragment may be small.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn fragments_above_the_limit_together_fail_at_the_header_that_exceeds_it() {
    for role in ROLES {
        for limit in [10, 130, 100_000] {
            let config = Config::new().max_message_size(limit);
            for opcode in [0x1, 0x2] {
                for first in (0..=limit).step_by(limit / 10) {
                    // To the limit, and an empty frame that adds nothing.
                    let mut peer = Peer::facing_with(role, &config);
                    let rest = limit - first;
                    peer.receive(&Frame::new(opcode, vec![b'x'; first]).more());
                    peer.receive(&continuation(vec![b'x'; rest]).more());
                    peer.receive(&continuation(""));
                    let events = peer.events();
                    let [Ok(message)] = &events[..] else {
                        panic!("{events:?}");
                    };
                    assert_eq!(message.len(), limit);
                    peer.assert_open();

                    // One byte above it; control frames between do not count.
                    let mut peer = Peer::facing_with(role, &config);
                    peer.receive(&Frame::new(opcode, vec![b'x'; first]).more());
                    peer.receive(&pong([0; 125]));
                    assert_eq!(peer.events().len(), 1);
                    let bytes = peer.encode(&continuation(vec![b'x'; rest + 1]).more());
                    let header = &bytes[..header_len(role, rest + 1)];
                    assert!(peer.drip(header).is_some(), "{limit} {first}");
                    assert_eq!(peer.protocol.partial_len(), 0);
                    peer.assert_failed(too_big(limit as u64 + 1, limit));
                }
            }
        }
    }
}

/// 10.4: a character whose end has not come counts with the bytes that have.
#[test]
fn incomplete_character_counts_to_the_size() {
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &Config::new().max_message_size(4));
        let cake = "🍰".as_bytes();
        peer.receive(&text(&cake[..3]).more());
        assert_eq!(peer.protocol.partial_len(), 3);
        peer.receive(&continuation(&cake[3..]));
        peer.assert_received(&[Message::text("🍰")]);
        peer.receive(&text(&cake[..3]).more());
        peer.receive(&continuation("xx"));
        peer.assert_failed(too_big(5, 4));
    }
}

/// 10.4: a frame at its limit passes, also several in one message; with one byte more it
/// fails at its header, wherever it stands.
#[test]
fn frame_above_the_limit_fails_at_its_header() {
    for role in ROLES {
        for limit in [0, 1, 125, 126, 1000, 65_536] {
            let config = Config::new().max_frame_size(limit);
            let at_limit = vec![b'x'; limit];
            let above = vec![b'x'; limit + 1];
            let expected = ProtocolError::FrameTooBig {
                size: limit as u64 + 1,
                max: limit,
            };
            for begun in [false, true] {
                let mut peer = Peer::facing_with(role, &config);
                peer.receive(&text(&at_limit).more());
                peer.receive(&continuation(&at_limit).more());
                peer.receive(&continuation(&at_limit));
                let whole = "x".repeat(3 * limit);
                peer.assert_received(&[Message::text(whole)]);
                peer.assert_open();
                let frame = if begun {
                    peer.receive(&binary("").more());
                    continuation(&above)
                } else {
                    binary(&above)
                };
                let bytes = peer.encode(&frame);
                assert!(peer.drip(&bytes[..header_len(role, limit + 1)]).is_some());
                peer.assert_failed(expected);
            }
        }
    }
}

/// 10.4: of a length that is announced nothing is allocated: the largest that the limits
/// let pass is waited for.
#[test]
fn announced_length_within_the_limits_holds_nothing() {
    let config = Config::new().max_message_size(usize::MAX);
    for role in ROLES {
        for len in [1 << 30, isize::MAX as u64 / 4, isize::MAX as u64] {
            for opcode in [0x1, 0x2] {
                let mut peer = Peer::facing_with(role, &config);
                let header = head(0x80 | opcode, key_of(opposite(role)), 127, len);
                assert_eq!(peer.drip(&header), None);
                assert_eq!(peer.protocol.partial_len(), 0);
                peer.assert_open();
            }
        }
    }
}

/// 10.4: at most `max_fragments` frames to a message: one more fails with its header.
/// Control frames between do not count; the next message counts anew.
#[test]
fn message_in_too_many_frames_fails_at_the_header_of_the_next() {
    for role in ROLES {
        for max in [1, 2, 3, 50] {
            let config = Config::new().max_fragments(max);
            for payload in ["", "x"] {
                let mut peer = Peer::facing_with(role, &config);
                for _ in 0..2 {
                    for i in 1..=max {
                        // Text, then what continues it.
                        let frame = Frame::new(u8::from(i == 1), payload);
                        peer.receive(&if i < max { frame.more() } else { frame });
                        peer.receive(&pong(""));
                    }
                    let events = peer.events();
                    let messages: Vec<_> = events
                        .into_iter()
                        .flatten()
                        .filter(Message::is_data)
                        .collect();
                    assert_eq!(messages, [Message::text(payload.repeat(max))]);
                }
                peer.receive(&binary(payload).more());
                for _ in 1..max {
                    peer.receive(&continuation(payload).more());
                }
                peer.assert_open();
                let bytes = peer.encode(&continuation("never arrives"));
                assert!(peer.drip(&bytes[..header_len(role, 13)]).is_some());
                assert_eq!(peer.protocol.partial_len(), 0);
                peer.assert_failed(ProtocolError::TooManyFragments { max });
            }
        }
    }
}

/// 10.4: a flood of empty continuations ends at the default of 131,072 frames.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn endless_empty_fragments_end_at_the_default() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        peer.receive(&text("").more());
        let flood = peer.encode(&continuation("").more()).repeat((1 << 17) - 1);
        peer.receive_bytes(&flood);
        assert_eq!(peer.protocol.partial_len(), 0);
        peer.assert_open();
        peer.receive(&continuation("").more());
        peer.assert_failed(ProtocolError::TooManyFragments { max: 1 << 17 });
    }
}

/// 10.4: what is held of a message never exceeds the limit, whatever comes.
#[test]
fn held_bytes_never_exceed_the_limit() {
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &Config::new().max_message_size(1000));
        peer.receive(&binary("").more());
        let mut most = 0;
        let flood = peer.encode(&continuation([0; 7]).more()).repeat(200);
        for piece in flood.chunks(1) {
            peer.receive_bytes(piece);
            most = most.max(peer.protocol.partial_len());
        }
        assert_eq!(most, 1000 / 7 * 7);
        assert_eq!(peer.protocol.partial_len(), 0);
        peer.assert_failed(too_big(1001, 1000));
    }
}

/// 7.1.2, 10.4: the limits hold on while we wait for the peer's Close.
#[test]
fn limits_hold_after_our_close() {
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &Config::new().max_message_size(10));
        assert_eq!(peer.protocol.close(None), Ok(()));
        assert_eq!(peer.protocol.phase(), &Phase::CloseSent);
        peer.receive_together(&[ping([0; 125]), text("0123456789"), close(1000, "")]);
        assert_eq!(peer.events().len(), 3);

        let mut peer = Peer::facing_with(role, &Config::new().max_message_size(10));
        assert_eq!(peer.protocol.close(None), Ok(()));
        peer.receive(&text("0123456789A"));
        assert_eq!(peer.events(), [Err(too_big(11, 10))]);
        peer.assert_sent(&[Frame::new(0x8, "")]);
        peer.assert_dead();
    }
}
