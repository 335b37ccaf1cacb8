//! Ping and pong (RFC 6455, sections 5.5.2 and 5.5.3).

use super::harness::{
    Frame, Peer, ROLES, assert_close, binary, close, continuation, head, key_of, opposite, ping,
    pong, text,
};
use crate::{
    config::Config,
    message::Message,
    protocol::{Closure, Initiator, Loss, Phase, Tally},
    wire::{ProtocolError, Role},
};

/// Room for one frame of a hundred bytes, then none.
const NARROW: Config = Config::new().write_high_water(100);

/// An endpoint that has queued 100 bytes, which nobody has taken.
fn congested(role: Role) -> Peer {
    let mut peer = Peer::facing_with(role, &NARROW);
    let sent = peer.protocol.send(Message::binary(vec![0; 100]));
    assert_eq!(sent, Ok(()));
    assert!(peer.protocol.is_congested());
    peer
}

/// 5.5.2, 5.5.3: a ping of every length is answered with the same data, and is shown.
#[test]
fn ping_is_answered_with_its_data() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for len in 0..=125 {
            let data: Vec<u8> = (0..len).map(|i| i ^ 0xC3).collect();
            peer.receive(&ping(&data));
            peer.assert_sent(&[pong(&data)]);
            peer.assert_received(&[Message::Ping(data.into())]);
        }
        peer.assert_open();
    }
}

/// 5.5.2: while there is room, every ping is answered, in order.
#[test]
fn pings_in_one_piece_are_each_answered() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        peer.receive_together(&[ping("1"), text("between"), ping("2"), ping("")]);
        peer.assert_sent(&[pong("1"), pong("2"), pong("")]);
        peer.assert_received(&[
            Message::Ping("1".into()),
            Message::text("between"),
            Message::Ping("2".into()),
            Message::Ping("".into()),
        ]);
        peer.assert_open();
    }
}

/// 5.5.2: a ping is answered although its user has not taken it yet.
#[test]
fn ping_is_answered_when_it_is_decoded() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        let bytes = peer.encode(&ping("now"));
        peer.arrive(&bytes);
        let decoded = peer.decode();
        assert_eq!(decoded, Some(Ok(Message::Ping("now".into()))));
        peer.assert_sent(&[pong("now")]);
        peer.assert_open();
    }
}

/// 5.5.3: an unsolicited pong is shown and not answered.
#[test]
fn unsolicited_pong_is_not_answered() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for data in [&b""[..], b"unasked", &[0xFF; 125]] {
            peer.receive(&pong(data));
            peer.assert_received(&[Message::Pong(data.to_vec().into())]);
        }
        peer.assert_open();
    }
}

/// 5.5.3: without room the newest ping alone is answered, once there is room again.
#[test]
fn newest_ping_is_answered_when_there_is_room_again() {
    for role in ROLES {
        let mut peer = congested(role);
        let queued = peer.protocol.queued();
        peer.receive_together(&[ping("1"), ping("2")]);
        peer.receive(&ping("3"));
        assert_eq!(peer.protocol.queued(), queued);
        // Still 100 bytes: no room.
        peer.write(queued - 100);
        assert!(peer.protocol.is_congested());
        assert_eq!(peer.protocol.queued(), 100);
        // One byte less is room.
        peer.write(1);
        assert!(peer.protocol.queued() > 99, "the pong is queued");
        peer.assert_sent(&[binary([0; 100]), pong("3")]);
        assert_eq!(peer.events().len(), 3);
        // Only once.
        peer.receive(&ping("4"));
        peer.assert_sent(&[pong("4")]);
        peer.assert_received(&[Message::Ping("4".into())]);
        peer.assert_open();
    }
}

/// 5.5.3: a flood of pings that nobody reads the answers of queues a bounded number of bytes.
#[test]
fn ping_flood_does_not_grow_the_queue() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        let flood: Vec<u8> = peer.encode(&ping([7; 125])).repeat(100);
        let mut most = 0;
        for _ in 0..100 {
            peer.receive_bytes(&flood);
            most = most.max(peer.protocol.queued());
        }
        assert_eq!(peer.events().len(), 10_000);
        // The default mark and the frame that passes it.
        assert!(most < (64 << 10) + 131, "{most}");
        peer.receive(&ping("last"));
        let sent = peer.sent();
        assert_eq!(sent.last(), Some(&pong("last")));
        assert!(sent.len() < 600, "{}", sent.len());
    }
}

/// 5.5.2: while nothing is queued a ping is answered, however little may be queued.
#[test]
fn ping_is_answered_under_every_high_water_mark() {
    for role in ROLES {
        for mark in [0, 1, 2, usize::MAX] {
            let mut peer = Peer::facing_with(role, &Config::new().write_high_water(mark));
            for data in ["1", "2"] {
                peer.receive(&ping(data));
                assert_eq!(peer.sent(), [pong(data)], "mark {mark}");
            }
        }
    }
}

/// 5.5.1, 5.5.2: our own Close forbids further data frames, not the answer to a ping: that
/// ends with the peer's Close.
#[test]
fn ping_after_our_close_is_answered() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        assert_eq!(peer.protocol.close(None), Ok(()));
        peer.receive(&ping("still here"));
        peer.assert_sent(&[Frame::new(0x8, ""), pong("still here")]);
        peer.assert_received(&[Message::Ping("still here".into())]);
        assert_eq!(peer.protocol.phase(), &Phase::CloseSent);
        peer.receive(&Frame::new(0x8, ""));
        peer.assert_received(&[Message::Close(None)]);
        peer.assert_closed(Initiator::Local, None);
    }
}

/// 5.5.2: no pong after a Close was received, whether the ping came behind it or before it
/// without being answered yet.
#[test]
fn no_pong_follows_a_received_close() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        peer.receive_together(&[ping("before"), close(1000, ""), ping("behind")]);
        peer.assert_sent(&[pong("before"), close(1000, "")]);
        assert_eq!(peer.events().len(), 2);
        peer.assert_dead();

        let mut peer = congested(role);
        peer.receive_together(&[ping("waits"), close(1000, ""), ping("behind")]);
        peer.assert_sent(&[binary([0; 100]), close(1000, "")]);
        assert_eq!(peer.events().len(), 2);
        peer.assert_dead();
    }
}

/// 5.5.2: the ping that waits for room is still answered while a Close is decoded but not
/// taken, and before the echo.
#[test]
fn waiting_pong_leaves_before_a_close_that_nobody_took() {
    for role in ROLES {
        let mut peer = congested(role);
        for frame in [ping("waits"), close(1001, "")] {
            let bytes = peer.encode(&frame);
            peer.arrive(&bytes);
        }
        assert_eq!(peer.decode(), Some(Ok(Message::Ping("waits".into()))));
        let close_received = peer.decode().expect("a Close");
        peer.assert_sent(&[binary([0; 100]), pong("waits")]);
        peer.protocol.deliver(&close_received);
        peer.assert_sent(&[close(1001, "")]);
        peer.assert_dead();
    }
}

/// 7.1.7: nothing is sent behind the Close that fails the connection, also not the pong
/// that waits for room.
#[test]
fn no_pong_follows_a_failure() {
    for role in ROLES {
        let mut peer = congested(role);
        peer.receive_together(&[ping("waits"), continuation(""), ping("behind")]);
        let error = ProtocolError::UnexpectedContinuation;
        assert_eq!(
            peer.events(),
            [Ok(Message::Ping("waits".into())), Err(error)]
        );
        match &peer.sent()[..] {
            [data, failed] => {
                assert_eq!(data, &binary([0; 100]));
                assert_close(failed, 1002);
            }
            sent => panic!("{sent:?}"),
        }
        peer.assert_dead();
    }
}

/// 7.1.5: once the transport has ended no pong is queued, for a ping that waits or for one
/// that is decoded late.
#[test]
fn no_pong_follows_the_end_of_input() {
    for role in ROLES {
        let mut peer = congested(role);
        peer.receive(&ping("waits"));
        peer.protocol.handle_end_of_input(Loss::Ended);
        peer.receive(&ping("late"));
        peer.assert_sent(&[binary([0; 100])]);
        assert_eq!(
            peer.protocol.phase(),
            &Phase::ended(Closure::Lost(Loss::Ended))
        );
    }
}

/// 5.5.2: a waiting pong follows our own Close, which forbids data frames only.
#[test]
fn waiting_pong_follows_our_close() {
    for role in ROLES {
        let mut peer = congested(role);
        peer.receive(&ping("waits"));
        assert_eq!(peer.protocol.close(None), Ok(()));
        peer.assert_sent(&[binary([0; 100]), Frame::new(0x8, ""), pong("waits")]);
        assert_eq!(peer.protocol.phase(), &Phase::CloseSent);
    }
}

/// 5.5: a control frame of more than 125 bytes fails at its second byte; its length is not
/// even read.
#[test]
fn control_frame_above_125_bytes_fails_at_the_second_byte() {
    for role in ROLES {
        for first in [0x88, 0x89, 0x8A] {
            for (form, len) in [(126, 126), (126, 5), (127, 1 << 62), (127, u64::MAX)] {
                let mut peer = Peer::facing(role);
                let bytes = head(first, key_of(opposite(role)), form, len);
                assert_eq!(peer.drip(&bytes), Some(2));
                peer.receive_bytes(&bytes[2..]);
                peer.assert_failed(ProtocolError::ControlTooLong);
            }
        }
    }
}

/// 5.5: the limits are the user's for data; control frames, which are small, pass any.
#[test]
fn control_frames_pass_whatever_the_limits_for_data() {
    let config = Config::new()
        .max_frame_size(0)
        .max_message_size(0)
        .max_fragments(1);
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &config);
        peer.receive(&ping([1; 125]));
        peer.assert_sent(&[pong([1; 125])]);
        peer.receive(&pong([2; 125]));
        peer.receive(&text(""));
        peer.assert_received(&[
            Message::Ping(vec![1; 125].into()),
            Message::Pong(vec![2; 125].into()),
            Message::text(""),
        ]);
        peer.assert_open();
    }
}

/// 5.5.2: the data of pings and pongs is the application's: it need not be text.
#[test]
fn control_payload_is_not_validated() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        peer.receive(&text("a").more());
        peer.receive(&ping([0xFF, 0xC0]));
        peer.assert_sent(&[pong([0xFF, 0xC0])]);
        peer.receive(&continuation("b"));
        peer.assert_received(&[Message::Ping(vec![0xFF, 0xC0].into()), Message::text("ab")]);
        peer.assert_open();
    }
}

/// Messages, frames, bytes of payload, pings.
fn counts(tally: &Tally) -> (u64, u64, u64, u64) {
    let (messages, frames) = (tally.messages(), tally.frames());
    (messages, frames, tally.payload(), tally.pings())
}

/// 5.5: of what came, every frame is counted, and pings apart.
#[test]
fn received_frames_are_counted_as_what_they_are() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for (frame, counted) in [
            (ping("p"), (0, 1, 0, 1)),
            (pong("p"), (0, 2, 0, 1)),
            (text("abc"), (1, 3, 3, 1)),
            (text("d").more(), (1, 4, 3, 1)),
            (ping(""), (1, 5, 3, 2)),
            (continuation("ef"), (2, 6, 6, 2)),
            (close(1000, ""), (2, 7, 6, 2)),
        ] {
            peer.receive(&frame);
            let found = counts(peer.protocol.incoming().tally());
            assert_eq!(found, counted, "{frame:?}");
        }
    }
}

/// 5.5: the same of what is sent.
#[test]
fn sent_frames_are_counted_as_what_they_are() {
    for role in ROLES {
        let mut peer = Peer::facing(role);
        for (message, counted) in [
            (Message::Ping("p".into()), (0, 1, 0, 1)),
            (Message::Pong("p".into()), (0, 2, 0, 1)),
            (Message::text("abc"), (1, 3, 3, 1)),
            (Message::Ping("".into()), (1, 4, 3, 2)),
            (Message::Close(None), (1, 5, 3, 2)),
        ] {
            assert_eq!(peer.protocol.send(message), Ok(()));
            assert_eq!(counts(peer.protocol.outgoing().tally()), counted);
        }
    }
}
