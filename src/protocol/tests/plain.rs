//! The short way through decoding, beside the long way that it abbreviates.

use bytes::BytesMut;

use super::harness::{Peer, ROLES, head, key_of, masked, opposite};
use crate::{config::Config, message::Message};

/// Decodes `bytes` both ways. What the short way says, the long way says; if it says
/// nothing, it has touched nothing.
fn assert_same(peer: &mut Peer, config: &Config, bytes: &[u8]) -> Option<Message> {
    let mut short = BytesMut::from(bytes);
    let decoded = peer.protocol.receiver.decode_plain(&mut short, config);
    let Some(message) = decoded else {
        assert_eq!(short, bytes, "touched");
        return None;
    };
    let mut long = BytesMut::from(bytes);
    let expected = peer.protocol.receiver.decode(&mut long, config);
    assert_eq!(expected, Ok(Some(message.clone())), "{bytes:x?}");
    assert_eq!(short, long, "{bytes:x?}");
    Some(message)
}

/// 5.2: for all first two bytes, with a payload that is there, in part, or not, plain or not
/// UTF-8, alone and before another frame.
#[test]
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
