//! Small messages that a handler sends in its turn, encoded apart.

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};

use super::harness::{ROLES, drain, protocol};
use crate::{
    config::Config,
    message::{CloseFrame, Message, PreparedMessage},
    protocol::{Compress, Protocol, SendBuffer},
    wire::{FrameHeader, Role},
};

fn opened(protocol: &Protocol) -> SendBuffer {
    let mut buffer = SendBuffer::CLOSED;
    protocol.open(&mut buffer, usize::MAX);
    buffer
}

fn message() -> impl Strategy<Value = Message> {
    let len = prop_oneof![
        0..127_usize,
        100..130_usize,
        4090..4100_usize,
        5000..9000_usize
    ];
    (len, any::<bool>(), any::<u8>()).prop_map(|(len, is_text, byte)| {
        if is_text {
            Message::text(char::from(b'a' + byte % 26).to_string().repeat(len))
        } else {
            Message::binary(Bytes::from(vec![byte; len]))
        }
    })
}

proptest! {
    #![proptest_config(crate::randomised::cases(256))]

    /// What a buffer took leaves as if it had been sent when the buffer took it: behind what was
    /// queued before, however much of that has left, and before what was queued since. What it
    /// refused changes nothing.
    #[test]
    fn buffer_stands_where_it_was_opened(
        before in vec(message(), 0..6),
        left in 0..20_000_usize,
        offered in vec(message(), 0..40),
        since in vec(message(), 0..6),
        closes in any::<bool>(),
    ) {
        let config = Config::new().write_high_water(1 << 20);
        let mut sent = protocol(Role::Server, &config);
        let mut model = protocol(Role::Server, &config);
        for message in &before {
            sent.send(message.clone()).unwrap();
            model.send(message.clone()).unwrap();
        }
        let left = left.min(sent.queued());
        sent.advance(left);
        model.advance(left);

        let mut buffer = opened(&sent);
        for message in &offered {
            let is_small = message.len() <= 125;
            prop_assert_eq!(buffer.push(message), is_small);
            if is_small {
                model.send(message.clone()).unwrap();
            }
        }
        for message in &since {
            sent.send(message.clone()).unwrap();
            model.send(message.clone()).unwrap();
        }
        if closes {
            sent.close(None).unwrap();
            model.close(None).unwrap();
        }
        sent.take(&buffer);
        prop_assert_eq!(sent.queued(), model.queued());
        let written = drain(&mut sent, 16, 1000);
        prop_assert!(written == drain(&mut model, 16, usize::MAX));
    }
}

/// 5.1, 5.5.1: a buffer takes nothing for who masks or closes, and never a control frame.
#[test]
fn buffer_takes_only_what_nothing_has_to_be_looked_at_for() {
    let small = Message::text("small");
    let config = Config::new();
    for role in ROLES {
        let mut buffer = opened(&protocol(role, &config));
        assert_eq!(buffer.push(&small), role == Role::Server);
    }
    let closing = {
        let mut protocol = protocol(Role::Server, &config);
        let frame = CloseFrame::new(1000, "");
        protocol.send(Message::Close(Some(frame))).unwrap();
        protocol
    };
    assert!(!opened(&closing).push(&small));
    for control in [
        Message::Ping("p".into()),
        Message::Pong("p".into()),
        Message::Close(None),
    ] {
        assert!(!opened(&protocol(Role::Server, &config)).push(&control));
    }
    let mut never_opened = SendBuffer::CLOSED;
    assert!(!never_opened.push(&small));
}

/// 5.5.1: nothing is queued at once behind a Close, nor what must be looked at; and a buffer is
/// opened only behind a small message that was queued.
#[test]
fn message_is_queued_at_once_if_nothing_has_to_be_looked_at() {
    let config = Config::new();
    let [small, longer, large] = [5, 1000, 5000].map(|len| Message::binary(vec![7; len]));
    let prepared = [5, 1000, 5000].map(|len| PreparedMessage::binary(vec![7; len]));
    for role in ROLES {
        for is_open in [true, false] {
            for (message, prepared) in [&small, &longer, &large].into_iter().zip(&prepared) {
                for is_prepared in [true, false] {
                    let mut protocol = protocol(role, &config);
                    if !is_open {
                        protocol.close(None).unwrap();
                    }
                    let (before, mut buffer) = (protocol.queued(), SendBuffer::CLOSED);
                    let is_queued = if is_prepared {
                        protocol.send_small_prepared(prepared, &mut buffer, 10)
                    } else {
                        protocol.send_small(message, Compress::IfAgreed, &mut buffer, 10)
                    };
                    let may_be = role == Role::Server && is_open;
                    assert_eq!(is_queued, may_be && message.len() <= 4096);
                    assert_eq!(protocol.queued() > before, is_queued);
                    assert_eq!(buffer.push(&small), is_queued && message.len() == 5);
                }
            }
        }
    }
}

/// 10.4: a buffer takes messages as long as the queue would, and never much more than 16 KiB.
#[test]
fn buffer_takes_no_more_than_the_queue_has_room_for() {
    for mark in [1, 2, 40, 1000, 20_000, 100_000] {
        for queued in [0, 30, 15_000] {
            for len in [0, 1, 32, 125] {
                let config = Config::new().write_high_water(mark);
                let mut direct = protocol(Role::Server, &config);
                direct.send(Message::binary(vec![0; queued])).unwrap();
                let mut buffer = opened(&direct);
                let message = Message::binary(vec![0; len]);
                let mut bytes = 0;
                while buffer.push(&message) {
                    bytes += 2 + len;
                    assert!(direct.send_short(&message, Compress::IfAgreed));
                }
                assert!(bytes < 16 * 1024 + FrameHeader::MAX_LEN + 125);
                assert!(direct.is_congested() || bytes >= 16 * 1024);
                buffer.close();
                assert!(!buffer.push(&message));
                assert!(buffer.is_empty());
            }
        }
    }
}
