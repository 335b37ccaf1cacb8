//! What holds for whatever comes, however it is cut (RFC 6455, sections 2.1 and 6.2).

use proptest::{
    collection::vec,
    prelude::{
        Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    },
    sample::{Index, select},
};

use super::{
    failing::{CONFIG, Violation, violations},
    harness::{
        Event, Frame, Pair, Peer, ROLES, assert_close, close, close_body, code_of, continuation,
        opposite, ping, pong,
    },
};
use crate::{
    config::Config,
    message::{CloseFrame, Message},
    protocol::{Closure, Initiator, Phase},
    wire::Role,
};

/// More with the environment's `PROPTEST_CASES`.
fn cases() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn role() -> impl Strategy<Value = Role> {
    select(&ROLES[..])
}

/// Text of characters of every length, seldom long.
fn characters() -> impl Strategy<Value = String> {
    let short = vec(any::<char>(), 0..40).prop_map(String::from_iter);
    (short, select(vec![1, 1, 1, 1, 10, 400])).prop_map(|(text, times)| text.repeat(times))
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    let short = vec(any::<u8>(), 0..150);
    (short, select(vec![1, 1, 1, 1, 10, 400])).prop_map(|(data, times)| data.repeat(times))
}

fn data_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        characters().prop_map(Message::text),
        octets().prop_map(Message::binary),
    ]
}

fn control_data() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=125)
}

/// Frames, what they yield, and what is answered.
#[derive(Clone, Debug, Default)]
struct Script {
    frames: Vec<Frame>,
    events: Vec<Event>,
    answers: Vec<Frame>,
}

impl Script {
    fn then(mut self, mut next: Script) -> Self {
        self.frames.append(&mut next.frames);
        self.events.append(&mut next.events);
        self.answers.append(&mut next.answers);
        self
    }

    fn encode(&self, role: Role) -> Vec<u8> {
        let frames = self.frames.iter();
        frames
            .flat_map(|frame| frame.encode(opposite(role)))
            .collect()
    }
}

/// A ping or a pong.
fn control() -> impl Strategy<Value = Script> {
    (any::<bool>(), control_data()).prop_map(|(is_ping, data)| {
        if is_ping {
            Script {
                frames: vec![ping(&data)],
                answers: vec![pong(&data)],
                events: vec![Ok(Message::Ping(data.into()))],
            }
        } else {
            Script {
                frames: vec![pong(&data)],
                answers: vec![],
                events: vec![Ok(Message::Pong(data.into()))],
            }
        }
    })
}

/// A data message, cut anywhere into up to five frames, a control frame between some.
fn fragments() -> impl Strategy<Value = Script> {
    let cuts = vec((any::<Index>(), vec(control(), 0..2)), 0..5);
    (data_message(), cuts).prop_map(|(message, cuts)| {
        let opcode = if matches!(message, Message::Text(_)) {
            0x1
        } else {
            0x2
        };
        let payload = message.clone().into_data();
        let mut places: Vec<usize> = cuts
            .iter()
            .map(|(cut, _)| cut.index(payload.len() + 1))
            .collect();
        places.sort_unstable();
        let mut script = Script::default();
        let mut begin = 0;
        for (place, (_, between)) in places.into_iter().zip(cuts) {
            script
                .frames
                .push(continuation(&payload[begin..place]).more());
            script = between.into_iter().fold(script, Script::then);
            begin = place;
        }
        script.frames.push(continuation(&payload[begin..]));
        script.frames[0].opcode = opcode;
        script.events.push(Ok(message));
        script
    })
}

fn lawful() -> impl Strategy<Value = Script> {
    let parts = vec(prop_oneof![2 => fragments(), 1 => control()], 0..6);
    parts.prop_map(|parts| parts.into_iter().fold(Script::default(), Script::then))
}

/// A Close and its echo.
fn last_close() -> impl Strategy<Value = Script> {
    let code = prop_oneof![1000..=1003_u16, 1007..=1014_u16, 3000..=4999_u16];
    let frame = proptest::option::of((code, characters()));
    frame.prop_map(|frame| {
        let frame = frame.map(|(code, reason)| CloseFrame::new(code, reason));
        let (received, echo) = match &frame {
            Some(frame) => (
                close(frame.code, frame.reason.as_bytes()),
                close(frame.code, ""),
            ),
            None => (close_body(""), close_body("")),
        };
        Script {
            frames: vec![received],
            events: vec![Ok(Message::Close(frame))],
            answers: vec![echo],
        }
    })
}

/// How many bytes come at a time: the sizes are repeated until all have come.
fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        Just(vec![1]),
        vec(1..8_usize, 1..20),
        vec(1..200_usize, 1..20),
        vec(prop_oneof![1..3_usize, 1..20_000_usize], 1..20),
    ]
}

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
            Phase::Ended(Closure::Failed(*error))
        }
        Some(Ok(Message::Close(frame))) => {
            assert_eq!(trace.sent.last().map(|frame| frame.opcode), Some(0x8));
            Phase::Ended(Closure::Clean {
                initiator: Initiator::Remote,
                frame: frame.clone(),
            })
        }
        _ => Phase::Open,
    };
    assert_eq!(closes.count(), usize::from(expected != Phase::Open));
    assert_eq!(trace.phase, expected);
}

/// Lawful frames in which some bytes are changed, dropped or put in.
fn damaged() -> impl Strategy<Value = (Role, Vec<u8>)> {
    let damage = vec((any::<Index>(), any::<u8>(), 0..3_u8), 1..6);
    (role(), lawful(), last_close(), damage).prop_map(|(role, script, end, damage)| {
        let mut bytes = script.then(end).encode(role);
        for (place, byte, kind) in damage {
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ if bytes.len() > 1 => drop(bytes.remove(place)),
                _ => {}
            }
        }
        (role, bytes)
    })
}

/// Lawful first bytes, any second ones, and anything behind.
fn plausible() -> impl Strategy<Value = (Role, Vec<u8>)> {
    let first = select(vec![
        0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x88, 0x89, 0x8A, 0x80, 0x00,
    ]);
    let len = prop_oneof![4 => 0..6_u8, 1 => 0..128_u8];
    let frame = (first, len, vec(any::<u8>(), 0..12));
    (role(), vec(frame, 0..20)).prop_map(|(role, frames)| {
        let mask = if role == Role::Server { 0x80 } else { 0 };
        let frames = frames.into_iter();
        let bytes = frames.flat_map(|(first, len, behind)| {
            let mut bytes = vec![first, len | mask];
            bytes.extend(behind);
            bytes
        });
        (role, bytes.collect())
    })
}

fn arbitrary() -> impl Strategy<Value = (Role, Vec<u8>)> {
    prop_oneof![(role(), vec(any::<u8>(), 0..300)), damaged(), plausible(),]
}

/// What a side of a pair does.
#[derive(Clone, Debug)]
enum Action {
    Send(Message),
    /// A write of at most so many bytes, which the other side receives.
    Write(usize),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => data_message().prop_map(Action::Send),
        1 => control_data().prop_map(|data| Action::Send(Message::Ping(data.into()))),
        2 => (0..300_usize).prop_map(Action::Write),
        2 => (0..50_000_usize).prop_map(Action::Write),
    ]
}

proptest! {
    #![proptest_config(cases())]

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
        }));
        prop_assert_eq!(pair.closure(opposite(first)), Some(&Closure::Clean {
            initiator: Initiator::Remote,
            frame: Some(frame),
        }));
    }
}
