//! Limits of compressed messages (RFC 6455, section 10.4).

use bytes::BytesMut;

use super::{
    deflate::{RSV1, compressing, facing, hello},
    harness::{ROLES, binary, continuation, opposite, text},
};
use crate::{
    config::Config,
    message::Message,
    protocol::{Received, Want},
    wire::ProtocolError,
};

/// RFC 6455, 10.4: the limit holds for what comes out, to the byte, however it is cut, and
/// behind fragments that were within it.
#[test]
fn message_above_the_limit_after_inflation_fails_with_1009() {
    const LIMIT: usize = 100_000;
    let config = compressing().max_message_size(LIMIT);
    let error = ProtocolError::MessageTooBig {
        size: LIMIT as u64 + 1,
        max: LIMIT,
    };
    for role in ROLES {
        for (len, is_lawful) in [(LIMIT - 1, true), (LIMIT, true), (LIMIT + 1, false)] {
            for fragments in [1, 3] {
                let data = vec![b'z'; len];
                let mut sender = facing(opposite(role), &compressing());
                let message = Message::text(String::from_utf8(data.clone()).expect("ASCII"));
                assert_eq!(sender.protocol.send(message.clone()), Ok(()));
                let compressed = sender.sent().remove(0).payload;
                assert!(compressed.len() < 1000);
                let mut peer = facing(role, &config);
                let pieces = compressed.chunks(compressed.len().div_ceil(fragments));
                let last = pieces.len() - 1;
                for (i, piece) in pieces.enumerate() {
                    let frame = match i {
                        0 => text(piece).rsv(RSV1),
                        _ => continuation(piece),
                    };
                    peer.receive(&if i == last { frame } else { frame.more() });
                }
                if is_lawful {
                    peer.assert_received(std::slice::from_ref(&message));
                } else {
                    peer.assert_failed(error);
                }
            }
        }
    }
}

/// RFC 6455, 10.4: until it is complete, a compressed message is held as it came, however much
/// may come out of it; one that nobody takes stays so.
#[test]
fn compressed_message_is_held_as_it_came() {
    for role in ROLES {
        let mut sender = facing(opposite(role), &compressing());
        let message = Message::binary(vec![b'z'; 1 << 20]);
        assert_eq!(sender.protocol.send(message.clone()), Ok(()));
        let compressed = sender.sent().remove(0).payload;
        let (first, last) = compressed.split_at(compressed.len() - 1);
        let mut peer = facing(role, &compressing());
        peer.receive(&binary(first).rsv(RSV1).more());
        peer.assert_received(&[]);
        assert_eq!(peer.protocol.partial_len(), first.len());
        peer.receive(&continuation(last));
        peer.assert_received(std::slice::from_ref(&message));
        assert_eq!(peer.protocol.partial_len(), 0);

        let frame = binary(&compressed).rsv(RSV1);
        let mut input = BytesMut::from(&peer.encode(&frame)[..]);
        let (decoded, _) = peer.protocol.receive(&mut input, Want::Ahead);
        let Received::Compressed(held) = decoded else {
            panic!("{decoded:?}");
        };
        assert_eq!(held.len(), compressed.len());
        assert_eq!(peer.protocol.inflate(held), Some(Ok(message)));
    }
}

/// RFC 6455, 10.4: on the wire a compressed message is bounded by what may come out of it: in one
/// frame or in several, at the header that announces the excess.
#[test]
fn compressed_message_above_what_its_limit_can_need_fails_with_1009() {
    const LIMIT: usize = 6400;
    const WIRE: usize = LIMIT + LIMIT / 8 + LIMIT / 64 + 1024;
    let config = compressing().max_message_size(LIMIT);
    // Empty stored blocks.
    let blocks = [0x00, 0x00, 0x00, 0xFF, 0xFF].repeat(WIRE / 5 + 1);
    let error = |size| ProtocolError::CompressedTooBig { size, max: LIMIT };
    for role in ROLES {
        let mut peer = facing(role, &config);
        peer.receive(&binary(&blocks[..=WIRE]).rsv(RSV1));
        peer.assert_failed(error(WIRE as u64 + 1));

        let mut peer = facing(role, &config);
        peer.receive(&binary(&blocks[..WIRE - 10]).rsv(RSV1).more());
        peer.receive(&continuation(&blocks[..10]).more());
        peer.assert_received(&[]);
        peer.receive(&continuation(&blocks[..1]));
        peer.assert_failed(error(WIRE as u64 + 1));
    }
}

/// RFC 6455, 10.4: a frame is limited as it stands on the wire, also compressed.
#[test]
fn compressed_frame_above_its_limit_is_refused_at_its_header() {
    let config = Config::new().max_frame_size(6);
    for role in ROLES {
        let mut peer = facing(role, &config);
        peer.receive(&hello());
        peer.assert_failed(ProtocolError::FrameTooBig { size: 7, max: 6 });
    }
}
