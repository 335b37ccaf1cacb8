//! The start of a frame, judged as by the model of `header_model`.

use super::{
    harness::{
        Frame, Peer, ROLES, binary, close, code_of, continuation, head, key_of, masked, opposite,
        text,
    },
    header_model::{Model, Stand, Verdict},
};
use crate::{
    config::Config,
    protocol::{Closure, Phase},
    wire::Role,
};

/// Feeds `bytes` up to each of `stops` and compares what comes of it with the model, whose
/// last verdict it returns.
fn follow(peer: &mut Peer, stand: Stand, model: &Model, bytes: &[u8], stops: &[usize]) -> Verdict {
    let mut verdict = Verdict::Undecided;
    let mut begin = 0;
    for &stop in stops {
        let context = || format!("{stand:?} {model:?} {:02x?}", &bytes[..stop]);
        peer.receive_bytes(&bytes[begin..stop]);
        begin = stop;
        let (events, sent) = (peer.events(), peer.sent());
        if let Verdict::Wrong(_) = verdict {
            // 7.1.7: nothing is interpreted any more.
            assert_eq!((events, sent), (vec![], vec![]), "{}", context());
            continue;
        }
        verdict = model.verdict(&bytes[..stop]);
        match &verdict {
            Verdict::Undecided => assert_eq!((events, sent), (vec![], vec![]), "{}", context()),
            Verdict::Complete(frame) => {
                let (message, answer) = stand.outcome(frame);
                let expected = (
                    message.into_iter().map(Ok).collect(),
                    answer.into_iter().collect(),
                );
                assert_eq!((events, sent), expected, "{}", context());
            }
            Verdict::Wrong(lawful) => {
                let [Err(error)] = events[..] else {
                    panic!("{events:?} instead of one of {lawful:?}: {}", context());
                };
                assert!(
                    lawful.contains(&error),
                    "{error:?}, not {lawful:?}: {}",
                    context()
                );
                let failed = Phase::ended(Closure::Failed(error));
                assert_eq!(peer.protocol.phase(), &failed, "{}", context());
                // 7.1.7: the code is on the wire. 5.5.1: but no second Close.
                let codes: Vec<_> = (sent.iter())
                    .map(|frame| (frame.first_byte(), frame.payload.get(..2)))
                    .collect();
                let code = code_of(error).to_be_bytes();
                let expected = [(0x88, Some(&code[..]))];
                let expected = if stand.sent_close() {
                    &[]
                } else {
                    &expected[..]
                };
                assert_eq!(codes, expected, "{}", context());
            }
        }
    }
    verdict
}

/// 5.1, 5.2, 5.4, 5.5: every first and second byte of a frame, in both roles, wherever the
/// receiver stands: the violation is named at the byte that shows it, with its code on the
/// wire, and the byte behind it has no effect.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn every_two_byte_start_gets_the_verdict_of_the_rfc() {
    let config = Config::new();
    let mut compared = 0;
    for role in ROLES {
        for stand in Stand::LIVE {
            let model = stand.model(role);
            let (mut lawful_first, mut undecided, mut complete) = (0, 0, 0);
            for first in 0..=u8::MAX {
                lawful_first += usize::from(model.judge(&[first]).is_empty());
                for second in 0..=u8::MAX {
                    let mut peer = stand.reach(role, &config);
                    match follow(&mut peer, stand, &model, &[first, second], &[1, 2]) {
                        Verdict::Undecided => undecided += 1,
                        Verdict::Complete(_) => complete += 1,
                        Verdict::Wrong(_) => {}
                    }
                    compared += 2;
                }
            }
            // By hand: lawful first bytes are text and binary, or else continuation, with and
            // without FIN, and three control opcodes with FIN. Second bytes are 128 for data,
            // 126 for ping and pong, 125 for a Close. An unmasked empty frame is complete.
            let data = if stand.opcode().is_some() { 2 } else { 4 };
            let second = data * 128 + 2 * 126 + 125;
            let empty = if role == Role::Client { data + 3 } else { 0 };
            let counted = (lawful_first, undecided, complete);
            let expected = (data + 3, second - empty, empty);
            assert_eq!(counted, expected, "{role:?} {stand:?}");
        }
    }
    // Roles, stands, starts, bytes.
    assert_eq!(compared, 2 * 5 * 65_536 * 2);
}

/// 5.5.1, 7.1.7: no first and second byte of a frame has an effect once the peer's Close was
/// received or the connection failed.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn no_two_byte_start_is_interpreted_after_the_end() {
    let ends = [
        [text("a").more(), close(1000, "")],
        [binary("a").more(), close(1000, "")],
        [text("a"), continuation("")],
        [text("a").more(), text("")],
    ];
    for role in ROLES {
        for end in &ends {
            let mut peer = Peer::facing(role);
            peer.receive_together(end);
            peer.events();
            assert_eq!(peer.sent().len(), 1);
            let phase = peer.protocol.phase().clone();
            for start in 0..=u16::MAX {
                peer.receive_bytes(&start.to_be_bytes());
                assert_eq!(peer.events(), [], "{start:#06x}");
                assert_eq!(peer.sent(), [], "{start:#06x}");
            }
            assert_eq!(peer.protocol.phase(), &phase);
        }
    }
}

/// 5.2, 5.4, 5.5: every lawful start with a short length, carried to the end of its frame:
/// the message is there with the last byte, not before.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn every_short_frame_is_complete_with_its_last_byte() {
    let config = Config::new();
    let mut completed = 0;
    for role in ROLES {
        for stand in Stand::LIVE {
            let model = stand.model(role);
            for first in (0..=u8::MAX).filter(|first| model.judge(&[*first]).is_empty()) {
                for len in (0..=125).filter(|len| first != 0x88 || *len != 1) {
                    let mut payload = vec![b'x'; len];
                    if first == 0x88 && len > 0 {
                        payload[..2].copy_from_slice(&1000_u16.to_be_bytes());
                    }
                    let frame = Frame {
                        fin: first & 0x80 != 0,
                        ..Frame::new(first & 0x0F, payload)
                    };
                    let bytes = frame.encode(opposite(role));
                    let mut stops = vec![1, 2, bytes.len().max(3) - 1, bytes.len()];
                    stops.dedup();
                    let mut peer = stand.reach(role, &config);
                    let verdict = follow(&mut peer, stand, &model, &bytes, &stops);
                    assert_eq!(verdict, Verdict::Complete(frame));
                    completed += 1;
                }
            }
        }
    }
    // Three stands in a message, two outside; the Close lacks the length of 1.
    assert_eq!(completed, 2 * (3 * (5 * 126 - 1) + 2 * (7 * 126 - 1)));
}

/// The lengths at which implementations have broken.
const LENGTHS: [u64; 13] = [
    0,
    125,
    126,
    127,
    0xFFFF,
    0x1_0000,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    (1 << 63) - 1,
    1 << 63,
    u64::MAX,
];

/// Follows a header byte by byte, with a few payload bytes if it is lawful, behind `begun`
/// bytes of the message.
fn follow_length(
    role: Role,
    stand: Stand,
    limits: [usize; 2],
    begun: usize,
    bytes: &[u8],
) -> Verdict {
    let [max_frame, max_message] = limits;
    let config = Config::new()
        .max_frame_size(max_frame)
        .max_message_size(max_message);
    let mut peer = stand.reach(role, &config);
    let mut model = stand.model(role);
    if model.in_message {
        peer.receive(&continuation(vec![b'x'; begun]).more());
        model.received += begun as u64;
    }
    model.max_frame = max_frame as u64;
    model.max_message = max_message as u64;
    let stops: Vec<usize> = (1..=bytes.len()).collect();
    let verdict = follow(&mut peer, stand, &model, bytes, &stops);
    let mut held = 0;
    if verdict == Verdict::Undecided {
        peer.receive_bytes(&masked(key_of(opposite(role)), b"xyz"));
        peer.assert_received(&[]);
        held = model.received + 3;
    }
    // A frame that is awaited as a whole stays in the input, with its header.
    let awaited = peer.input.len().saturating_sub(bytes.len());
    assert_eq!((peer.protocol.partial_len() + awaited) as u64, held);
    verdict
}

/// 5.2, 10.4: lengths around every border, in both long forms, alone and on top of what a
/// message has: the verdict falls at the earliest byte of the length, without overflow.
#[test]
#[cfg_attr(miri, ignore = "too slow: every case")]
fn extended_length_is_judged_at_the_byte_that_decides() {
    let limits = [
        [usize::MAX, 1 << 20],
        [usize::MAX, usize::MAX],
        [100_000, usize::MAX],
        [
            usize::MAX,
            usize::try_from(1_u64 << 32).unwrap_or(usize::MAX),
        ],
    ];
    let (mut lawful, mut wrong) = (0, 0);
    for role in ROLES {
        let key = key_of(opposite(role));
        for limits in limits {
            for (stand, opcodes, begun) in [
                (Stand::Idle, 1..=2, 0),
                (Stand::InText, 0..=0, 4),
                (Stand::InBinary, 0..=0, 4),
                (Stand::InBinary, 0..=0, 50_000),
            ] {
                for first in opcodes.flat_map(|opcode| [opcode, opcode | 0x80]) {
                    for form in [126, 127] {
                        for len in LENGTHS
                            .into_iter()
                            .filter(|len| form == 127 || *len <= 0xFFFF)
                        {
                            let bytes = head(first, key, form, len);
                            match follow_length(role, stand, limits, begun, &bytes) {
                                Verdict::Undecided => lawful += 1,
                                Verdict::Wrong(_) => wrong += 1,
                                Verdict::Complete(frame) => panic!("{frame:?}"),
                            }
                        }
                    }
                }
            }
        }
    }
    // By hand: of the short forms three pass; of the long ones, in the order of the limits,
    // one, six, one, and five or, behind what has come, three.
    let by_hand = if usize::BITS == 64 {
        10 * (3 + 1) + 10 * (3 + 6) + 10 * (3 + 1) + 4 * (3 + 5) + 6 * (3 + 3)
    } else {
        // The last limits are the second ones: four, or three behind what has come.
        2 * (10 * (3 + 1) + 4 * (3 + 4) + 6 * (3 + 3))
    };
    assert_eq!((lawful, wrong), (2 * by_hand, 2 * (4 * 10 * 18 - by_hand)));
}

/// 10.4: a second byte that announces a long form proves that the frame has 126 or 65,536
/// bytes at least, which may be too many already.
#[test]
fn length_form_that_exceeds_a_limit_fails_at_the_second_byte() {
    for role in ROLES {
        let key = key_of(opposite(role));
        for limits in [
            [125, 1 << 20],
            [0xFFFF, 1 << 20],
            [1 << 20, 125],
            [1 << 20, 0xFFFF],
        ] {
            for (stand, first) in [(Stand::Idle, 0x82), (Stand::InBinary, 0x80)] {
                for (form, len) in [(126, 126), (127, 0x1_0000)] {
                    let bytes = head(first, key, form, len);
                    follow_length(role, stand, limits, 0, &bytes);
                }
            }
        }
    }
}
