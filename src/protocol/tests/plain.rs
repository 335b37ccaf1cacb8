//! The short way through decoding, beside the long way that it abbreviates.

use bytes::BytesMut;

use super::harness::{Peer, ROLES, head, key_of, masked, opposite};
use crate::{config::Config, message::Message, protocol::receive::Received, wire::Role};

/// Decodes `bytes` both ways. What the short way says, the long way says; if it says
/// nothing, it has touched nothing.
fn assert_same(peer: &mut Peer, config: &Config, bytes: &[u8]) -> Option<Message> {
    let mut short = BytesMut::from(bytes);
    let receiver = &mut peer.protocol.receiver;
    let Some(message) = receiver.decode_plain(&mut short, config) else {
        assert_eq!(short, bytes, "touched");
        return None;
    };
    let mut long = BytesMut::from(bytes);
    let expected = receiver.decode_long(&mut long, config);
    assert!(
        matches!(&expected, Received::Data(other) if *other == message),
        "{bytes:x?}: {expected:?}"
    );
    assert_eq!(short, long, "{bytes:x?}");
    Some(message)
}

/// 5.2: for all first two bytes, with a payload that is there, in part, or not, plain or not
/// UTF-8, alone and before another frame.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn short_way_decodes_what_the_long_way_does() {
    let config = Config::new().max_frame_size(100);
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &config);
        let key = key_of(opposite(role));
        let mut decoded = 0;
        for start in 0..=u16::MAX {
            let mut bytes = start.to_be_bytes().to_vec();
            bytes.extend(key.unwrap_or_default().iter().take(key.map_or(0, |_| 4)));
            let header = bytes.len();
            for payload in [[b'a'; 130], [0xFF; 130]] {
                bytes.truncate(header);
                bytes.extend(masked(key, &payload));
                for len in [0, 1, header, header + 50, header + 130] {
                    decoded += u32::from(assert_same(&mut peer, &config, &bytes[..len]).is_some());
                }
            }
        }
        // How often a payload of 0 to 100 bytes is there as a whole: binary with both
        // contents, text with one, and empty text with both.
        let whole = [3].into_iter().chain([2; 50]).chain([1; 50]);
        assert_eq!(decoded, 3 * whole.sum::<u32>() + 3, "{role:?}");
    }
}

/// 5.4: inside a fragmented message there is no short way.
#[test]
fn short_way_is_closed_inside_a_message() {
    let config = Config::new();
    for role in ROLES {
        let mut peer = Peer::facing(role);
        let key = key_of(opposite(role));
        let whole = [head(0x82, key, 2, 2), masked(key, b"ab")].concat();
        assert!(assert_same(&mut peer, &config, &whole).is_some());
        peer.receive_bytes(&head(0x02, key, 1, 1));
        assert_eq!(assert_same(&mut peer, &config, &whole), None);
    }
}

/// 5.2, 8.1, 10.4: lengths of 16 bits around every border, minimal or not, within the limit or
/// not, with a payload that is there or lacks a byte, and is UTF-8 or not.
#[test]
fn short_way_decodes_longer_lengths() {
    const LIMIT: usize = 60_000;
    let config = Config::new().max_message_size(LIMIT);
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &config);
        let key = key_of(opposite(role));
        for len in [0, 1, 125, 126, 127, 1000, LIMIT, LIMIT + 1, 65_535] {
            for (first, byte) in [(0x81, b'a'), (0x81, 0xFF), (0x82, b'a'), (0x82, 0xFF)] {
                let mut bytes = head(first, key, 126, len as u64);
                bytes.extend(masked(key, &vec![byte; len]));
                let lawful = (126..=LIMIT).contains(&len) && (first == 0x82 || byte == b'a');
                let decoded = assert_same(&mut peer, &config, &bytes);
                assert_eq!(decoded.is_some(), lawful, "{role:?} {first:x} {len}");
                let lacking = &bytes[..bytes.len() - 1];
                assert_eq!(assert_same(&mut peer, &config, lacking), None);
            }
        }
    }
}

/// The batch at the start of `bytes` holds what the long way decodes one by one; returns how
/// many messages, and what is left.
fn batch_of(peer: &mut Peer, config: &Config, bytes: &[u8], most: usize) -> (usize, BytesMut) {
    let mut rest = BytesMut::from(bytes);
    let receiver = &mut peer.protocol.receiver;
    let Some(mut batch) = receiver.decode_batch(&mut rest, most, config) else {
        assert_eq!(rest, bytes, "touched");
        return (0, rest);
    };
    let len = batch.len();
    assert!((2..=most).contains(&len));
    let mut long = BytesMut::from(bytes);
    let mut payload = 0;
    while let Some(message) = batch.pop() {
        payload += message.len();
        let expected = receiver.decode_long(&mut long, config);
        assert!(matches!(expected, Received::Data(other) if other == message));
    }
    assert_eq!(rest, long);
    assert!(batch.is_empty());
    assert!(payload <= 1024, "what one message keeps: {payload}");
    (len, rest)
}

/// A small message as the opposite of `role` sends it.
fn small(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let key = key_of(opposite(role));
    let len = u8::try_from(payload.len()).expect("small");
    let mut frame = head(first, key, len, len.into());
    frame.extend(masked(key, payload));
    frame
}

/// Small messages of one kind make a batch, as far as they are there as a whole, and up to its
/// bounds.
#[test]
fn batch_holds_what_the_long_way_decodes() {
    let config = Config::new();
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for first in [0x81, 0x82] {
            for (len, most, expected) in [
                (0, 32, 32),
                (32, 32, 32),
                (32, 5, 5),
                (32, 2, 2),
                (32, 1, 0),
                (32, 0, 0),
                (33, 32, 31),
                (125, 32, 8),
                (126, 32, 0),
            ] {
                let one = if len < 126 {
                    small(role, first, &vec![b'a'; len])
                } else {
                    let key = key_of(opposite(role));
                    let payload = masked(key, &vec![b'a'; len]);
                    [head(first, key, 126, len as u64), payload].concat()
                };
                let (count, rest) = batch_of(&mut peer, &config, &one.repeat(40), most);
                assert_eq!(count, expected, "{role:?} {len} {most}");
                assert_eq!(rest, one.repeat(40 - count));
            }
            let one = small(role, first, "grün".as_bytes());
            let three = one.repeat(3);
            for len in 0..=three.len() {
                let (count, _) = batch_of(&mut peer, &config, &three[..len], 32);
                // One by itself is no batch.
                assert_eq!(count, [0, 0, 2, 3][len / one.len()]);
            }
        }
    }
}

/// 5.4, 5.5, 7.1.7: a control frame, a fragment, another kind, a message above the limit and a
/// violation end a batch, and are left as they are.
#[test]
fn batch_ends_before_what_is_not_plain() {
    let config = Config::new().max_message_size(100);
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &config);
        let one = small(role, 0x82, b"one");
        for other in [
            small(role, 0x81, b"text"),
            small(role, 0x89, b"ping"),
            small(role, 0x88, &1000_u16.to_be_bytes()),
            small(role, 0x02, b"fragment"),
            small(role, 0xC2, b"compressed"),
            small(role, 0x83, b"reserved"),
            small(opposite(role), 0x82, b"masked wrongly"),
            small(role, 0x82, &[b'a'; 101]),
        ] {
            let bytes = [&one[..], &one, &other, &one].concat();
            let (count, rest) = batch_of(&mut peer, &config, &bytes, 32);
            assert_eq!(count, 2, "{other:x?}");
            assert_eq!(rest, bytes[2 * one.len()..]);
        }
        peer.receive_bytes(&small(role, 0x02, b"fragment"));
        assert_eq!(batch_of(&mut peer, &config, &one, 32).0, 0);
    }
}

/// 8.1: text that is valid only together with its neighbour is not valid, and with a text that
/// is not there is no batch.
#[test]
fn batch_of_text_is_valid_message_by_message() {
    let config = Config::new();
    let [lead, trail] = *"ü".as_bytes() else {
        unreachable!("two bytes")
    };
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for texts in [
            [b"a", &[b'a', lead][..], &[trail, b'a']],
            [b"a", b"a", &[0xFF]],
        ] {
            let bytes = texts.map(|text| small(role, 0x81, text)).concat();
            assert_eq!(batch_of(&mut peer, &config, &bytes, 32).0, 0);
            let first_two = if texts[2] == [0xFF] { 2 } else { 0 };
            assert_eq!(batch_of(&mut peer, &config, &bytes, 2).0, first_two);
        }
    }
}
