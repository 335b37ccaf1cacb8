//! Decoding stops after some work, and goes on where it stopped.

use bytes::BytesMut;

use super::harness::*;
use crate::{config::Config, message::Message, protocol::Protocol};

/// Decodes `wire` step by step; returns what came, and the most frames that a step took.
fn decode_in_steps(protocol: &mut Protocol, wire: &[u8], frame_len: usize) -> (Vec<Event>, usize) {
    let mut input = BytesMut::from(wire);
    let (mut events, mut most) = (Vec::new(), 0);
    loop {
        let before = input.len();
        let step = protocol.step(&mut input, None);
        most = most.max((before - input.len()) / frame_len);
        match step {
            Step::Event(event) => events.push(event),
            Step::Stopped(_) => assert!(input.len() < before, "a step does something"),
            Step::NeedsMore => return (events, most),
        }
    }
}

/// 5.4: a message of many fragments is the same, whether decoding stops between them or not.
#[test]
fn message_of_many_fragments_is_decoded_in_steps() {
    for role in ROLES {
        for fragment in [&b""[..], b"x"] {
            let from = opposite(role);
            let first = binary(fragment).more().encode(from);
            let next = continuation(fragment).more().encode(from);
            let last = continuation(fragment).encode(from);
            let wire = [first, next.repeat(4998), last].concat();
            let mut protocol = protocol(role, &Config::new());
            let (events, most) = decode_in_steps(&mut protocol, &wire, next.len());
            assert_eq!(events, [Ok(Message::binary(fragment.repeat(5000)))]);
            assert_eq!(most, 512);
        }
    }
}

/// What has nothing behind it is not said to go on.
#[test]
fn step_that_took_everything_needs_more() {
    for role in ROLES {
        let first = binary("x").more().encode(opposite(role));
        let next = continuation("x").more().encode(opposite(role));
        let wire = [first, next.repeat(511)].concat();
        let mut input = BytesMut::from(&wire[..]);
        let step = protocol(role, &Config::new()).step(&mut input, None);
        assert!(matches!(step, Step::NeedsMore), "{step:?}");
        assert_eq!(input.len(), 0);
    }
}

/// A compressed message of more than a few KiB is inflated in steps, each of 4 KiB of it.
#[cfg(feature = "deflate")]
#[test]
fn large_compressed_message_is_inflated_in_steps() {
    use super::deflate::{RSV1, compressing, facing};

    for role in ROLES {
        // Of a block that is stored as it is.
        for (len, steps) in [(4090, 1), (4091, 2), (20_000, 5)] {
            let data = vec![b'x'; len];
            let size = u16::try_from(len).expect("one block");
            let header = [&[0], &size.to_le_bytes()[..], &(!size).to_le_bytes()].concat();
            let payload = [&header[..], &data, &[0]].concat();
            let mut peer = facing(role, &compressing());
            let mut input = BytesMut::from(&peer.encode(&binary(payload).rsv(RSV1))[..]);
            let (mut held, mut count) = (None, 1);
            let event = loop {
                match peer.protocol.step(&mut input, held.take()) {
                    Step::Event(event) => break event,
                    Step::Stopped(rest) => (held, count) = (rest, count + 1),
                    Step::NeedsMore => panic!("all of it is there"),
                }
            };
            assert_eq!((event, count), (Ok(Message::binary(data)), steps), "{len}");
        }
    }
}
