//! Messages out (RFC 6455, sections 5.1 to 5.3 and 6.1), and their way to the transport.

use std::io::IoSlice;

use bytes::Bytes;

use super::harness::{
    CountedKeys, Frame, Pair, Peer, ROLES, binary, close, drain, opposite, peek, ping, pong,
    protocol, take_frames, text,
};
use crate::{
    config::Config,
    message::{CloseFrame, Message},
    protocol::{Compress, Loss, MaskKeys, Phase, Protocol, SendError},
    wire::Role,
};

/// Around the borders of the length's forms and of what is copied.
const SIZES: [usize; 13] = [
    0,
    1,
    125,
    126,
    127,
    4095,
    4096,
    4097,
    65_535,
    65_536,
    65_537,
    100_000,
    1 << 20,
];

/// Small and large payloads, control frames between, and a Close.
fn mixture() -> (Vec<Message>, Vec<Frame>) {
    let large = |byte: u8, len: usize| vec![byte; len];
    let messages = vec![
        Message::text("small"),
        Message::binary(large(1, 5000)),
        Message::binary(large(2, 4097)),
        Message::Ping("p".into()),
        Message::binary(""),
        Message::text("x".repeat(4200)),
        Message::Pong(large(3, 125).into()),
        Message::Close(Some(CloseFrame::new(1000, "done"))),
    ];
    let frames = vec![
        text("small"),
        binary(large(1, 5000)),
        binary(large(2, 4097)),
        ping("p"),
        binary(""),
        text("x".repeat(4200)),
        pong(large(3, 125)),
        close(1000, "done"),
    ];
    (messages, frames)
}

fn queue(role: Role, messages: &[Message]) -> Protocol {
    let mut protocol = protocol(role, &Config::new());
    for message in messages {
        assert_eq!(protocol.send(message.clone()), Ok(()));
    }
    protocol
}

/// 5.2, 6.1: a message is one final frame with its opcode and its length in the fewest
/// bytes; the other side gets what was sent.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn message_of_every_size_is_one_frame() {
    for role in ROLES {
        for size in SIZES {
            let letters = "x".repeat(size);
            let data: Vec<u8> = (0..size).map(|i| i as u8).collect();
            let mut peer = Peer::facing(role);
            for message in [Message::text(&letters), Message::binary(data.clone())] {
                assert_eq!(peer.protocol.send(message), Ok(()));
            }
            // `sent` refuses lengths that are not minimal.
            peer.assert_sent(&[text(&letters), binary(&data)]);

            let mut pair = Pair::new();
            let messages = [Message::text(letters), Message::binary(data)];
            for message in &messages {
                assert_eq!(pair.end(role).protocol.send(message.clone()), Ok(()));
            }
            pair.pump();
            pair.end(opposite(role)).assert_received(&messages);
            pair.end(opposite(role)).assert_open();
            pair.end(role).assert_open();
        }
    }
}

/// 5.1, 5.3: a client masks each frame, of whatever kind, with the next key of its source; a
/// server masks none.
#[test]
fn each_frame_of_a_client_has_a_fresh_key() {
    let (messages, frames) = mixture();
    for role in ROLES {
        let mut peer = Peer::facing(role);
        let (close, rest) = messages.split_last().expect("a Close");
        for message in rest {
            assert_eq!(peer.protocol.send(message.clone()), Ok(()));
        }
        peer.receive(&ping("answer me"));
        assert_eq!(peer.protocol.send(close.clone()), Ok(()));
        peer.receive(&ping("and me"));
        let (sent, keys): (Vec<_>, Vec<_>) = peer.sent_with_keys().into_iter().unzip();
        let mut expected = frames.clone();
        expected.insert(rest.len(), pong("answer me"));
        expected.push(pong("and me"));
        assert_eq!(sent, expected);
        let mut source = CountedKeys::new();
        for key in keys {
            let fresh = (role == Role::Client).then(|| source.next_key());
            assert_eq!(key, fresh);
        }
    }
}

/// 6.1: frames leave in the order in which they were queued, large and small, through
/// however few slices and in however small writes.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn frames_leave_in_order_through_any_number_of_slices() {
    let (messages, frames) = mixture();
    for role in ROLES {
        let whole = drain(&mut queue(role, &messages), 16, usize::MAX);
        let mut rest = whole.clone();
        let decoded = take_frames(&mut rest, role).into_iter();
        assert_eq!(decoded.map(|(frame, _)| frame).collect::<Vec<_>>(), frames);
        assert_eq!(rest, [0; 0]);
        for slots in [1, 2, 3, 5, 8] {
            for step in [1, 2, 7, 100, 4096, usize::MAX] {
                let written = drain(&mut queue(role, &messages), slots, step);
                assert!(written == whole, "{slots} slices, {step} bytes a write");
            }
        }
    }
}

/// 6.1: a write may end at any byte; the rest follows, also with a message queued between.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn partial_write_at_every_offset_loses_nothing() {
    let (messages, _) = mixture();
    for role in ROLES {
        let (_, open) = messages.split_last().expect("a Close");
        let whole = drain(&mut queue(role, open), 16, usize::MAX);
        let mut full = queue(role, open);
        assert_eq!(full.send(Message::text("late")), Ok(()));
        let longer = drain(&mut full, 16, usize::MAX);
        for offset in 0..=whole.len() {
            let mut protocol = queue(role, open);
            assert_eq!(protocol.queued(), whole.len());
            let mut written = peek(&protocol, 16, offset);
            assert_eq!(written.len(), offset);
            protocol.advance(offset);
            assert_eq!(protocol.queued(), whole.len() - offset);
            assert_eq!(protocol.send(Message::text("late")), Ok(()));
            written.extend(drain(&mut protocol, 16, usize::MAX));
            assert!(written == longer, "{offset}");
        }
    }
}

/// 6.1: no slice is empty, none beyond the count is touched, and together they are the
/// front of the queue.
#[test]
fn slices_hold_the_front_of_the_queue() {
    let (messages, _) = mixture();
    for role in ROLES {
        let protocol = queue(role, &messages);
        let whole = peek(&protocol, 16, usize::MAX);
        assert_eq!(whole.len(), protocol.queued());
        for slots in 0..=12 {
            let mark = [0xEE; 3];
            let mut slices = vec![IoSlice::new(&mark); slots];
            let filled = protocol.outgoing().slices(&mut slices);
            assert!(filled <= slots);
            assert!(slices[..filled].iter().all(|slice| !slice.is_empty()));
            assert!(slices[filled..].iter().all(|slice| **slice == mark));
            let bytes: Vec<u8> = slices[..filled]
                .iter()
                .flat_map(|slice| slice.to_vec())
                .collect();
            assert!(whole.starts_with(&bytes), "{slots}");
            assert_eq!(
                filled < slots,
                slots > 0 && bytes == whole && filled < slots
            );
        }
    }
}

/// A server's large payload is written from where it is: it is not copied.
#[test]
fn large_payload_of_a_server_is_not_copied() {
    let data = Bytes::from(vec![7; 100_000]);
    let mut protocol = queue(Role::Server, &[Message::Binary(data.clone())]);
    let mut slices = [IoSlice::new(&[]); 4];
    let filled = protocol.outgoing().slices(&mut slices);
    assert_eq!(filled, 2);
    assert_eq!(
        (slices[1].as_ptr(), slices[1].len()),
        (data.as_ptr(), data.len())
    );
    assert!(!data.is_unique());
    // Once written it is let go.
    protocol.advance(protocol.queued());
    assert!(data.is_unique());
}

/// 5.5: a ping or pong of 125 bytes is sent, one of 126 is refused and leaves no trace.
#[test]
fn control_message_above_125_bytes_is_refused() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for data in [vec![0; 126], vec![0; 100_000]] {
            for message in [
                Message::Ping(data.clone().into()),
                Message::Pong(data.clone().into()),
            ] {
                let refused = Err(SendError::ControlTooLong(data.len()));
                assert_eq!(peer.protocol.send(message), refused);
            }
        }
        peer.assert_open();
        let data = vec![9; 125];
        for message in [
            Message::Ping(data.clone().into()),
            Message::Pong(data.clone().into()),
        ] {
            assert_eq!(peer.protocol.send(message), Ok(()));
        }
        peer.assert_sent(&[ping(&data), pong(&data)]);
        peer.assert_open();
    }
}

/// 10.4: the queue is congested from the mark on, and not below.
#[test]
fn queue_is_congested_from_the_high_water_mark_on() {
    for role in ROLES {
        // Header and mask of a short frame.
        let header = if role == Role::Client { 6 } else { 2 };
        let config = Config::new().write_high_water(100 + header);
        for len in 0..125 {
            let mut protocol = protocol(role, &config);
            assert!(!protocol.is_congested());
            assert_eq!(protocol.send(Message::binary(vec![0; len])), Ok(()));
            assert_eq!(protocol.queued(), len + header);
            assert_eq!(protocol.is_congested(), len >= 100);
            protocol.advance(protocol.queued());
            assert!(!protocol.is_congested());
        }
    }
}

/// What is discarded does not leave, nor does a ping's answer that waited for it; what is
/// queued afterwards does.
#[test]
fn discarded_queue_leaves_nothing() {
    let config = Config::new().write_high_water(1);
    let (messages, _) = mixture();
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &config);
        for message in &messages[..4] {
            assert_eq!(peer.protocol.send(message.clone()), Ok(()));
        }
        peer.receive(&ping("waits"));
        peer.write(3000);
        peer.protocol.discard_outgoing();
        assert_eq!(peer.protocol.queued(), 0);
        assert_eq!(peek(&peer.protocol, 4, usize::MAX), [0; 0]);
        peer.protocol.advance(0);
        assert_eq!(peer.protocol.queued(), 0);

        let mut protocol = queue(role, &messages[..3]);
        protocol.discard_outgoing();
        assert_eq!(protocol.send(Message::text("new")), Ok(()));
        assert_eq!(protocol.send(Message::binary(vec![1; 5000])), Ok(()));
        let mut bytes = drain(&mut protocol, 1, 1000);
        let frames = take_frames(&mut bytes, role).into_iter();
        let frames: Vec<_> = frames.map(|(frame, _)| frame).collect();
        assert_eq!(frames, [text("new"), binary([1; 5000])]);
    }
}

/// Giving memory back takes nothing that is queued, and nothing from what comes later.
#[test]
fn released_memory_loses_nothing() {
    let (messages, _) = mixture();
    for role in ROLES {
        let whole = drain(&mut queue(role, &messages), 16, usize::MAX);
        let mut protocol = protocol(role, &Config::new());
        let mut written = Vec::new();
        for message in &messages {
            protocol.release();
            assert_eq!(protocol.send(message.clone()), Ok(()));
            protocol.release();
            let bytes = peek(&protocol, 16, 1000);
            protocol.advance(bytes.len());
            written.extend(bytes);
            protocol.release();
        }
        written.extend(drain(&mut protocol, 16, usize::MAX));
        protocol.release();
        assert!(written == whole);
        assert_eq!(protocol.phase(), &Phase::CloseSent);
    }
}

/// The short way of sending queues what the long way does, or nothing: it is for a server's data
/// messages that are sent as they are, while that is lawful and there is room.
#[test]
fn short_way_of_sending_is_the_long_way_or_none() {
    let config = Config::new().write_high_water(10_000);
    let sizes = SIZES.into_iter().filter(|&size| size < 10_000);
    let data = sizes.flat_map(|size| {
        let letters = "x".repeat(size);
        [Message::text(&letters), Message::binary(letters)]
    });
    let control = [
        Message::Ping("p".into()),
        Message::Pong("p".into()),
        Message::Close(None),
    ];
    for role in ROLES {
        for message in data.clone().chain(control.clone()) {
            for compress in [Compress::IfAgreed, Compress::Never] {
                let mut short = protocol(role, &config);
                let mut long = protocol(role, &config);
                let is_small = message.is_data() && message.len() <= 4096;
                // Twice: into a buffer that is new, and behind what is there.
                for _ in 0..2 {
                    let sent = short.send_short(&message, compress);
                    assert_eq!(sent, is_small && role == Role::Server, "{message:?}");
                    if sent {
                        assert_eq!(long.send_with(message.clone(), compress), Ok(()));
                    }
                }
                let written = drain(&mut short, 1, usize::MAX);
                assert!(written == drain(&mut long, 1, usize::MAX));
                assert_eq!(written.is_empty(), !is_small || role == Role::Client);
            }
        }
    }

    let small = Message::text("small");
    let mut congested = protocol(Role::Server, &config);
    assert_eq!(congested.send(Message::binary(vec![1; 10_000])), Ok(()));
    let mut closing = protocol(Role::Server, &config);
    assert_eq!(closing.close(None), Ok(()));
    let mut ended = protocol(Role::Server, &config);
    ended.handle_end_of_input(Loss::Ended);
    for protocol in [&mut congested, &mut closing, &mut ended] {
        let queued = protocol.queued();
        assert!(!protocol.send_short(&small, Compress::Never));
        assert_eq!(protocol.queued(), queued);
    }
}
