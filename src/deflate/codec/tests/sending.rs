//! Messages that are sent (RFC 7692, section 7.2.1).

use bytes::Bytes;

use super::*;

/// Sizes around 2^16, and payloads that do not compress, arrive whole.
#[test]
fn cve_2026_102560_sizes_around_64_kib_survive() {
    for side in [kept(15), kept(8), reset(15)] {
        let mut deflater = Deflater::new(side, effort(1));
        let mut inflater = Inflater::new(side);
        for len in [
            1, 16_383, 16_384, 16_385, 17_407, 17_408, 17_409, 65_535, 65_536, 65_537, 131_072,
        ] {
            for message in [random_bytes(5, len), json(5, len), vec![b'a'; len]] {
                if let Some(payload) = deflater.compress(&message) {
                    let output = inflate_whole(&mut inflater, payload.as_ref()).unwrap();
                    assert!(output == message, "{len}");
                    let owned = Bytes::from(payload);
                    assert!(owned.len() <= len + 100);
                }
            }
        }
    }
}

/// A large message survives, in memory that follows what is produced.
#[test]
fn cve_2026_102560_message_of_64_mib_survives() {
    let message: Vec<u8> = json(9, 1 << 20).repeat(64);
    for side in [kept(15), reset(15)] {
        let payload = deflate(&mut Deflater::new(side, effort(1)), &message);
        let output = inflate_whole(&mut Inflater::new(side), &payload).unwrap();
        assert!(output == message);
    }
}

/// Without context takeover a message that gets no smaller is sent as it is.
#[test]
fn incompressible_message_stays_plain_without_takeover() {
    for len in [0, 1, 5, 1000, 20_000, 1 << 20] {
        let mut deflater = Deflater::new(reset(15), effort(6));
        let message = random_bytes(2, len);
        assert!(deflater.compress(&message).is_none(), "{len}");
        // What was given up leaves nothing behind.
        let text = json(1, 3000);
        let payload = deflate(&mut deflater, &text);
        assert_eq!(
            inflate_whole(&mut Inflater::new(reset(15)), &payload).unwrap(),
            text
        );
    }
}

/// 7.2.1: with context takeover messages get smaller as they repeat each other, also when
/// other connections use the compressor in between: then they begin anew once, and not again.
#[test]
fn context_is_lost_once_at_most() {
    let message = json(1, 1000);
    // So many that it is not expected back.
    let steal = || (0..4).for_each(|_| windows::steal_compressors(15, effort(6)));
    let anew = |robbed_after: std::ops::Range<usize>| {
        let mut deflater = Deflater::new(kept(15), effort(6));
        let mut inflater = Inflater::new(kept(15));
        let mut size = |round| {
            let payload = deflate(&mut deflater, &message);
            assert_eq!(inflate_whole(&mut inflater, &payload).unwrap(), message);
            if robbed_after.contains(&round) {
                steal();
            }
            payload.len()
        };
        (0..6)
            .filter(|&round| begins_anew(size(round)))
            .collect::<Vec<_>>()
    };
    assert_eq!(anew(0..0), [0]);
    assert_eq!(anew(0..6), [0, 1]);
    assert_eq!(anew(2..6), [0, 3]);
}

/// What is sent as it is costs the context once, too, since the compressor has seen it.
#[test]
fn context_is_lost_once_for_messages_that_are_not_compressed() {
    let (message, noise) = (json(1, 1000), random_bytes(1, 2000));
    let mut deflater = Deflater::new(kept(15), effort(6));
    let mut size = |round| {
        let payload = deflate(&mut deflater, &message);
        if round > 0 {
            assert!(deflater.compress(&noise).is_none());
        }
        payload.len()
    };
    let anew: Vec<_> = (0..5).filter(|&round| begins_anew(size(round))).collect();
    assert_eq!(anew, [0, 2]);
}

/// Whether a message of this size on the wire refers to none before it, or else to the same.
fn begins_anew(size: usize) -> bool {
    assert!(!(30..200).contains(&size), "{size}");
    size >= 200
}

/// A connection that moves between threads never meets a history that is not its own.
#[test]
fn connection_may_move_between_threads() {
    let (to_other, from_test) = std::sync::mpsc::channel::<Deflater>();
    let (to_test, from_other) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || {
        for (round, mut deflater) in from_test.into_iter().enumerate() {
            let payload = deflate(&mut deflater, &json(100 + round as u64, 700));
            to_test.send((deflater, payload)).unwrap();
        }
    });
    let mut deflater = Deflater::new(kept(12), effort(6));
    let mut inflater = Inflater::new(kept(12));
    for round in 0..20 {
        let message = json(round, 900);
        let payload = deflate(&mut deflater, &message);
        assert_eq!(inflate_whole(&mut inflater, &payload).unwrap(), message);
        to_other.send(deflater).unwrap();
        let (back, payload) = from_other.recv().unwrap();
        deflater = back;
        let output = inflate_whole(&mut inflater, &payload).unwrap();
        assert_eq!(output, json(100 + round, 700));
    }
    drop(to_other);
    other.join().unwrap();
}

/// 7.1.1: nothing of one connection shows in what another one sends with its compressor.
#[test]
fn used_compressor_writes_what_a_new_one_would() {
    let write = |level| {
        let messages = [json(1, 3000), b"short".repeat(3), json(2, 70_000)];
        messages.map(|message| {
            let mut deflater = Deflater::new(reset(12), effort(level));
            deflate(&mut deflater, &message)
        })
    };
    for level in 1..=9 {
        let new = std::thread::spawn(move || write(level)).join().unwrap();
        for seed in 0..5 {
            let mut other = Deflater::new(kept(12), effort(level));
            deflate(&mut other, &json(seed, 5000));
            deflate(&mut other, &random_bytes(seed, 20_000));
            deflate(
                &mut Deflater::new(reset(12), effort(level)),
                &json(1, 100_000),
            );
            assert!(write(level) == new, "{level}");
        }
    }
}

/// 7.1.1, 7.2.1: with context takeover a large message that gets no smaller goes as it is, and
/// the next one refers to what came before it; a small one is what later ones refer to.
#[test]
fn incompressible_message_is_passed_over() {
    for level in 1..=9 {
        let mut deflater = Deflater::new(kept(12), effort(level));
        let mut inflater = Inflater::new(kept(12));
        let mut noise_sent = 0;
        for round in 0..20 {
            let text = json(round, 500);
            let payload = deflate(&mut deflater, &text);
            assert_eq!(inflate_whole(&mut inflater, &payload), Ok(text));
            for len in [1000, 1024, 5000, 100_000] {
                let noise = random_bytes(round * 1_000_000 + len as u64, len);
                if let Some(payload) = deflater.compress(&noise) {
                    assert!(len < 1024);
                    assert_eq!(inflate_whole(&mut inflater, payload.as_ref()), Ok(noise));
                    noise_sent += 1;
                }
            }
        }
        assert_eq!(noise_sent, 20);
    }
}
