//! DEFLATE (RFC 1951) by `zlib-rs`, which no other file names.

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateFlush, Status};

use super::history::History;

/// What a message compressed by a sync flush ends with; it is not sent (7.2.1).
pub(super) const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effort {
    /// Time for size, 1 to 9.
    pub(super) level: u8,
    /// Memory for size, 1 to 9.
    pub(super) memory_level: u8,
}

/// What a [`Compressor`] is made for; it cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) effort: Effort,
    pub(super) window_bits: u8,
}

/// The state of a compressor: 134 to 483 KiB by its settings.
pub(super) struct Compressor {
    deflate: Box<Deflate>,
    settings: Settings,
}

impl Compressor {
    pub(super) fn new(settings: Settings) -> Self {
        let Settings {
            effort,
            window_bits,
        } = settings;
        let config = DeflateConfig {
            level: effort.level.clamp(1, 9).into(),
            mem_level: effort.memory_level.clamp(1, 9).into(),
            // 7.1.2.1: the window of 9 bits serves for 8, too. Distances stay 262 below the
            // size of the window, so they are at most 250 (proved by the tests).
            window_bits: -i32::from(window_bits.clamp(9, 15)),
            ..DeflateConfig::default()
        };
        Self {
            deflate: Box::new(Deflate::new_with_config(config)),
            settings,
        }
    }

    /// Begins anew, behind `history` if there is one.
    pub(super) fn restart(&mut self, history: Option<&History>) {
        if self.deflate.total_in() > 0 {
            self.deflate.reset();
        }
        for part in history.map_or([&[][..]; 2], History::parts) {
            self.deflate
                .set_dictionary(part)
                .expect("no input is pending");
        }
    }

    /// Compresses `input` and a sync flush as far as `room` lasts; returns how many bytes were
    /// written. It is done when all input is taken and some room is left.
    pub(super) fn compress(&mut self, input: &mut &[u8], room: &mut [u8]) -> usize {
        let (taken, written) = (self.deflate.total_in(), self.deflate.total_out());
        self.deflate
            .compress(input, room, DeflateFlush::SyncFlush)
            .expect("the stream is never finished");
        *input = &input[distance(taken, self.deflate.total_in())..];
        distance(written, self.deflate.total_out())
    }

    /// Whether it may go on before it is restarted.
    pub(super) fn is_durable(&self) -> bool {
        self.deflate.total_in().max(self.deflate.total_out()) < DURABLE
    }

    pub(super) const fn settings(&self) -> Settings {
        self.settings
    }
}

/// The state of a decompressor: 46 KiB, whatever the window.
///
/// Boxed, as an idle connection has room for one.
pub(super) struct Decompressor(Box<Inflate>);

/// What a step of a [`Decompressor`] led to.
pub(super) struct Step {
    pub(super) written: usize,
    pub(super) reached: Reached,
}

/// Where a [`Decompressor`] stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// The end of the input, of the room, or of a block where that was asked for.
    Limit,
    /// The end of a block with BFINAL set to 1: it takes no more input.
    FinalBlock,
    /// Input that is no DEFLATE.
    Error,
}

impl Decompressor {
    pub(super) fn new() -> Self {
        // Memory is the same for every window.
        Self(Box::new(Inflate::new(false, 15)))
    }

    /// Begins anew, behind `history`.
    pub(super) fn restart(&mut self, history: &History) {
        self.0.reset(false);
        for part in history.parts() {
            self.0
                .set_dictionary(part)
                .expect("raw streams take a dictionary at any time");
        }
    }

    /// Decompresses `input` as far as `room`, which must not be empty, lasts.
    pub(super) fn decompress(&mut self, input: &mut &[u8], room: &mut [u8]) -> Step {
        self.step(input, room, InflateFlush::NoFlush)
    }

    /// Like [`decompress`](Self::decompress), but at most to the end of the next block.
    pub(super) fn decompress_block(&mut self, input: &mut &[u8], room: &mut [u8]) -> Step {
        self.step(input, room, InflateFlush::Block)
    }

    /// Whether it may go on before it is restarted.
    pub(super) fn is_durable(&self) -> bool {
        self.0.total_in().max(self.0.total_out()) < DURABLE
    }

    fn step(&mut self, input: &mut &[u8], room: &mut [u8], flush: InflateFlush) -> Step {
        let (taken, written) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, room, flush);
        *input = &input[distance(taken, self.0.total_in())..];
        Step {
            written: distance(written, self.0.total_out()),
            reached: match status {
                Ok(Status::Ok | Status::BufError) => Reached::Limit,
                Ok(Status::StreamEnd) => Reached::FinalBlock,
                Err(_) => Reached::Error,
            },
        }
    }
}

/// The library counts bytes in 32 bits on some platforms, and must not get that far.
const DURABLE: u64 = 1 << 28;

/// How far a counter of bytes has moved within a slice.
fn distance(from: u64, to: u64) -> usize {
    usize::try_from(to - from).expect("no more than the slice holds")
}
