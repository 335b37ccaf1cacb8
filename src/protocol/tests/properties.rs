//! What holds for whatever comes, however it is cut (RFC 6455, sections 2.1 and 6.2).

use proptest::{
    collection::vec,
    prelude::{any, prop_assert, prop_assert_eq, proptest},
    sample::{Index, select},
};

use super::{
    failing::{CONFIG, Violation, violations},
    generated::{Action, action, arbitrary, last_close, lawful, pieces, role},
    harness::{Event, Frame, Pair, Peer, ROLES, assert_close, code_of, opposite},
};
use crate::{
    config::Config,
    message::{CloseFrame, Message},
    protocol::{Closure, Initiator, Phase},
    wire::Role,
};

/// What an endpoint made of its input.
#[derive(Clone, Debug, PartialEq)]
struct Trace {
    events: Vec<Event>,
    sent: Vec<Frame>,
    phase: Phase,
    partial: usize,
}

/// Runs an endpoint over `bytes`, which come in these pieces. It writes after each.
fn run(role: Role, config: &Config, bytes: &[u8], pieces: &[usize]) -> Trace {
    let mut peer = Peer::facing_with(role, config);
    let mut sent = Vec::new();
    let mut rest = bytes;
    for size in pieces.iter().cycle() {
        let (piece, behind) = rest.split_at(rest.len().min(*size));
        peer.receive_bytes(piece);
        sent.append(&mut peer.sent());
        assert!(peer.protocol.partial_len() <= config.max_message_size);
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    Trace {
        events: peer.events(),
        sent,
        phase: peer.protocol.phase().clone(),
        partial: peer.protocol.partial_len(),
    }
}

/// 5.5.1, 7.1.7: a Close or an error is the last event; the Close that belongs to it is the
/// only one and the last thing sent; the phase tells of it.
fn check_the_end(trace: &Trace) {
    let (last, before) = match trace.events.split_last() {
        Some((last, before)) => (Some(last), before),
        None => (None, &[][..]),
    };
    assert!(
        before
            .iter()
            .all(|event| !matches!(event, Err(_) | Ok(Message::Close(_))))
    );
    let closes = trace.sent.iter().filter(|frame| frame.opcode == 0x8);
    let expected = match last {
        Some(Err(error)) => {
            assert_close(trace.sent.last().expect("a Close"), code_of(*error));
            Phase::ended(Closure::Failed(*error))
        }
        Some(Ok(Message::Close(frame))) => {
            assert_eq!(trace.sent.last().map(|frame| frame.opcode), Some(0x8));
            Phase::ended(Closure::Clean {
                initiator: Initiator::Remote,
                frame: frame.clone(),
                sent: frame.as_ref().map(|frame| CloseFrame::new(frame.code, "")),
            })
        }
        _ => Phase::Open,
    };
    assert_eq!(closes.count(), usize::from(expected != Phase::Open));
    assert_eq!(trace.phase, expected);
}

proptest! {
    #![proptest_config(crate::randomised::cases(256))]

    /// 2.1, 6.2: lawful frames yield their messages and answers, and a Close its echo,
    /// however the bytes are cut into pieces.
    #[test]
    fn lawful_frames_yield_their_messages_however_they_are_cut(
        role in role(),
        script in lawful(),
        end in proptest::option::of(last_close()),
        late in vec(any::<u8>(), 0..20),
        pieces in pieces(),
    ) {
        let is_closed = end.is_some();
        let script = script.then(end.unwrap_or_default());
        let mut bytes = script.encode(role);
        if is_closed {
            bytes.extend(late);
        }
        let whole = run(role, &CONFIG, &bytes, &[usize::MAX]);
        check_the_end(&whole);
        prop_assert_eq!(&whole.events, &script.events);
        prop_assert_eq!(&whole.sent, &script.answers);
        prop_assert_eq!(whole.partial, 0);
        prop_assert_eq!(run(role, &CONFIG, &bytes, &pieces), whole);
    }

    /// 7.1.7: behind lawful frames a violation yields its error, and nothing behind it
    /// counts, however the bytes are cut into pieces.
    #[test]
    fn violation_yields_its_error_however_it_is_cut(
        role in role(),
        script in lawful(),
        violation in any::<Index>(),
        late in vec(any::<u8>(), 0..20),
        pieces in pieces(),
    ) {
        let violations = violations(role);
        let Violation { error, past, bytes } = violation.get(&violations).clone();
        let mut script = script;
        script.frames.extend(past);
        script.events.push(Err(error));
        let bytes = [script.encode(role), bytes, late].concat();
        let whole = run(role, &CONFIG, &bytes, &[usize::MAX]);
        check_the_end(&whole);
        prop_assert_eq!(&whole.events, &script.events);
        prop_assert_eq!(&whole.sent[..whole.sent.len() - 1], &script.answers[..]);
        prop_assert_eq!(whole.partial, 0);
        prop_assert_eq!(run(role, &CONFIG, &bytes, &pieces), whole);
    }

    /// 2.1, 7.1.7: any bytes at all end in a lawful state, the same however they are cut.
    #[test]
    fn arbitrary_bytes_end_in_a_lawful_state(
        (role, bytes) in arbitrary(),
        max_message in select(vec![0, 10, 200, 1 << 20, usize::MAX]),
        max_fragments in select(vec![1, 3, 1 << 17]),
        pieces in pieces(),
    ) {
        let config = Config::new().max_message_size(max_message).max_fragments(max_fragments);
        let whole = run(role, &config, &bytes, &[usize::MAX]);
        check_the_end(&whole);
        let cut = run(role, &config, &bytes, &pieces);
        check_the_end(&cut);
        prop_assert_eq!(cut, whole);
    }

    /// 5.2, 6.1, 6.2: what one side sends the other receives, in order and unchanged, with
    /// writes of any sizes between; each side's last ping is answered (5.5.3); closing ends
    /// both sides.
    #[test]
    fn what_one_side_sends_the_other_receives(
        actions in vec((role(), action()), 0..40),
        high_water in select(vec![1, 500, usize::MAX]),
        first in role(),
    ) {
        let mut pair = Pair::with(&Config::new().write_high_water(high_water));
        let mut sent: [Vec<Message>; 2] = [vec![], vec![]];
        for (role, action) in actions {
            match action {
                Action::Send(message) => {
                    prop_assert_eq!(pair.end(role).protocol.send(message.clone()), Ok(()));
                    sent[usize::from(role == Role::Server)].push(message);
                }
                Action::Write(most) => {
                    let queued = pair.end(role).protocol.queued();
                    prop_assert!(pair.carry(role, most) <= queued.min(most));
                }
            }
        }
        pair.pump();
        // Of each side: what it sent, what came back to it, what the other side received.
        let [client, server] = ROLES.map(|role| pair.end(role).events());
        let [client_sent, server_sent] = &sent;
        for (sent, back, over) in [(client_sent, &client, &server), (server_sent, &server, &client)] {
            let is_pong = |event: &&Event| matches!(event, Ok(Message::Pong(_)));
            let over: Vec<_> = over.iter().filter(|event| !is_pong(event)).cloned().collect();
            let all: Vec<Event> = sent.iter().cloned().map(Ok).collect();
            prop_assert_eq!(over, all);

            let pongs: Vec<_> = back.iter().filter(is_pong).cloned().collect();
            let expected = sent.iter().filter_map(|message| match message {
                Message::Ping(data) => Some(Ok(Message::Pong(data.clone()))),
                _ => None,
            });
            let expected: Vec<Event> = expected.collect();
            prop_assert_eq!(pongs.last(), expected.last());
            let mut rest = expected.iter();
            prop_assert!(pongs.iter().all(|pong| rest.any(|ping| ping == pong)));
            if high_water == usize::MAX {
                prop_assert_eq!(pongs.len(), expected.len());
            }
        }
        let frame = CloseFrame::new(1001, "bye");
        prop_assert_eq!(pair.end(first).protocol.close(Some(&frame)), Ok(()));
        pair.pump();
        prop_assert_eq!(pair.closure(first), Some(&Closure::Clean {
            initiator: Initiator::Local,
            frame: Some(CloseFrame::new(1001, "")),
            sent: Some(frame.clone()),
        }));
        prop_assert_eq!(pair.closure(opposite(first)), Some(&Closure::Clean {
            initiator: Initiator::Remote,
            frame: Some(frame),
            sent: Some(CloseFrame::new(1001, "")),
        }));
    }
}
