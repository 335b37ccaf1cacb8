//! Messages that are compressed once and sent to many (RFC 7692, section 7.2.3.2).

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    deflate::{RSV1, message, params},
    harness::{Pair, Peer, ROLES, binary, protocol_with},
};
use crate::{
    config::Config,
    deflate::{DeflateConfig, DeflateParams, DeflateSide, Takeover},
    message::{Message, PreparedMessage},
    protocol::Compress,
    wire::Role,
};

fn config() -> Config {
    Config::new().deflate(DeflateConfig::new())
}

/// 6, 7.2.1: the compressed form is the frame that a connection without a context sends, and all
/// servers send it from one place.
#[test]
fn prepared_message_is_compressed_once() {
    let side = DeflateSide {
        window_bits: 12,
        takeover: Takeover::Kept,
    };
    let agreed = DeflateParams {
        server: side,
        client: side,
    };
    let mut state = 1_u32;
    let digits: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'0' + (state >> 24) as u8 % 10
    })
    .take(20_000)
    .collect();
    for data in [b"so ".repeat(20), digits] {
        let prepared = PreparedMessage::binary(data.clone());
        let mut frames = Vec::new();
        for _ in 0..2 {
            let mut peer = Peer::of(protocol_with(Role::Server, &config(), Some(agreed)));
            assert_eq!(peer.protocol.send_prepared(&prepared), Ok(()));
            let mut slices = [std::io::IoSlice::new(&[]); 2];
            assert_eq!(peer.protocol.outgoing().slices(&mut slices), 1);
            frames.push((slices[0].as_ptr(), slices[0].len()));
            let tally = peer.protocol.outgoing().tally();
            assert_eq!((tally.messages(), tally.payload()), (1, data.len() as u64));

            let mut usual = Peer::of(protocol_with(Role::Server, &config(), Some(agreed)));
            assert_eq!(usual.protocol.send(Message::binary(data.clone())), Ok(()));
            let sent = usual.sent();
            assert_eq!(sent[0].rsv, RSV1);
            assert!(sent[0].payload.len() < data.len());
            peer.assert_sent(&sent);
        }
        // What is small is copied.
        assert_eq!(frames[0].1 > 4096, data.len() > 4096);
        if data.len() > 4096 {
            assert_eq!(frames[0], frames[1]);
        }
    }
    // Too short to be compressed.
    let mut peer = Peer::of(protocol_with(Role::Server, &config(), Some(agreed)));
    let short = PreparedMessage::binary("short");
    assert_eq!(peer.protocol.send_prepared(&short), Ok(()));
    peer.assert_sent(&[binary("short")]);
}

proptest! {
    #![proptest_config(crate::randomised::cases(64))]

    /// Whatever was agreed on with each, prepared messages and others arrive as they were, at
    /// clients of several connections and at the server.
    #[test]
    fn prepared_messages_survive_compression(
        agreed in vec(params(), 1..4),
        min_size in select(vec![0, 32]),
        level in 1..=9_u8,
        messages in vec(message(), 1..6),
        sent in vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5_u8, any::<bool>()),
            1..40,
        ),
    ) {
        let deflate = DeflateConfig::new().min_size(min_size).level(level);
        let config = Config::new().deflate(deflate);
        let mut connections: Vec<_> = agreed
            .into_iter()
            .map(|params| {
                let ends = ROLES.map(|role| Peer::of(protocol_with(role, &config, Some(params))));
                (Pair::of(ends), [Vec::new(), Vec::new()])
            })
            .collect();
        let messages: Vec<_> = messages
            .into_iter()
            .map(|message| (message.clone(), PreparedMessage::try_from(message).ok()))
            .collect();
        for (connection, message, way, to_server) in sent {
            let (pair, expected) = connection.get_mut(&mut connections);
            let (message, prepared) = message.get(&messages);
            let (from, to) = if to_server { (Role::Client, 1) } else { (Role::Server, 0) };
            let protocol = &mut pair.end(from).protocol;
            let outcome = match (prepared, way) {
                (Some(prepared), 2..) => protocol.send_prepared(prepared),
                (_, 0) => protocol.send_with(message.clone(), Compress::Never),
                _ => protocol.send(message.clone()),
            };
            prop_assert!(outcome.is_ok());
            expected[to].push(Ok(message.clone()));
            while pair.carry(from, usize::MAX) > 0 {}
        }
        for (mut pair, expected) in connections {
            for (role, expected) in ROLES.into_iter().zip(expected) {
                let mut received = pair.end(role).events();
                received.retain(|event| !matches!(event, Ok(Message::Pong(_))));
                prop_assert!(received == expected);
            }
        }
    }
}
