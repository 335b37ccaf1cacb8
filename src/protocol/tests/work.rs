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
