//! Messages that many connections send, compressed once.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::select};

use super::{properties::decode, reference::Reference, *};
use crate::{
    deflate::{
        Deflation,
        codec::{Direction, SharedForms},
        settings::{DeflateConfig, DeflateParams},
    },
    randomised::cases,
    wire::Role,
};

/// What a server compresses with.
fn deflation(side: Side) -> Deflation {
    let params = DeflateParams {
        server: side,
        client: side,
    };
    Deflation::new(Role::Server, Some(params))
}

fn config() -> DeflateConfig {
    DeflateConfig::new().min_size(0)
}

fn share<'a>(
    deflation: &mut Deflation,
    message: &[u8],
    forms: &'a SharedForms,
) -> Option<&'a Bytes> {
    deflation.share(message, forms, Some(&config()), Bytes::copy_from_slice)
}

/// One message as an ordinary one.
fn compress(deflation: &mut Deflation, message: &[u8]) -> Option<Vec<u8>> {
    let payload = deflation.compress(message, Some(&config()));
    payload.map(|payload| payload.as_ref().to_vec())
}

/// Everybody who may read what a connection sends.
struct Readers {
    side: Side,
    ours: Inflater,
    theirs: flate2::Decompress,
    reference: Reference,
}

impl Readers {
    fn of(side: Side) -> Self {
        Self {
            side,
            ours: Inflater::new(side),
            theirs: flate2::Decompress::new(false),
            reference: Reference::default(),
        }
    }

    fn assert_read(&mut self, payload: &[u8], message: &[u8]) {
        assert!(inflate_whole(&mut self.ours, payload).as_deref() == Ok(message));
        assert!(decode(&mut self.theirs, payload, message.len()) == message);
        assert!(self.reference.inflate(payload) == message);
        assert!(self.reference.farthest <= 1 << self.side.window_bits);
        if self.side.takeover == Takeover::Reset {
            self.theirs.reset(false);
            self.reference = Reference::default();
        }
    }
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        (0..20_u64, 0..6000_usize).prop_map(|(seed, len)| json(seed, len)),
        (0..3_u64, 0..1500_usize).prop_map(|(seed, len)| random_bytes(seed, len)),
    ]
}

/// How a connection sends one of the messages that there are.
#[derive(Clone, Copy, Debug)]
enum Way {
    Shared,
    Usual,
    /// And others take its compressor.
    Robbed,
}

proptest! {
    #![proptest_config(cases(100))]

    /// 7.2.3.2: shared messages and others arrive, in whatever order, on connections of all
    /// kinds at once.
    #[test]
    fn shared_messages_survive_among_others(
        sides in vec((8..=15_u8, any::<bool>()), 1..5),
        messages in vec(message(), 1..6),
        sent in vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(),
             select(vec![Way::Shared, Way::Shared, Way::Usual, Way::Robbed])),
            1..40,
        ),
    ) {
        let sides = sides.iter().map(|&(bits, kept)| if kept { super::kept(bits) } else { reset(bits) });
        let mut connections: Vec<_> = sides.map(|side| (deflation(side), Readers::of(side))).collect();
        let messages: Vec<_> = messages.into_iter().map(|message| (message, SharedForms::default())).collect();
        for (connection, message, way) in sent {
            let (deflation, readers) = connection.get_mut(&mut connections);
            let (message, forms) = message.get(&messages);
            match way {
                Way::Shared => {
                    if let Some(payload) = share(deflation, message, forms) {
                        prop_assert!(payload.len() < message.len());
                        readers.assert_read(payload, message);
                    }
                }
                Way::Usual | Way::Robbed => {
                    if let Some(payload) = compress(deflation, message) {
                        readers.assert_read(&payload, message);
                    }
                }
            }
            if let Way::Robbed = way {
                let DeflateConfig { level, memory_level, .. } = config();
                windows::steal_compressors(readers.side.window_bits, Effort { level, memory_level });
            }
        }
    }
}

/// 7.1.2.1: a form reaches no farther back than the window of who sends it, large as it may be.
#[test]
fn form_keeps_to_the_window_of_each_connection() {
    let message = json(3, 40_000);
    let forms = SharedForms::default();
    let mut sizes = Vec::new();
    for bits in [15, 8, 12, 9, 10, 14, 11, 13] {
        for side in [kept(bits), reset(bits)] {
            let payload = share(&mut deflation(side), &message, &forms).unwrap();
            Readers::of(side).assert_read(payload, &message);
            sizes.push((bits, payload.len()));
        }
    }
    sizes.sort_unstable();
    let sizes: Vec<usize> = sizes.into_iter().map(|(_, size)| size).collect();
    assert!(
        sizes.is_sorted_by(|narrow, wide| narrow >= wide),
        "{sizes:?}"
    );
}

/// A form is made once for all whom it serves: those with the same effort, and a window that makes
/// a difference. So it is if many threads ask at once.
#[test]
fn form_is_made_once_for_all_whom_it_serves() {
    for (len, kinds) in [(100, 2), (300, 3), (1000, 4), (5000, 6), (100_000, 8)] {
        let message = json(1, len);
        let forms = SharedForms::default();
        let made = AtomicUsize::new(0);
        let finish = |payload: &[u8]| {
            made.fetch_add(1, Ordering::Relaxed);
            Bytes::copy_from_slice(payload)
        };
        let ask = |bits: u8, config: &DeflateConfig| {
            let form = deflation(kept(bits)).share(&message, &forms, Some(config), finish);
            form.unwrap().as_ptr()
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (8..=15).for_each(|bits| _ = ask(bits, &config())));
            }
        });
        assert_eq!(made.load(Ordering::Relaxed), kinds, "{len}");
        assert_eq!(ask(15, &config()), ask(15, &config()));
        assert_eq!(made.load(Ordering::Relaxed), kinds);
        // 6: another threshold is no other form, another effort is.
        assert_eq!(ask(15, &config().min_size(len)), ask(15, &config()));
        assert_ne!(ask(15, &config().level(6)), ask(15, &config()));
        assert_ne!(ask(15, &config().memory_level(8)), ask(15, &config()));
        assert_eq!(made.load(Ordering::Relaxed), kinds + 2);
    }
}

/// 6: what gets no smaller, or is below the threshold, has no form, and is not tried twice. It
/// leaves the context as it is.
#[test]
fn message_without_a_form_leaves_the_context() {
    let text = json(1, 1000);
    for side in [kept(12), reset(12)] {
        let mut deflation = deflation(side);
        let mut readers = Readers::of(side);
        let first = compress(&mut deflation, &text).unwrap();
        readers.assert_read(&first, &text);
        for message in [&b""[..], b"a", &random_bytes(1, 10_000)] {
            assert!(share(&mut deflation, message, &SharedForms::default()).is_none());
        }
        let threshold = config().min_size(text.len() + 1);
        let forms = SharedForms::default();
        let form = deflation.share(&text, &forms, Some(&threshold), Bytes::copy_from_slice);
        assert!(form.is_none());
        assert!(
            deflation
                .share(&text, &forms, None, Bytes::copy_from_slice)
                .is_none()
        );

        let again = compress(&mut deflation, &text).unwrap();
        readers.assert_read(&again, &text);
        assert_eq!(
            again.len() < first.len() / 4,
            side.takeover == Takeover::Kept
        );
    }
    let off = &mut Deflation::new(Role::Server, None);
    assert!(share(off, &text, &SharedForms::default()).is_none());
}

/// 7.2.3.2: behind a shared message the next one refers to nothing, and then to its like again.
#[test]
fn context_begins_anew_behind_a_shared_message() {
    let text = json(1, 1000);
    let shared = json(2, 3000);
    let forms = SharedForms::default();
    for is_robbed in [false, true] {
        let mut deflation = deflation(kept(12));
        let mut readers = Readers::of(kept(12));
        let size = |deflation: &mut Deflation, readers: &mut Readers| {
            let payload = compress(deflation, &text).unwrap();
            readers.assert_read(&payload, &text);
            if is_robbed {
                let effort = Effort {
                    level: 1,
                    memory_level: 5,
                };
                (0..4).for_each(|_| windows::steal_compressors(12, effort));
            }
            payload.len()
        };
        let first = size(&mut deflation, &mut readers);
        // Once robbed, the connection keeps the context itself.
        let _ = size(&mut deflation, &mut readers);
        assert!(size(&mut deflation, &mut readers) < first / 4);
        for _ in 0..2 {
            let payload = share(&mut deflation, &shared, &forms).unwrap();
            readers.assert_read(payload, &shared);
            assert_eq!(size(&mut deflation, &mut readers), first);
            assert!(size(&mut deflation, &mut readers) < first / 4);
        }
    }
}

/// A context is worth so much: where little is saved, messages are sent plain for its sake, until
/// they were too many. A connection that compresses nothing of its own has none, and no memory.
#[test]
fn context_is_kept_as_long_as_it_is_worth_it() {
    let message = json(1, 200);
    let forms = SharedForms::default();
    let is_plain = |deflation: &mut Deflation| share(deflation, &message, &forms).is_none();
    let mut deflation = deflation(kept(12));
    for _ in 0..10 {
        assert!(!is_plain(&mut deflation));
    }
    assert!(matches!(deflation.0, Direction::Agreed(_)));

    let text = json(2, 1000);
    let first = compress(&mut deflation, &text).unwrap().len();
    let again = compress(&mut deflation, &text).unwrap().len();
    assert!(again < first / 4);
    let mut few = 0;
    while is_plain(&mut deflation) {
        few += 1;
    }
    assert!((2..10).contains(&few), "{few}");
    // It is gone: there is nothing to lose.
    assert!(!is_plain(&mut deflation));
    assert_eq!(compress(&mut deflation, &text).unwrap().len(), first);
    // Messages that use it in between make it worth as much again.
    for _ in 0..3 {
        for _ in 1..few {
            assert!(is_plain(&mut deflation));
        }
        assert!(compress(&mut deflation, &text).unwrap().len() <= again);
    }
}
