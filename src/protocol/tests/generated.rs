//! What properties are tried with: frames, lawful and not, and how they are cut.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::{Index, select},
};

use super::harness::{Event, Frame, ROLES, close, close_body, continuation, opposite, ping, pong};
use crate::{
    message::{CloseFrame, Message},
    wire::Role,
};

pub(super) fn role() -> impl Strategy<Value = Role> {
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

pub(super) fn data_message() -> impl Strategy<Value = Message> {
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
pub(super) struct Script {
    pub(super) frames: Vec<Frame>,
    pub(super) events: Vec<Event>,
    pub(super) answers: Vec<Frame>,
}

impl Script {
    pub(super) fn then(mut self, mut next: Script) -> Self {
        self.frames.append(&mut next.frames);
        self.events.append(&mut next.events);
        self.answers.append(&mut next.answers);
        self
    }

    pub(super) fn encode(&self, role: Role) -> Vec<u8> {
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
pub(super) fn fragments() -> impl Strategy<Value = Script> {
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

pub(super) fn lawful() -> impl Strategy<Value = Script> {
    let parts = vec(prop_oneof![2 => fragments(), 1 => control()], 0..6);
    parts.prop_map(|parts| parts.into_iter().fold(Script::default(), Script::then))
}

/// A Close and its echo.
pub(super) fn last_close() -> impl Strategy<Value = Script> {
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
pub(super) fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        Just(vec![1]),
        vec(1..8_usize, 1..20),
        vec(1..200_usize, 1..20),
        vec(prop_oneof![1..3_usize, 1..20_000_usize], 1..20),
    ]
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

pub(super) fn arbitrary() -> impl Strategy<Value = (Role, Vec<u8>)> {
    prop_oneof![(role(), vec(any::<u8>(), 0..300)), damaged(), plausible(),]
}

/// What a side of a pair does.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Send(Message),
    /// A write of at most so many bytes, which the other side receives.
    Write(usize),
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => data_message().prop_map(Action::Send),
        1 => control_data().prop_map(|data| Action::Send(Message::Ping(data.into()))),
        2 => (0..300_usize).prop_map(Action::Write),
        2 => (0..50_000_usize).prop_map(Action::Write),
    ]
}
