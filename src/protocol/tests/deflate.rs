//! Compressed messages (RFC 7692, sections 6 and 7.2).

use bytes::BytesMut;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof},
    proptest,
    sample::select,
};

use super::harness::{
    Frame, Pair, Peer, ROLES, binary, close, continuation, opposite, ping, pong, protocol_with,
    text,
};
use crate::{
    config::Config,
    deflate::{DeflateConfig, DeflateParams, DeflateSide, Takeover},
    message::Message,
    protocol::{Batch, Compress, Phase, Received, SendBuffer, Want},
    wire::{ProtocolError, Role},
};

/// 7.2.3.1: "Hello" in one block, and again, as the context is taken over (7.2.3.2).
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
const HELLO_AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";

pub(super) const RSV1: u8 = 4;

const fn side(window_bits: u8, takeover: Takeover) -> DeflateSide {
    DeflateSide {
        window_bits,
        takeover,
    }
}

const DEFAULT: DeflateParams = DeflateParams {
    server: side(15, Takeover::Kept),
    client: side(15, Takeover::Kept),
};

pub(super) fn compressing() -> Config {
    Config::new().deflate(DeflateConfig::new().min_size(0))
}

pub(super) fn facing(role: Role, config: &Config) -> Peer {
    Peer::of(protocol_with(role, config, Some(DEFAULT)))
}

pub(super) fn hello() -> Frame {
    text(HELLO).rsv(RSV1)
}

/// 7.2.3: the examples of the RFC, as frames.
#[test]
fn examples_of_the_rfc_are_understood() {
    for role in ROLES {
        let examples: [&[Frame]; 6] = [
            &[hello()],
            // 7.2.3.1: in two fragments.
            &[
                text(&HELLO[..3]).rsv(RSV1).more(),
                continuation(&HELLO[3..]),
            ],
            // 7.2.3.3: a block with no compression.
            &[text(b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00").rsv(RSV1)],
            // 7.2.3.4: a block with BFINAL set to 1.
            &[text(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00").rsv(RSV1)],
            // 7.2.3.5: two blocks.
            &[text(b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00").rsv(RSV1)],
            // 6: without RSV1 a message is what it is.
            &[text("Hello")],
        ];
        for frames in examples {
            let mut peer = facing(role, &Config::new());
            peer.receive_together(frames);
            peer.assert_received(&[Message::text("Hello")]);
            peer.assert_open();
        }
        let mut peer = facing(role, &Config::new());
        peer.receive(&hello());
        peer.receive(&text(HELLO_AGAIN).rsv(RSV1));
        peer.receive(&text(b"\x00").rsv(RSV1));
        let received = ["Hello", "Hello", ""].map(Message::text);
        peer.assert_received(&received);
    }
}

/// 6: RSV1 stands on the first frame of a data message and nowhere else; the others mean
/// nothing. At every first byte, between messages and inside of plain and compressed ones.
#[test]
fn rsv1_elsewhere_is_a_protocol_error() {
    let begins: [&[Frame]; 3] = [
        &[],
        &[text("a").more()],
        &[text(&HELLO[..3]).rsv(RSV1).more()],
    ];
    for role in ROLES {
        for begin in begins {
            for first in 0..=u8::MAX {
                let mut peer = facing(role, &Config::new());
                peer.receive_together(begin);
                peer.receive_bytes(&[first]);
                let failed = peer.events().contains(&Err(ProtocolError::ReservedBits));
                let is_first = matches!(first & 0x0F, 1 | 2);
                let lawful = first & 0x30 == 0 && (first & 0x40 == 0 || is_first);
                assert_eq!(failed, !lawful, "{role:?} {begin:?} {first:x}");
            }
        }
    }
}

/// 6: without the extension RSV1 means nothing.
#[test]
fn compressed_message_that_was_not_agreed_on_is_a_protocol_error() {
    for role in ROLES {
        let mut peer = Peer::facing_with(role, &compressing());
        peer.receive(&hello());
        peer.assert_failed(ProtocolError::ReservedBits);
        assert_eq!(
            peer.protocol.send(Message::text("Hello")),
            Err(super::super::SendError::Closed)
        );
    }
}

/// RFC 6455, 5.4: control frames come between the fragments of a compressed message, and
/// are answered at once.
#[test]
fn control_frames_between_compressed_fragments_are_handled_at_once() {
    for role in ROLES {
        let mut peer = facing(role, &compressing());
        peer.receive(&text(&HELLO[..1]).rsv(RSV1).more());
        peer.receive(&ping("now"));
        peer.assert_received(&[Message::Ping("now".into())]);
        // 6.1: control frames are not compressed.
        peer.assert_sent(&[pong("now")]);
        peer.receive(&pong("unasked"));
        peer.assert_received(&[Message::Pong("unasked".into())]);
        peer.receive(&continuation(&HELLO[1..5]).more());
        peer.receive(&continuation("").more());
        peer.receive(&continuation(&HELLO[5..]));
        peer.assert_received(&[Message::text("Hello")]);

        peer.receive(&text(&HELLO[..1]).rsv(RSV1).more());
        peer.receive(&close(1000, "enough"));
        assert!(matches!(peer.protocol.phase(), Phase::Ended(closure) if closure.is_clean()));
    }
}

/// RFC 6455, 8.1: text is judged by what comes out, once it is complete: until then it is held as
/// it came.
#[test]
fn text_that_inflates_to_invalid_utf8_fails_when_it_is_complete() {
    for role in ROLES {
        // A stored block of one bad byte, and more announced than there is.
        let mut peer = facing(role, &Config::new());
        peer.receive(&text(b"\x00\x02\x00\xfd\xff\xff").rsv(RSV1).more());
        peer.assert_received(&[]);
        peer.receive(&continuation(b""));
        peer.assert_failed(ProtocolError::InvalidUtf8);

        // A character that ends in the next fragment, or not at all.
        let stored = |byte: u8| [0x00, 0x01, 0x00, 0xfe, 0xff, byte];
        for (last, ends_well) in [(0x9f, true), (b'a', false)] {
            let mut peer = facing(role, &Config::new());
            peer.receive(&text(stored(0xc3)).rsv(RSV1).more());
            peer.assert_received(&[]);
            peer.receive(&continuation(stored(last)).more());
            peer.receive(&continuation(b"\x00"));
            if ends_well {
                peer.assert_received(&[Message::text("\u{df}")]);
            } else {
                peer.assert_failed(ProtocolError::InvalidUtf8);
            }
        }
        let mut peer = facing(role, &Config::new());
        peer.receive(&text([&stored(0xc3)[..], b"\x00"].concat()).rsv(RSV1));
        peer.assert_failed(ProtocolError::InvalidUtf8);

        let mut peer = facing(role, &Config::new());
        peer.receive(&binary([&stored(0xc3)[..], b"\x00"].concat()).rsv(RSV1));
        peer.assert_received(&[Message::binary(vec![0xc3])]);
    }
}

/// 7.2.2: what is no DEFLATE, ends inside a block, or refers to what was never sent.
#[test]
fn damaged_message_fails_with_1007() {
    let damaged: [&[u8]; 4] = [
        b"\xff\xff\xff\xff",
        b"\x06",
        b"\x00\x05\x00\xfa\xff\x48",
        HELLO_AGAIN,
    ];
    for role in ROLES {
        for payload in damaged {
            let mut peer = facing(role, &Config::new());
            peer.receive(&binary(payload).rsv(RSV1));
            peer.assert_failed(ProtocolError::InvalidDeflate);
        }
        assert_eq!(ProtocolError::InvalidDeflate.close_code(), 1007);
    }
}

/// 7.1.1: messages that were held as they came are inflated in the order of arrival, each behind
/// those before it, and also when the Close behind them has been seen.
#[test]
fn messages_that_waited_refer_to_those_before_them() {
    for role in ROLES {
        for at_once in [0, 1] {
            let mut peer = facing(role, &compressing());
            let again = binary(HELLO_AGAIN).rsv(RSV1);
            let mut waiting = Vec::new();
            let frames = [hello(), again.clone(), again];
            for (index, frame) in frames.iter().enumerate() {
                let mut input = BytesMut::from(&peer.encode(frame)[..]);
                let batch = &mut Batch::default();
                let want = if index < at_once {
                    Want::Now { batch, most: 1 }
                } else {
                    Want::Ahead
                };
                let received = peer.protocol.receive(&mut input, want).0;
                let is_inflated = matches!(received, Received::Data(_));
                assert_eq!(is_inflated, index < at_once, "{received:?}");
                waiting.push(received);
            }
            let mut input = BytesMut::from(&peer.encode(&close(1000, ""))[..]);
            let (decoded, _) = peer.protocol.receive(&mut input, Want::Ahead);
            assert!(matches!(decoded, Received::Control(Message::Close(_))));
            for received in waiting {
                let message = match received {
                    Received::Data(message) => message,
                    Received::Compressed(held) => peer
                        .protocol
                        .inflate(held)
                        .expect("all of it")
                        .expect("it is valid"),
                    other => panic!("{other:?}"),
                };
                assert_eq!(message.into_data(), "Hello");
            }
        }
    }
}

/// 6, 7.1: what is below the minimum, or was to be sent as it is, is sent without RSV1, and
/// no message refers to it.
#[test]
fn message_is_sent_uncompressed_where_that_was_wanted() {
    let config = Config::new().deflate(DeflateConfig::new().min_size(6));
    for role in ROLES {
        let mut peer = facing(role, &config);
        assert_eq!(peer.protocol.send(Message::text("Hello")), Ok(()));
        let long = || Message::binary(b"Hello, Hello, Hello, Hello".as_slice());
        assert_eq!(peer.protocol.send_with(long(), Compress::Never), Ok(()));
        assert_eq!(peer.protocol.send(long()), Ok(()));
        assert_eq!(
            peer.protocol.send(Message::Ping("not compressed".into())),
            Ok(())
        );
        let sent = peer.sent();
        assert_eq!(sent[0], text("Hello"));
        assert_eq!(sent[1], binary(long().into_data()));
        assert_eq!(sent[2].rsv, RSV1);
        assert_eq!(sent[3], ping("not compressed"));
        let mut other = facing(opposite(role), &config);
        for frame in &sent {
            other.receive(frame);
        }
        let expected = [
            Message::text("Hello"),
            long(),
            long(),
            Message::Ping("not compressed".into()),
        ];
        other.assert_received(&expected);
    }
}

/// The short way of sending is not for what may be compressed.
#[test]
fn short_way_of_sending_leaves_compression_to_the_long_way() {
    let config = Config::new().deflate(DeflateConfig::new());
    let mut peer = facing(Role::Server, &config);
    let message = Message::text("small");
    assert!(!peer.protocol.send_short(&message, Compress::IfAgreed));
    assert_eq!(peer.protocol.queued(), 0);
    assert!(peer.protocol.send_short(&message, Compress::Never));
    assert_eq!(peer.protocol.queued(), 2 + "small".len());
    let mut buffer = SendBuffer::CLOSED;
    peer.protocol.open(&mut buffer, 1);
    assert!(!buffer.push(&Message::text("small")));
}

pub(super) fn params() -> impl Strategy<Value = DeflateParams> {
    let takeover = || prop_oneof![Just(Takeover::Kept), Just(Takeover::Reset)];
    let side = move || (8..=15_u8, takeover()).prop_map(|(bits, takeover)| side(bits, takeover));
    (side(), side()).prop_map(|(server, client)| DeflateParams { server, client })
}

pub(super) fn message() -> impl Strategy<Value = Message> {
    let words = vec(
        select(vec!["price", "{\"id\":", "ß水🍰", " ", "\u{10FFFF}"]),
        0..300,
    );
    let noise = vec(any::<u8>(), 0..3000);
    prop_oneof![
        words.prop_map(|words| Message::text(words.concat())),
        noise.prop_map(Message::binary),
        (any::<u8>(), 0..200_000_usize).prop_map(|(byte, len)| Message::binary(vec![byte; len])),
        Just(Message::Ping("between".into())),
    ]
}

proptest! {
    #![proptest_config(crate::randomised::cases(64))]

    /// 7.2: what both ends send each other arrives as it was, whatever was agreed on, and
    /// however the bytes are cut.
    #[test]
    fn messages_survive_compression(
        params in params(),
        min_size in select(vec![0, 32]),
        level in 1..=9_u8,
        messages in vec((message(), any::<bool>(), any::<bool>()), 1..12),
        step in prop_oneof![1..20_usize, 1000..100_000_usize],
    ) {
        let deflate = DeflateConfig::new().min_size(min_size).level(level);
        let config = Config::new().deflate(deflate);
        let ends = ROLES.map(|role| Peer::of(protocol_with(role, &config, Some(params))));
        let mut pair = Pair::of(ends);
        let mut expected = [Vec::new(), Vec::new()];
        for (message, to_server, wanted) in messages {
            let (from, to) = if to_server { (Role::Client, 1) } else { (Role::Server, 0) };
            let compress = if wanted { Compress::IfAgreed } else { Compress::Never };
            let sent = pair.end(from).protocol.send_with(message.clone(), compress);
            prop_assert!(sent.is_ok());
            expected[to].push(message);
            while pair.carry(from, step) > 0 {}
        }
        for (role, expected) in ROLES.into_iter().zip(expected) {
            let received = pair.end(role).events().into_iter();
            let received: Vec<_> = received
                .filter(|event| !matches!(event, Ok(Message::Pong(_))))
                .collect();
            let expected: Vec<_> = expected.into_iter().map(Ok).collect();
            prop_assert_eq!(received, expected);
            prop_assert_eq!(pair.end(role).protocol.phase(), &Phase::Open);
        }
    }

    /// No payload, compressed or only said to be, makes an endpoint panic, and how it is cut
    /// makes no difference.
    #[test]
    fn any_payload_has_one_verdict(
        role in select(&ROLES[..]),
        payload in vec(any::<u8>(), 0..200),
        begin in 0..HELLO.len(),
        cut in 1..20_usize,
    ) {
        let frame = binary([&HELLO[..begin], &payload].concat()).rsv(RSV1);
        let bytes = frame.encode(opposite(role));
        let mut whole = facing(role, &Config::new());
        whole.receive_bytes(&bytes);
        let mut pieces = facing(role, &Config::new());
        for piece in bytes.chunks(cut) {
            pieces.receive_bytes(piece);
        }
        prop_assert_eq!(whole.events(), pieces.events());
    }
}
