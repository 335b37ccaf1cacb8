//! Every way in which a message may end, against a second decoder: each kind of block, begun at
//! each bit, in one piece and in all others, by a decompressor that goes on and by one that is
//! restored.

use flate2::{Decompress, FlushDecompress, Status};

use super::*;

/// What the message before has left in the window, and the one behind refers to.
const BEFORE: &[u8] = b"\xF2\x48\xCD\xC9\xC9\x07\x00";
const BEHIND: &[u8] = b"\xF2\x00\x11\x00\x00";

/// Bits, the first one lowest (RFC 1951, section 3.1.1).
#[derive(Clone, Default)]
struct Writer {
    bytes: Vec<u8>,
    used: usize,
}

impl Writer {
    fn put(&mut self, value: u32, count: usize) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::try_from(value >> bit & 1).unwrap();
            *self.bytes.last_mut().unwrap() |= bit << (self.used % 8);
            self.used += 1;
        }
    }

    /// The bits of a code word come first one first.
    fn word(&mut self, word: u32, count: usize) {
        self.put(word.reverse_bits() >> (32 - count), count);
    }

    fn align(&mut self) {
        self.used = self.bytes.len() * 8;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Stored,
    Fixed,
    Dynamic,
}

/// A block: of nothing, or of one letter.
#[derive(Clone, Copy, Debug)]
struct Block {
    kind: Kind,
    is_empty: bool,
    is_final: bool,
}

impl Block {
    fn all() -> Vec<Block> {
        let mut blocks = Vec::new();
        for kind in [Kind::Stored, Kind::Fixed, Kind::Dynamic] {
            for is_empty in [true, false] {
                for is_final in [false, true] {
                    blocks.push(Block {
                        kind,
                        is_empty,
                        is_final,
                    });
                }
            }
        }
        blocks
    }

    /// RFC 1951, section 3.2.3.
    fn write(self, to: &mut Writer) {
        to.put(u32::from(self.is_final), 1);
        match self.kind {
            Kind::Stored => {
                to.put(0b00, 2);
                to.align();
                let len = u32::from(!self.is_empty);
                to.put(len, 16);
                to.put(!len, 16);
                if !self.is_empty {
                    to.put(u32::from(b'x'), 8);
                }
            }
            Kind::Fixed => {
                to.put(0b01, 2);
                if !self.is_empty {
                    to.word(0x30 + u32::from(b'x'), 8);
                }
                to.word(0, 7);
            }
            Kind::Dynamic => self.write_dynamic(to),
        }
        if self.is_final {
            to.align();
        }
    }

    /// 3.2.7: codes for the letter and the end only, of one bit each.
    fn write_dynamic(self, to: &mut Writer) {
        const ORDER: [u32; 18] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1];
        to.put(0b10, 2);
        // 257 lengths, and one of a distance.
        to.put(0, 5 + 5);
        to.put(18 - 4, 4);
        // The code for them: a word of one bit for runs of zeros, and of two for 0 and for 1.
        for symbol in ORDER {
            let len = match symbol {
                18 => 1,
                0 | 1 => 2,
                _ => 0,
            };
            to.put(len, 3);
        }
        let zeros = |to: &mut Writer, count: u8| {
            to.word(0b0, 1);
            to.put(u32::from(count) - 11, 7);
        };
        zeros(to, b'x');
        to.word(0b11, 2);
        zeros(to, 255 - b'x');
        to.word(0b11, 2);
        to.word(0b10, 2);
        if !self.is_empty {
            to.word(0b0, 1);
        }
        to.word(0b1, 1);
    }
}

/// What a payload ends with, behind its last block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// 7.2.1: the header of an empty stored block.
    Header {
        is_final: bool,
    },
    /// The same, with ones in the bits that are not read.
    Untidy {
        is_final: bool,
    },
    Nothing,
}

const ENDINGS: [Ending; 5] = [
    Ending::Header { is_final: false },
    Ending::Header { is_final: true },
    Ending::Untidy { is_final: false },
    Ending::Untidy { is_final: true },
    Ending::Nothing,
];

/// A payload, and what it stands for; `None` if it is not complete.
fn payload(offset: usize, blocks: &[Block], ending: Ending) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut to = Writer::default();
    // A first block with fixed codes takes 10 bits, and 9 for each of these.
    let mut message = vec![0x90; (offset + 6) % 8];
    to.put(0b010, 3);
    for _ in &message {
        to.word(0b1_1001_0000, 9);
    }
    to.word(0, 7);
    assert_eq!(to.used % 8, offset);
    for block in blocks {
        block.write(&mut to);
        message.extend((!block.is_empty).then_some(b'x'));
    }
    let is_complete = match ending {
        Ending::Header { is_final } | Ending::Untidy { is_final } => {
            to.put(u32::from(is_final), 3);
            true
        }
        // Three bits that are left over are a header.
        Ending::Nothing => {
            blocks.last().is_some_and(|block| block.is_final) || matches!(to.used % 8, 1..=5)
        }
    };
    while matches!(ending, Ending::Untidy { .. }) && !to.used.is_multiple_of(8) {
        to.put(1, 1);
    }
    (to.bytes, is_complete.then_some(message))
}

/// What a payload stands for by a second decoder, behind a message `before`, which is one block;
/// `None` if it is damaged or not complete. What is beyond a final block refers to nothing.
fn decode(before: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    // 7.2.2 with an empty block in place of the header that was left out would take what is
    // complete by chance.
    const END: &[u8] = b"\x04\x00\xFB\xFFend.\x01\x00\x00\xFF\xFF";
    let mut decoder = Decompress::new(false);
    let mut output = Vec::with_capacity(before.len() + 2000);
    let mut decode = |input: &mut &[u8], output: &mut Vec<u8>, reset: bool| {
        if reset {
            decoder.reset(false);
        }
        let taken = decoder.total_in();
        let status = decoder.decompress_vec(input, output, FlushDecompress::None);
        *input = &input[usize::try_from(decoder.total_in() - taken).unwrap()..];
        status.ok().map(|status| status == Status::StreamEnd)
    };
    decode(&mut &before[..], &mut output, false)?;
    output.clear();
    let (mut rest, mut is_behind_final) = (payload, false);
    while !rest.is_empty() {
        is_behind_final = decode(&mut rest, &mut output, is_behind_final)?;
    }
    // Where its window ends it stops without need.
    is_behind_final = is_behind_final || decode(&mut rest, &mut output, false)?;
    if !is_behind_final {
        let mut end = END;
        let is_final = decode(&mut end, &mut output, false)?;
        // A header with BFINAL set to 1 needs no second one.
        if !is_final || !matches!(end.len(), 0 | 5) || !output.ends_with(b"end.") {
            return None;
        }
        output.truncate(output.len() - 4);
    }
    assert!(output.len() < output.capacity());
    Some(output)
}

/// Whether bytes follow a final block.
fn goes_beyond_final(before: &[u8], payload: &[u8]) -> bool {
    let mut decoder = Decompress::new(false);
    let mut output = Vec::with_capacity(before.len() + 2000);
    let all = [before, payload].concat();
    let status = decoder.decompress_vec(&all, &mut output, FlushDecompress::None);
    matches!(status, Ok(Status::StreamEnd)) && decoder.total_in() < all.len() as u64
}

/// How a message reaches the decompressor.
#[derive(Clone, Copy, Debug)]
enum State {
    New,
    Live,
    Restored,
}

/// What comes of `payload`, and of a message behind it that refers to the one before it.
fn inflated(state: State, pieces: &[&[u8]]) -> Option<Vec<u8>> {
    let mut inflater = Inflater::new(kept(15));
    if !matches!(state, State::New) {
        assert!(inflate_whole(&mut inflater, BEFORE).is_ok());
        if matches!(state, State::Restored) {
            assert!(inflater.ticket().take().is_some());
        }
    }
    let message = inflate(&mut inflater, pieces.iter().copied(), UNLIMITED).ok()?;
    if !matches!(state, State::New) && message.is_empty() {
        let behind = inflate_whole(&mut inflater, BEHIND);
        assert_eq!(behind.unwrap(), b"Hello", "{pieces:x?}");
    }
    assert!(inflate_whole(&mut inflater, BEFORE).is_ok(), "{pieces:x?}");
    Some(message)
}

/// Asserts that `payload` has one outcome, however it arrives; returns in how many ways it was
/// tried.
fn assert_outcome(payload: &[u8], expected: Option<&[u8]>) -> usize {
    let mut tried = 0;
    for state in [State::New, State::Live, State::Restored] {
        let mut try_pieces = |pieces: &[&[u8]]| {
            let found = inflated(state, pieces);
            assert_eq!(found.as_deref(), expected, "{state:?} {pieces:02x?}");
            tried += 1;
        };
        try_pieces(&[payload]);
        try_pieces(&payload.chunks(1).collect::<Vec<_>>());
        // Where a message begins is cut elsewhere.
        for at in payload.len().saturating_sub(7).max(1)..payload.len() {
            let (first, second) = payload.split_at(at);
            try_pieces(&[first, second]);
        }
    }
    tried
}

/// 7.2.1, 7.2.2: messages of a first block and up to three more, begun at each bit.
#[test]
fn every_ending_has_the_outcome_that_a_second_decoder_gives() {
    let all = Block::all();
    let mut runs = vec![vec![]];
    let mut last = 0;
    for _ in 0..3 {
        let longer: Vec<Vec<Block>> = runs[last..]
            .iter()
            .flat_map(|run| all.iter().map(move |block| [&run[..], &[*block]].concat()))
            .collect();
        last = runs.len();
        runs.extend(longer);
    }
    let (mut payloads, mut complete, mut tried) = (0, 0, 0);
    for run in &runs {
        for offset in 0..8 {
            for ending in ENDINGS {
                let (payload, message) = payload(offset, run, ending);
                assert_eq!(
                    decode(b"", &payload),
                    message,
                    "{offset} {run:?} {ending:?}"
                );
                if run.len() < 3 {
                    tried += assert_outcome(&payload, message.as_deref());
                } else {
                    // The way that is not the long one.
                    assert_eq!(inflated(State::New, &[&payload]), message, "{payload:02x?}");
                    tried += 1;
                }
                payloads += 1;
                complete += usize::from(message.is_some());
            }
        }
    }
    println!("{payloads} endings, {complete} of them complete, arrive in {tried} ways");
    assert_eq!(payloads, (1 + 12 + 144 + 1728) * 8 * ENDINGS.len());
    assert!(complete > payloads * 4 / 5);
}

/// The same for every payload of up to three bytes. As of three they are too many for a library
/// that is not optimised: some of them then.
#[test]
fn every_short_payload_has_the_outcome_that_a_second_decoder_gives() {
    let step = if cfg!(debug_assertions) { 251 } else { 1 };
    let (mut payloads, mut complete) = (0, 0);
    // A stored block. The second decoder does not look whether a distance is too far, so that
    // what is before the message shows.
    let before = [&[0x00, 0xFF, 0xFF, 0x00, 0x00][..], &vec![0xAA; 65_535]].concat();
    let mut check = |payload: &[u8]| {
        let expected = decode(b"", payload);
        let expected = expected.filter(|found| decode(&before, payload).as_ref() == Some(found));
        let whole = inflate_whole(&mut Inflater::new(kept(15)), payload);
        assert_eq!(whole.ok(), expected, "{payload:02x?}");
        let cut = inflate(&mut Inflater::new(kept(15)), payload.chunks(1), UNLIMITED);
        assert_eq!(cut.ok(), expected, "{payload:02x?}");
        payloads += 1;
        complete += usize::from(expected.is_some());
    };
    for bytes in 0..1_u32 << 24 {
        let payload = bytes.to_le_bytes();
        for len in 1..=3 {
            // Longer ones begin with these, too.
            if bytes >> (8 * len) == 0 && (len < 3 || bytes % step == 0) {
                check(&payload[..len]);
            }
        }
    }
    println!("{payloads} payloads of 1 to 3 bytes, {complete} of them complete");
    assert!(payloads >= (1 << 8) + (1 << 16) + (1 << 24) / step as usize);
    assert!(complete > 100);
}

/// The same for longer ones, which end by chance. All distances are within the message before: the
/// second decoder does not look whether they are.
#[test]
fn random_endings_have_the_outcome_that_a_second_decoder_gives() {
    const COUNT: u64 = 20_000;
    // A stored block.
    let before = [
        &[0x00, 0xFF, 0xFF, 0x00, 0x00][..],
        &random_bytes(1, 65_535),
    ]
    .concat();
    let inflated = |pieces: &[&[u8]]| {
        let mut inflater = Inflater::new(kept(15));
        inflate_whole(&mut inflater, &[&before[..], &[0x00]].concat()).unwrap();
        inflate(&mut inflater, pieces.iter().copied(), UNLIMITED).ok()
    };
    let (mut complete, mut beyond) = (0, 0);
    for seed in 0..COUNT {
        let mut numbers = noise(seed).skip(3);
        let mut next = || usize::try_from(numbers.next().unwrap() >> 32).unwrap();
        let (mut payload, _) = payload(next() % 8, &[], Ending::Nothing);
        let tail = random_bytes(seed, 1 + next() % 4);
        *payload.last_mut().unwrap() |= tail[0] << 1;
        payload.extend_from_slice(&tail[1..]);
        payload.extend((next() % 2 == 0).then_some(0));
        let found = inflated(&[&payload]);
        assert_eq!(
            inflated(&payload.chunks(1).collect::<Vec<_>>()),
            found,
            "{payload:02x?}"
        );
        complete += usize::from(found.is_some());
        // The second decoder has forgotten what a match beyond a final block refers to.
        if goes_beyond_final(&before, &payload) {
            beyond += 1;
        } else {
            assert_eq!(found, decode(&before, &payload), "{payload:02x?}");
        }
    }
    println!(
        "{COUNT} payloads that end by chance, {complete} of them complete; {beyond} not compared"
    );
    assert!(complete > 400 && beyond < COUNT / 4);
}
