//! The attacks, and the most that each may do: those by messages here.

mod connections;

use crate::{
    attack::{
        Attack, Flood, Leaves,
        Means::{self, Visits},
    },
    attacker::OFFER,
    support::{
        BINARY, CLOSE, PING, PONG, TEXT,
        deflate::{COMPRESSED_BINARY, COMPRESSED_TEXT, deflated},
        frame, handshake_head,
    },
};

pub(crate) fn attacks() -> Vec<Attack> {
    [
        messages(),
        compressed(),
        unread(),
        connections::crowds(),
        connections::visits(),
        connections::requests(),
        connections::streams(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A flood of frames that are received and echoed.
fn flood(then: &[u8]) -> Means {
    flood_after(b"", then)
}

fn flood_after(first: &[u8], then: &[u8]) -> Means {
    Means::Flood(Flood {
        path: Some("/echo"),
        compresses: false,
        first: first.to_vec(),
        then: often(then),
        reads: true,
    })
}

/// The same, with compression.
fn compressed_flood(then: &[u8]) -> Means {
    let Means::Flood(flood) = flood(then) else {
        unreachable!("a flood");
    };
    Means::Flood(Flood {
        compresses: true,
        ..flood
    })
}

/// What is written at a time is not small.
fn often(bytes: &[u8]) -> Vec<u8> {
    bytes.repeat(1 + 65_536 / bytes.len())
}

/// These payloads, as the fragments of one message.
fn fragmented(first: u8, payloads: &[&[u8]]) -> Vec<u8> {
    let last = payloads.len() - 1;
    let fragments = payloads.iter().enumerate().map(|(n, payload)| {
        let opcode = if n == 0 { first & !0x80 } else { 0 };
        let fin = if n == last { 0x80 } else { 0 };
        frame(opcode | fin, payload)
    });
    fragments.collect::<Vec<_>>().concat()
}

fn one_byte_fragments() -> Vec<u8> {
    fragmented(BINARY, &vec![&b"x"[..]; 1000])
}

/// 1 KiB that stands for 1 MiB.
fn bomb() -> Vec<u8> {
    frame(COMPRESSED_BINARY, &deflated(&vec![0; 1 << 20]))
}

/// A handshake, and bytes behind it.
fn opened(offer: &str, bytes: &[u8]) -> Vec<u8> {
    let head = handshake_head("/echo", offer);
    [head.as_bytes(), bytes].concat()
}

fn messages() -> Vec<Attack> {
    let empty = fragmented(BINARY, &vec![&b""[..]; 1000]);
    let between = [
        &frame(BINARY & !0x80, b"x")[..],
        &frame(PING, b"p"),
        &frame(0x80, b"y"),
    ]
    .concat();
    let clef = "\u{1d11e}".repeat(250_000);
    let mut bad = vec![b'a'; 1_000_000];
    bad.push(0xFF);
    let small = (500.0, 200.0);
    let large = (4000.0, 50.0);
    vec![
        Attack::new(
            "5",
            "1-byte fragments, 1,000 a message",
            flood(&one_byte_fragments()),
            small,
        ),
        Attack::new(
            "6",
            "empty fragments, 1,000 a message",
            flood(&empty),
            small,
        ),
        Attack::new("7, 32", "pings", flood(&frame(PING, b"there?")), small),
        Attack::new("1E, 32", "pongs", flood(&frame(PONG, b"")), small),
        Attack::new("7", "pings between fragments", flood(&between), small),
        Attack::new("1M", "empty messages", flood(&frame(BINARY, b"")), small),
        Attack::new("1M", "small texts", flood(&frame(TEXT, b"hello")), small),
        Attack::new(
            "1M",
            "1 MB of 4-byte characters",
            flood(&frame(TEXT, clef.as_bytes())),
            large,
        ),
        Attack::new(
            "16",
            "1 MB of text, the last byte bad, again and again",
            Visits {
                sent: opened("", &frame(TEXT, &bad)),
                leaves: Leaves::Last,
            },
            large,
        ),
        Attack::new(
            "10, 33",
            "anything after a Close",
            flood_after(&frame(CLOSE, &[3, 232]), &frame(BINARY, &[7; 100])),
            small,
        ),
    ]
}

fn compressed() -> Vec<Attack> {
    let random: Vec<u8> = (0..1000_u32).map(|n| (n * n / 7 % 251) as u8).collect();
    let pieces = deflated(&random);
    let pieces: Vec<&[u8]> = pieces.chunks(1).collect();
    let mut final_block = vec![1, 59, 0, !59, 0xFF];
    final_block.extend([7; 59]);
    let zeros = deflated(&vec![0; 1 << 20]);
    let bytes: Vec<&[u8]> = zeros.chunks(1).collect();
    // A thread keeps 32 compressors, of a third of a MiB each.
    let small = (24_000.0, 300.0);
    let bombs = (30_000.0, 4000.0);
    vec![
        Attack::new(
            "15",
            "compressed, in 1-byte fragments",
            compressed_flood(&fragmented(COMPRESSED_BINARY, &pieces)),
            small,
        ),
        Attack::new(
            "15",
            "compressed, of 5 bytes",
            compressed_flood(&frame(COMPRESSED_TEXT, &deflated(b"hello"))),
            small,
        ),
        Attack::new(
            "15",
            "compressed, of nothing",
            compressed_flood(&frame(COMPRESSED_TEXT, &[0])),
            small,
        ),
        Attack::new(
            "15",
            "a final block each 64 bytes",
            compressed_flood(&frame(COMPRESSED_BINARY, &final_block.repeat(1000))),
            small,
        ),
        Attack::new(
            "15",
            "1 MiB of final blocks",
            compressed_flood(&frame(COMPRESSED_BINARY, &final_block.repeat(16_384))),
            small,
        ),
        Attack::new("13", "1 MiB of zeros", compressed_flood(&bomb()), bombs),
        Attack::new(
            "13",
            "1 MiB of zeros, in 1-byte fragments",
            compressed_flood(&fragmented(COMPRESSED_BINARY, &bytes)),
            bombs,
        ),
        Attack::new(
            "13",
            "2 MiB of zeros, again and again",
            Visits {
                sent: opened(
                    OFFER,
                    &frame(COMPRESSED_BINARY, &deflated(&vec![0; 2 << 20])),
                ),
                leaves: Leaves::Last,
            },
            bombs,
        ),
    ]
}

/// The handler does not receive, or the peer does not read.
fn unread() -> Vec<Attack> {
    let held = |then: &[u8]| {
        Means::Flood(Flood {
            path: Some("/hold"),
            compresses: true,
            first: Vec::new(),
            then: often(then),
            reads: true,
        })
    };
    let deaf = |then: &[u8]| {
        Means::Flood(Flood {
            path: Some("/echo"),
            compresses: false,
            first: Vec::new(),
            then: often(then),
            reads: false,
        })
    };
    let small = (500.0, 200.0);
    vec![
        Attack::new(
            "7, 32",
            "pings, the handler does not receive",
            held(&frame(PING, b"there?")),
            small,
        ),
        Attack::new(
            "1M",
            "1-byte messages, the same",
            held(&frame(BINARY, b"x")),
            small,
        ),
        Attack::new(
            "1M",
            "messages of 20 KB, the same",
            held(&frame(BINARY, &[7; 20_000])),
            small,
        ),
        Attack::new(
            "5",
            "1-byte fragments, the same",
            held(&one_byte_fragments()),
            small,
        ),
        Attack::new("13", "1 MiB of zeros, the same", held(&bomb()), small),
        Attack::new(
            "7",
            "pings, pongs are not read",
            deaf(&frame(PING, &[b'p'; 125])),
            small,
        ),
        Attack::new(
            "8",
            "messages of 20 KB, echoes are not read",
            deaf(&frame(BINARY, &[7; 20_000])),
            small,
        ),
    ]
}
