//! Text is UTF-8, and fails at its first bad byte (RFC 6455, section 8.1; RFC 3629).

use super::harness::{Frame, Peer, ROLES, binary, continuation, ping, pong, text};
use crate::{config::Config, message::Message, wire::ProtocolError};

/// Characters of one to four bytes, the first and last of each length and of each gap.
const CHARACTERS: &str = "a\u{0}\u{7F}\u{80}ß\u{7FF}\u{800}水\u{D7FF}\u{E000}\u{FFFD}\
    \u{FEFF}\u{10000}🍰\u{10FFFF}z";

/// What may follow in a character, as the ABNF of RFC 3629, section 4, has it.
///
/// `head` is the character's beginning. `None`: it is complete.
fn tail(head: &[u8]) -> Option<std::ops::RangeInclusive<u8>> {
    match head {
        [0x00..=0x7F] | [0xC2..=0xDF, _] | [0xE0..=0xEF, _, _] | [_, _, _, _] => None,
        [] => Some(0x00..=0x7F),
        [0xE0] => Some(0xA0..=0xBF),
        [0xED] => Some(0x80..=0x9F),
        [0xF0] => Some(0x90..=0xBF),
        [0xF4] => Some(0x80..=0x8F),
        _ => Some(0x80..=0xBF),
    }
}

/// Whether `byte` may follow `head` in a character.
fn may_follow(head: &[u8], byte: u8) -> bool {
    match head {
        [] => matches!(byte, 0x00..=0x7F | 0xC2..=0xF4),
        head => tail(head).is_some_and(|tail| tail.contains(&byte)),
    }
}

/// Bytes at every border of the ABNF.
const BORDERS: [u8; 32] = [
    0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xC3, 0xDF, 0xE0, 0xE1,
    0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF,
];

/// Every shortest bad beginning of a character, and every whole character, of these bytes.
fn sequences(head: &mut Vec<u8>, bad: &mut Vec<Vec<u8>>, good: &mut Vec<Vec<u8>>) {
    for byte in BORDERS {
        let lawful = may_follow(head, byte);
        head.push(byte);
        if !lawful {
            bad.push(head.clone());
        } else if tail(head).is_none() {
            good.push(head.clone());
        } else {
            sequences(head, bad, good);
        }
        head.pop();
    }
}

/// 8.1: valid text is joined wherever its bytes are cut into frames, and however those
/// arrive.
#[test]
fn text_may_be_cut_inside_characters() {
    let bytes = CHARACTERS.as_bytes();
    for role in ROLES {
        for cut in 0..=bytes.len() {
            let frames = [text(&bytes[..cut]).more(), continuation(&bytes[cut..])];
            let mut peer = Peer::facing(role);
            peer.receive_together(&frames);
            peer.assert_received(&[Message::text(CHARACTERS)]);
            for frame in &frames {
                for byte in peer.encode(frame) {
                    peer.receive_bytes(&[byte]);
                }
            }
            peer.assert_received(&[Message::text(CHARACTERS)]);
            peer.assert_open();

            // One frame in two pieces.
            let whole = peer.encode(&text(bytes));
            let cut = whole.len() - bytes.len() + cut;
            peer.receive_bytes(&whole[..cut]);
            peer.receive_bytes(&whole[cut..]);
            peer.assert_received(&[Message::text(CHARACTERS)]);
            peer.assert_open();
        }
        let mut peer = Peer::facing(role);
        peer.receive(&text("").more());
        for byte in bytes {
            peer.receive(&continuation([*byte]).more());
        }
        assert_eq!(peer.protocol.partial_len(), bytes.len());
        peer.receive(&continuation(""));
        peer.assert_received(&[Message::text(CHARACTERS)]);
        peer.assert_open();
    }
}

/// 8.1, RFC 3629 4: every bad beginning of a character fails at the byte that makes it bad,
/// inside a frame that has not come whole and across frames of one byte; so it does when it
/// comes in one piece. Every character passes.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn invalid_text_fails_at_its_first_bad_byte() {
    let (mut bad, mut good) = (Vec::new(), Vec::new());
    sequences(&mut Vec::new(), &mut bad, &mut good);
    // By hand: one to four bytes, of each kind of lead.
    let characters = [3, 3 * 6, 2 * 6 + 4 * 6 + 4 * 36, 4 * 36 + 2 * 36 + 2 * 216];
    assert_eq!(good.len(), characters.iter().sum::<usize>());
    let leads = [16, 3 * 26, 30 + 28 + 4 * 26, 28 + 30 + 2 * 26];
    let deeper = [30 * 26, 18 * 26, 18 * 6 * 26];
    assert_eq!(bad.len(), leads.iter().chain(&deeper).sum::<usize>());
    for role in ROLES {
        for before in ["", "水"] {
            for sequence in &bad {
                let bytes = [before.as_bytes(), sequence].concat();
                // The frame goes on; its rest never comes.
                let mut peer = Peer::facing(role);
                let unfinished = peer.encode(&text([&bytes[..], b"........"].concat()));
                let header = unfinished.len() - bytes.len() - 8;
                let failing = Some(header + bytes.len());
                assert_eq!(peer.drip(&unfinished), failing, "{bytes:x?}");
                peer.assert_failed(ProtocolError::InvalidUtf8);

                let mut peer = Peer::facing(role);
                peer.receive_bytes(&unfinished[..header + bytes.len()]);
                peer.assert_failed(ProtocolError::InvalidUtf8);

                let mut peer = Peer::facing(role);
                peer.receive(&text(&bytes));
                peer.assert_failed(ProtocolError::InvalidUtf8);

                let mut peer = Peer::facing(role);
                peer.receive(&text("").more());
                let (last, front) = bytes.split_last().expect("not empty");
                for byte in front {
                    peer.receive(&continuation([*byte]).more());
                }
                peer.assert_open();
                peer.receive(&continuation([*last]).more());
                peer.assert_failed(ProtocolError::InvalidUtf8);
            }
        }
        let mut peer = Peer::facing(role);
        for sequence in &good {
            let character = String::from_utf8(sequence.clone()).expect("RFC 3629");
            peer.receive(&text(sequence));
            for byte in peer.encode(&text(sequence)) {
                peer.receive_bytes(&[byte]);
            }
            let message = Message::text(character);
            peer.assert_received(&[message.clone(), message]);
        }
        peer.assert_open();
    }
}

/// 8.1: text must not end inside a character: in one frame, in fragments, and with an empty
/// final frame. It fails with the end of the message, not before.
#[test]
fn text_that_ends_inside_a_character_fails_at_its_end() {
    for role in ROLES {
        for character in ["ß", "水", "🍰"] {
            for len in 1..character.len() {
                let cut = &character.as_bytes()[..len];
                let payload = [b"ok", cut].concat();
                let mut peer = Peer::facing(role);
                let bytes = peer.encode(&text(&payload));
                assert_eq!(peer.drip(&bytes), Some(bytes.len()));
                peer.assert_failed(ProtocolError::InvalidUtf8);

                let mut peer = Peer::facing(role);
                peer.receive(&text(&payload));
                peer.assert_failed(ProtocolError::InvalidUtf8);

                for last in [&b""[..], cut] {
                    let mut peer = Peer::facing(role);
                    let front = &payload[..payload.len() - last.len()];
                    peer.receive(&text(front).more());
                    peer.receive(&continuation("").more());
                    peer.assert_open();
                    let bytes = peer.encode(&continuation(last));
                    assert_eq!(peer.drip(&bytes), Some(bytes.len()));
                    peer.assert_failed(ProtocolError::InvalidUtf8);
                }
            }
        }
    }
}

/// 8.1: a character begun in one message does not end in the next, and what a failed or a
/// finished one left does not leak.
#[test]
fn next_message_starts_afresh() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for part in ["水", "ß"] {
            let bytes = part.as_bytes();
            peer.receive(&text(&bytes[..1]).more());
            peer.receive(&continuation(&bytes[1..]));
            peer.receive(&binary(&bytes[..1]));
            peer.assert_received(&[Message::text(part), Message::binary(bytes[..1].to_vec())]);
        }
        peer.receive(&text(b"\x9F"));
        peer.assert_failed(ProtocolError::InvalidUtf8);
    }
}

/// 5.4, 8.1: a control frame between the halves of a character changes nothing.
#[test]
fn control_frame_inside_a_character_changes_nothing() {
    let bytes = "🍰".as_bytes();
    for role in ROLES {
        for cut in 0..=bytes.len() {
            let mut peer = Peer::facing(role);
            peer.receive(&text(&bytes[..cut]).more());
            peer.receive(&ping([0xF0]));
            peer.assert_sent(&[pong([0xF0])]);
            peer.receive(&continuation(&bytes[cut..]));
            peer.assert_received(&[Message::Ping(vec![0xF0].into()), Message::text("🍰")]);
            peer.assert_open();
        }
    }
}

/// 5.6: binary data is not looked at, in one frame or in fragments.
#[test]
fn binary_is_never_validated() {
    let data: Vec<u8> = (0..=255).rev().collect();
    for role in ROLES {
        let mut peer = Peer::facing(role);
        peer.receive(&binary(&data));
        peer.assert_received(&[Message::binary(data.clone())]);
        peer.receive(&binary(&data[..100]).more());
        for byte in peer.encode(&continuation(&data[100..])) {
            peer.receive_bytes(&[byte]);
        }
        peer.assert_received(&[Message::binary(data.clone())]);
        peer.assert_open();
    }
}

/// 8.1: every scalar value is text, noncharacters and controls included.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn every_scalar_value_is_text() {
    let all: String = ('\0'..=char::MAX).collect();
    let config = Config::new().max_message_size(all.len());
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &config);
        let bytes = peer.encode(&text(&all));
        // In one piece, and in pieces that end inside characters.
        for size in [bytes.len(), 65_537] {
            for piece in bytes.chunks(size) {
                peer.receive_bytes(piece);
            }
            peer.assert_received(&[Message::text(all.clone())]);
            peer.assert_open();
        }
    }
}

/// RFC 3629 3: a surrogate is not a character: each fails, at its second byte.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn every_surrogate_fails_at_its_second_byte() {
    for role in ROLES {
        for surrogate in 0xD800_u16..=0xDFFF {
            let sequence = [
                0xE0 | (surrogate >> 12) as u8,
                0x80 | (surrogate >> 6 & 0x3F) as u8,
                0x80 | (surrogate & 0x3F) as u8,
            ];
            let mut peer = Peer::facing(role);
            let bytes = peer.encode(&text(sequence));
            assert_eq!(peer.drip(&bytes), Some(bytes.len() - 1));
            peer.assert_failed(ProtocolError::InvalidUtf8);
        }
    }
}

/// 8.1: the place of a bad byte in long text does not matter: it is found, in a whole frame
/// and in one that has not come whole.
#[test]
fn bad_byte_is_found_at_every_place_of_long_text() {
    for role in ROLES {
        for at in 0..300 {
            let mut payload = vec![b'.'; 300];
            payload[at] = 0xFF;
            let mut peer = Peer::facing(role);
            peer.receive(&text(&payload));
            peer.assert_failed(ProtocolError::InvalidUtf8);

            let mut peer = Peer::facing(role);
            let bytes = peer.encode(&text(&payload));
            let header = bytes.len() - payload.len();
            peer.receive_bytes(&bytes[..header + at]);
            peer.assert_open();
            peer.receive_bytes(&bytes[header + at..][..1]);
            peer.assert_failed(ProtocolError::InvalidUtf8);
        }
    }
}

/// 7.1.7, 8.1: of a message that fails nothing is delivered, however much of it was valid.
#[test]
fn nothing_of_invalid_text_is_delivered() {
    let long = "水".repeat(10_000);
    for role in ROLES {
        let mut peer = Peer::facing(role);
        peer.receive(&text(&long).more());
        peer.receive(&continuation(&long).more());
        assert_eq!(peer.protocol.partial_len(), 60_000);
        peer.receive_together(&[Frame::new(0x0, b"\xE6\xB0.").more(), continuation(&long)]);
        assert_eq!(peer.protocol.partial_len(), 0);
        peer.assert_failed(ProtocolError::InvalidUtf8);
    }
}
