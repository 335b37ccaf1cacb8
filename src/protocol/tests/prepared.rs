//! Messages that are encoded once and sent to many.

use std::io::IoSlice;

use proptest::{collection::vec, prelude::*};

use super::harness::{ROLES, drain, protocol};
use crate::{
    config::Config,
    message::{Message, PreparedMessage},
    protocol::{Protocol, SendBuffer, SendError},
    wire::Role,
};

/// Around the borders of the length's forms and of what is copied.
const SIZES: [usize; 12] = [
    0, 1, 125, 126, 127, 4091, 4092, 4093, 4097, 65_535, 65_536, 100_000,
];

fn messages_of(size: usize) -> [Message; 2] {
    let letters = "ß".repeat(size / 2) + &"x".repeat(size % 2);
    [
        Message::text(&letters),
        Message::binary(letters.into_bytes()),
    ]
}

fn prepared(message: &Message) -> PreparedMessage {
    message.clone().try_into().expect("data")
}

/// How a message is sent.
#[derive(Clone, Debug)]
enum Way {
    Usual(Message),
    Prepared(Message),
}

impl Way {
    fn message(&self) -> &Message {
        match self {
            Way::Usual(message) | Way::Prepared(message) => message,
        }
    }

    fn send(&self, protocol: &mut Protocol) {
        let sent = match self {
            Way::Usual(message) => protocol.send(message.clone()),
            Way::Prepared(message) => protocol.send_prepared(&prepared(message)),
        };
        assert_eq!(sent, Ok(()));
    }
}

fn way() -> impl Strategy<Value = Way> {
    let size = prop_oneof![0..130_usize, 4080..4100_usize, 5000..9000_usize];
    let message = (size, 0..2_usize).prop_map(|(size, kind)| messages_of(size)[kind].clone());
    (message, any::<bool>()).prop_map(|(message, is_prepared)| {
        if is_prepared {
            Way::Prepared(message)
        } else {
            Way::Usual(message)
        }
    })
}

/// 5.1, 5.2, 6.1: a prepared message leaves and counts as the same that was not, whoever sends it
/// and however often.
#[test]
fn prepared_message_is_sent_as_any_other() {
    for role in ROLES {
        for message in SIZES.into_iter().flat_map(messages_of) {
            let prepared = prepared(&message);
            let mut usual = protocol(role, &Config::new());
            let mut shared = protocol(role, &Config::new());
            for _ in 0..3 {
                assert_eq!(usual.send(message.clone()), Ok(()));
                assert_eq!(shared.send_prepared(&prepared), Ok(()));
            }
            assert_eq!(shared.queued(), usual.queued());
            assert_eq!(shared.outgoing().tally(), usual.outgoing().tally());
            let written = drain(&mut shared, 16, usize::MAX);
            assert!(written == drain(&mut usual, 16, usize::MAX));
            assert_eq!(prepared.to_message(), message);
        }
    }
}

/// 5.5.1: nothing is sent behind a Close.
#[test]
fn prepared_message_does_not_follow_a_close() {
    for role in ROLES {
        let mut closing = protocol(role, &Config::new());
        assert_eq!(closing.close(None), Ok(()));
        let queued = closing.queued();
        let sent = closing.send_prepared(&PreparedMessage::text("late"));
        assert_eq!(sent, Err(SendError::Closed));
        assert_eq!(closing.queued(), queued);
    }
}

/// A frame that is not small is written from one place, by every socket, and let go then.
#[test]
fn large_frame_of_a_server_is_shared() {
    let message = PreparedMessage::binary(vec![7; 100_000]);
    let mut sockets = [0; 2].map(|_| protocol(Role::Server, &Config::new()));
    for protocol in &mut sockets {
        assert_eq!(protocol.send_prepared(&message), Ok(()));
        let mut slices = [IoSlice::new(&[]); 4];
        assert_eq!(protocol.outgoing().slices(&mut slices), 1);
        let frame = message.frame();
        let place = (frame.as_ptr(), frame.len());
        assert_eq!((slices[0].as_ptr(), slices[0].len()), place);
        assert!(!frame.is_unique());
    }
    for protocol in &mut sockets {
        protocol.advance(protocol.queued());
    }
    assert!(message.frame().is_unique());
}

proptest! {
    #![proptest_config(crate::randomised::cases(256))]

    /// Prepared messages and others leave in order, through however small writes, and a
    /// handler's buffer stands where it was opened among them.
    #[test]
    fn prepared_messages_keep_their_place(
        before in vec(way(), 0..6),
        left in 0..20_000_usize,
        taken in vec(0..126_usize, 0..20),
        since in vec(way(), 0..6),
        step in 1..3000_usize,
    ) {
        let config = Config::new().write_high_water(1 << 20);
        let mut sent = protocol(Role::Server, &config);
        let mut model = protocol(Role::Server, &config);
        for way in &before {
            way.send(&mut sent);
            prop_assert_eq!(model.send(way.message().clone()), Ok(()));
        }
        let left = left.min(sent.queued());
        sent.advance(left);
        model.advance(left);

        let mut buffer = SendBuffer::CLOSED;
        sent.open(&mut buffer, usize::MAX);
        for size in taken {
            let [_, message] = messages_of(size);
            prop_assert!(buffer.push(&message));
            prop_assert_eq!(model.send(message), Ok(()));
        }
        for way in &since {
            way.send(&mut sent);
            prop_assert_eq!(model.send(way.message().clone()), Ok(()));
        }
        let queued = sent.queued();
        let moved = sent.take(&buffer);
        prop_assert_eq!(moved, if since.is_empty() { 0 } else { sent.queued() - queued });
        prop_assert_eq!(sent.queued(), model.queued());
        let written = drain(&mut sent, 16, step);
        prop_assert!(written == drain(&mut model, 16, usize::MAX));
    }
}
