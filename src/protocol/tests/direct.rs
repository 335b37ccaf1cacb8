//! Payloads that are read to where they are assembled, past the input.

use bytes::BufMut;
use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_assert_eq, prop_oneof, proptest},
    sample::select,
};

use super::harness::{Event, Frame, Peer, ROLES, binary, continuation, opposite, ping, text};
use crate::{config::Config, message::Message, wire::Role};

/// The endpoint receives bytes as a transport brings them: each read goes where it is
/// wanted. Returns how many went directly.
fn receive_directly(peer: &mut Peer, mut bytes: &[u8]) -> usize {
    let mut direct = 0;
    while !bytes.is_empty() {
        let offered = peer.protocol.direct().filter(|_| peer.input.is_empty());
        let read = if let Some(mut payload) = offered {
            let read = bytes.len().min(payload.remaining_mut());
            payload.put_slice(&bytes[..read]);
            direct += read;
            read
        } else {
            let read = bytes.len().min(17_000);
            peer.arrive(&bytes[..read]);
            read
        };
        while peer.take().is_some() {}
        bytes = &bytes[read..];
    }
    direct
}

fn events(role: Role, bytes: &[u8], pieces: &[usize], release: bool) -> (Vec<Event>, usize) {
    let mut peer = Peer::facing_with(role, &Config::new().max_message_size(10 << 20));
    let mut direct = 0;
    let mut rest = bytes;
    for size in pieces.iter().cycle() {
        let (piece, behind) = rest.split_at(rest.len().min(*size));
        direct += receive_directly(&mut peer, piece);
        if release {
            peer.protocol.release();
        }
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    (peer.events(), direct)
}

fn message() -> impl Strategy<Value = Vec<Frame>> {
    let sizes = prop_oneof![0..200_usize, 60_000..70_000_usize, 100_000..300_000_usize];
    (any::<bool>(), vec(sizes, 1..4)).prop_map(|(is_text, sizes)| {
        let last = sizes.len() - 1;
        let frame = |(i, size): (usize, usize)| {
            let payload: Vec<u8> = (b'a'..=b'z').cycle().take(size).collect();
            let frame = match i {
                0 if is_text => text(payload),
                0 => binary(payload),
                _ => continuation(payload),
            };
            if i == last { frame } else { frame.more() }
        };
        sizes.into_iter().enumerate().map(frame).collect()
    })
}

proptest! {
    #![proptest_config(crate::randomised::cases(48))]

    /// 5.4, 6.2: what arrives past the input is what was sent, however it is cut.
    #[test]
    fn direct_reads_change_nothing(
        role in select(&ROLES[..]),
        messages in vec(message(), 1..4),
        pieces in vec(prop_oneof![1..30_000_usize, 60_000..150_000_usize], 1..6),
        release in any::<bool>(),
    ) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for frames in &messages {
            let payload: Vec<u8> = frames.iter().flat_map(|frame| frame.payload.clone()).collect();
            expected.push(Ok(if frames[0].opcode == 1 {
                Message::text(String::from_utf8(payload).expect("letters"))
            } else {
                Message::binary(payload)
            }));
            bytes.extend(frames.iter().flat_map(|frame| frame.encode(opposite(role))));
        }
        let (events, _) = events(role, &bytes, &pieces, release);
        prop_assert_eq!(events, expected);
    }
}

/// A large payload goes past the input but for what came with its header and its end, and
/// what follows it does not.
#[test]
fn large_payload_is_read_directly() {
    for role in ROLES {
        let large = binary(vec![7; 1 << 20]).encode(opposite(role));
        let bytes = [large, ping("behind").encode(opposite(role))].concat();
        let (events, direct) = events(role, &bytes, &[usize::MAX], false);
        let expected = [
            Ok(Message::binary(vec![7; 1 << 20])),
            Ok(Message::Ping("behind".into())),
        ];
        assert_eq!(events, expected);
        assert!(direct > (1 << 20) - 40_000, "{direct}");
    }
}

/// A message whose end is read directly is there at once, with nothing behind it.
#[test]
fn message_that_ends_directly_is_complete() {
    for role in ROLES {
        let frame = binary(vec![7; 200_000]).encode(opposite(role));
        let mut peer = Peer::facing_with(role, &Config::new().max_message_size(1 << 20));
        peer.receive_bytes(&frame[..100_000]);
        let mut payload = peer.protocol.direct().expect("much is missing");
        payload.put_slice(&frame[100_000..]);
        assert!(!peer.protocol.incoming().needs_more(&[]));
        assert_eq!(peer.take(), Some(()));
        peer.assert_received(&[Message::binary(vec![7; 200_000])]);
        peer.assert_open();
    }
}

/// A connection that waits gives back the room that the rest of a message did not use.
#[test]
fn room_of_a_message_under_way_is_given_back() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        let frame = binary(vec![7; 100_000]).encode(opposite(role));
        peer.receive_bytes(&frame[..6000]);
        let len = peer.protocol.incoming().partial_len();
        assert!(peer.protocol.incoming().partial_room() > 3 * len);
        peer.protocol.release();
        assert_eq!(peer.protocol.incoming().partial_room(), 2 * len);
        peer.receive_bytes(&frame[6000..]);
        peer.assert_received(&[Message::binary(vec![7; 100_000])]);
    }
}
