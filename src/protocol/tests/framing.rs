//! Frames that a message consists of as a whole (RFC 6455, sections 5.1, 5.2, 5.6).

use super::harness::{
    Frame, Peer, ROLES, binary, close, continuation, head, key_of, masked, opposite, ping, pong,
    text,
};
use crate::{
    message::Message,
    wire::{ProtocolError, Role},
};

/// 5.2: every border of the three forms of a length.
const SIZES: [usize; 10] = [0, 1, 125, 126, 127, 128, 255, 65_535, 65_536, 100_000];

/// 5.2, 5.6: a message of every size arrives as it was sent, text as text, binary as binary.
#[test]
fn message_of_every_size_arrives() {
    for role in ROLES {
        for size in SIZES {
            let mut peer = Peer::facing(role);
            let data: Vec<u8> = (0..size).map(|i| i as u8).collect();
            peer.receive(&binary(&data));
            peer.assert_received(&[Message::binary(data)]);
            let letters: String = ('a'..='z').cycle().take(size).collect();
            peer.receive(&text(&letters));
            peer.assert_received(&[Message::text(letters)]);
            peer.assert_open();
        }
    }
}

/// 5.7: the examples of the RFC, byte for byte.
#[test]
fn example_of_the_rfc_is_understood() {
    let unmasked: [(&[u8], Message); 4] = [
        (b"\x81\x05Hello", Message::text("Hello")),
        (b"\x01\x03Hel\x80\x02lo", Message::text("Hello")),
        (b"\x89\x05Hello", Message::Ping("Hello".into())),
        (b"\x8A\x05Hello", Message::Pong("Hello".into())),
    ];
    for (bytes, message) in unmasked {
        let mut peer = Peer::facing(Role::Client);
        peer.receive_bytes(bytes);
        peer.assert_received(&[message]);
    }
    let masked: [(&[u8], Message); 2] = [
        (
            b"\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58",
            Message::text("Hello"),
        ),
        (
            b"\x8A\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58",
            Message::Pong("Hello".into()),
        ),
    ];
    for (bytes, message) in masked {
        let mut peer = Peer::facing(Role::Server);
        peer.receive_bytes(bytes);
        peer.assert_received(&[message]);
        peer.assert_open();
    }
    for (first, len, form) in [
        (b"\x82\x7E\x01\x00", 256, 4),
        (b"\x82\x7F\x00\x00", 65_536, 10),
    ] {
        let mut bytes = head(0x82, None, if form == 4 { 126 } else { 127 }, len);
        assert_eq!(bytes[..4], first[..]);
        bytes.extend(vec![7; len as usize]);
        let mut peer = Peer::facing(Role::Client);
        peer.receive_bytes(&bytes);
        peer.assert_received(&[Message::binary(vec![7; len as usize])]);
        peer.assert_open();
    }
}

/// 5.3: each frame is unmasked with its own key, whatever the key: also one that changes
/// nothing.
#[test]
fn masked_frames_are_unmasked_with_their_own_keys() {
    let mut peer = Peer::facing(Role::Server);
    let keys = [[0; 4], [0xFF; 4], [1, 2, 3, 4], [0x80, 0, 0x7F, 0xFF]];
    for (i, key) in keys.into_iter().enumerate() {
        let fragment = Frame {
            // Text, then what continues it.
            opcode: u8::from(i == 0),
            fin: i == 3,
            ..text("unmask me")
        };
        peer.receive_bytes(&fragment.encode_with(Some(key)));
        peer.receive_bytes(&ping([i as u8; 5]).encode_with(Some(key)));
        peer.assert_sent(&[pong([i as u8; 5])]);
    }
    let data: Vec<_> = peer
        .events()
        .into_iter()
        .flatten()
        .filter(Message::is_data)
        .collect();
    assert_eq!(data, [Message::text("unmask me".repeat(4))]);
    peer.assert_open();
}

/// 5.1: a frame with the wrong mask fails at its second byte, and what it carries is
/// neither delivered nor answered.
#[test]
fn wrongly_masked_frame_fails_before_its_payload() {
    for role in ROLES {
        for frame in [
            text("x"),
            binary("x").more(),
            ping("x"),
            pong(""),
            close(1000, ""),
        ] {
            let mut peer = Peer::facing(role);
            // The mask that belongs to frames in the other direction.
            let bytes = frame.encode_with(key_of(role));
            assert_eq!(peer.drip(&bytes), Some(2));
            peer.receive_bytes(&bytes[2..]);
            peer.assert_failed(match role {
                Role::Server => ProtocolError::UnmaskedFrame,
                Role::Client => ProtocolError::MaskedFrame,
            });
        }
    }
}

/// 5.2: each reserved bit fails each kind of frame, at its first byte.
#[test]
fn reserved_bit_fails_every_kind_of_frame() {
    for role in ROLES {
        for rsv in 1..=7 {
            for frame in [text("x"), binary(""), ping("x"), pong("x"), close(1000, "")] {
                let mut peer = Peer::facing(role);
                let bytes = peer.encode(&frame.rsv(rsv));
                assert_eq!(peer.drip(&bytes), Some(1));
                peer.assert_failed(ProtocolError::ReservedBits);
            }
            let mut peer = Peer::facing(role);
            peer.receive(&text("x").more());
            let bytes = peer.encode(&continuation("x").rsv(rsv));
            assert_eq!(peer.drip(&bytes), Some(1));
            peer.assert_failed(ProtocolError::ReservedBits);
        }
    }
}

/// 5.2: a reserved opcode fails at its first byte, whatever length follows, also inside a
/// fragmented message.
#[test]
fn reserved_opcode_fails_before_its_length() {
    for role in ROLES {
        for opcode in (0x3..=0x7).chain(0xB..=0xF) {
            for (form, len) in [
                (0, 0),
                (5, 5),
                (126, 0xFFFF),
                (127, 1 << 62),
                (127, 1 << 63),
            ] {
                for in_message in [false, true] {
                    let mut peer = Peer::facing(role);
                    if in_message {
                        peer.receive(&binary("x").more());
                    }
                    let bytes = head(0x80 | opcode, key_of(opposite(role)), form, len);
                    assert_eq!(peer.drip(&bytes), Some(1));
                    peer.receive_bytes(&bytes[1..]);
                    peer.assert_failed(ProtocolError::ReservedOpcode(opcode));
                }
            }
        }
    }
}

/// 5.2: a length in more bytes than it needs fails at the byte of the length that decides.
#[test]
fn length_in_too_many_bytes_fails() {
    for role in ROLES {
        for first in [0x81, 0x02] {
            // Of the 16-bit form both bytes decide; of the 64-bit form the first six.
            for (form, len, decisive) in
                [(126, 0, 4), (126, 125, 4), (127, 126, 8), (127, 65_535, 8)]
            {
                let mut peer = Peer::facing(role);
                let bytes = head(first, key_of(opposite(role)), form, len);
                assert_eq!(peer.drip(&bytes), Some(decisive));
                peer.assert_failed(ProtocolError::LengthNotMinimal);
            }
        }
    }
}

/// 5.2: a length with the most significant bit set fails at its first byte.
#[test]
fn length_with_the_highest_bit_fails() {
    for role in ROLES {
        for len in [1 << 63, (1 << 63) + 5, u64::MAX] {
            let mut peer = Peer::facing(role);
            let bytes = head(0x82, key_of(opposite(role)), 127, len);
            assert_eq!(peer.drip(&bytes), Some(3));
            peer.assert_failed(ProtocolError::LengthOutOfRange);
        }
    }
}

/// 6.2: byte by byte, a message is there with its last byte and not before.
#[test]
fn message_is_complete_with_its_last_byte() {
    for role in ROLES {
        for size in [0, 1, 125, 126, 1000, 65_536] {
            let mut peer = Peer::facing(role);
            let payload = vec![0xA5; size];
            let bytes = peer.encode(&binary(&payload));
            let (front, back) = bytes.split_at(bytes.len().saturating_sub(300));
            peer.receive_bytes(front);
            peer.assert_received(&[]);
            assert_eq!(peer.drip(back), Some(back.len()));
            peer.assert_received(&[Message::binary(payload)]);
            peer.assert_open();
        }
    }
}

/// 6.2: what follows a message in the same piece waits its turn.
#[test]
fn messages_of_one_piece_come_one_by_one() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        let frames = [text("one"), binary("two"), text(""), binary("")];
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| peer.encode(frame)).collect();
        let third = masked(key_of(peer.side()), b"three");
        peer.arrive(&bytes);
        peer.arrive(&head(0x81, key_of(peer.side()), 5, 5));
        for expected in [
            Message::text("one"),
            Message::binary("two"),
            Message::text(""),
            Message::binary(""),
        ] {
            assert_eq!(peer.decode(), Some(Ok(expected)));
        }
        assert_eq!(peer.decode(), None);
        peer.receive_bytes(&third);
        peer.assert_received(&[Message::text("three")]);
        peer.assert_open();
    }
}

/// 5.2: of an unfragmented frame nothing is taken before it is there, if nothing in it can be wrong
/// and it is not large. Text is looked at as it comes (8.1).
#[test]
fn opaque_frames_are_awaited_as_a_whole() {
    for role in ROLES {
        for (frame, is_awaited) in [
            (binary(vec![7; 10]), true),
            (binary(vec![7; 65_536]), true),
            (binary(vec![7; 65_537]), false),
            (binary(vec![7; 10]).more(), false),
            (text(vec![b'a'; 10]), false),
        ] {
            let mut peer = Peer::facing(role);
            let bytes = peer.encode(&frame);
            let (last, first) = bytes.split_last().expect("a header");
            peer.receive_bytes(first);
            peer.assert_received(&[]);
            let kept = if is_awaited { first.len() } else { 0 };
            assert_eq!(peer.input.len(), kept, "{frame:?}");
            assert_eq!(peer.protocol.incoming().is_in_message(), !is_awaited);
            peer.receive_bytes(&[*last]);
            assert_eq!(peer.events().len(), usize::from(frame.first_byte() >= 0x80));
        }
    }
}
