//! Messages that are sent (RFC 7692, section 7.2.1).

use super::*;

/// Sizes around 2^16, and payloads that do not compress, arrive whole.
#[test]
fn sizes_around_64_kib_survive() {
    for side in [kept(15), kept(8), reset(15)] {
        let mut deflater = Deflater::new(side, effort(1));
        let mut inflater = Inflater::new(side);
        for len in [
            1, 16_383, 16_384, 16_385, 17_407, 17_408, 17_409, 65_535, 65_536, 65_537, 131_072,
        ] {
            for message in [random_bytes(5, len), json(5, len), vec![b'a'; len]] {
                let mut out = BytesMut::from(&b"before"[..]);
                match deflater.compress(&message, &mut out) {
                    Form::Compressed => {
                        let output = inflate_whole(&mut inflater, &out[6..]).unwrap();
                        assert!(output == message, "{len}");
                    }
                    Form::Plain => assert_eq!(out, &b"before"[..]),
                }
            }
        }
    }
}

/// A large message survives, in memory that follows what is produced.
#[test]
fn message_of_64_mib_survives() {
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
        let mut out = BytesMut::new();
        let message = random_bytes(2, len);
        assert_eq!(deflater.compress(&message, &mut out), Form::Plain, "{len}");
        assert!(out.is_empty());
        // What was given up leaves nothing behind.
        let text = json(1, 3000);
        let payload = deflate(&mut deflater, &text);
        assert_eq!(
            inflate_whole(&mut Inflater::new(reset(15)), &payload).unwrap(),
            text
        );
    }
}

/// 7.1.1.1: with context takeover messages get smaller as they repeat each other, also when
/// other connections have used the compressor in between.
#[test]
fn context_is_taken_over_whoever_had_the_compressor() {
    let message = json(1, 1000);
    let mut sizes = Vec::new();
    for thieves in [0, 1] {
        let mut deflater = Deflater::new(kept(15), effort(6));
        let mut inflater = Inflater::new(kept(15));
        for round in 0..5 {
            let payload = deflate(&mut deflater, &message);
            assert_eq!(inflate_whole(&mut inflater, &payload).unwrap(), message);
            assert!(round == 0 || payload.len() < 30, "{}", payload.len());
            sizes.push(payload.len());
            for _ in 0..thieves {
                windows::steal_compressors(15, effort(6));
            }
        }
    }
    assert_eq!(sizes[..5], sizes[5..]);
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
            let mut out = BytesMut::new();
            let _ = Deflater::new(reset(12), effort(level)).compress(&json(1, 100_000), &mut out);
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
                let mut out = BytesMut::from("before");
                match deflater.compress(&noise, &mut out) {
                    Form::Plain => assert_eq!(out, "before"),
                    Form::Compressed => {
                        assert!(len < 1024);
                        assert_eq!(inflate_whole(&mut inflater, &out[6..]), Ok(noise));
                        noise_sent += 1;
                    }
                }
            }
        }
        assert_eq!(noise_sent, 20);
    }
}
