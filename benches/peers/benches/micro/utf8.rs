//! Validating text that arrives in pieces, and collecting it.

use std::hint::black_box;

use criterion::{Criterion, Throughput};

use crate::{
    payload::{KIB, ascii, mixed_script, size_name},
    wire::Utf8Validator,
};

/// Lengths of pieces: whole, and such that most pieces end inside of a character.
const PIECES: [usize; 4] = [usize::MAX, 1021, 31, 1];

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("utf8");
    for len in [125, 16 * KIB] {
        group.throughput(Throughput::Bytes(len as u64));
        for (script, text) in [("ASCII", ascii(len)), ("mixed", mixed_script(len))] {
            for piece in PIECES {
                if piece > len && piece != usize::MAX {
                    continue;
                }
                let name = format!("{script} {}, {}", size_name(len), pieces_name(piece));
                let mut collected = String::with_capacity(len);
                collect(text.as_bytes(), piece, &mut collected);
                assert_eq!(collected, text);
                group.bench_function(name, |bencher| {
                    bencher.iter(|| {
                        collected.clear();
                        collect(black_box(text.as_bytes()), piece, &mut collected);
                    });
                });
            }
        }
    }
}

fn collect(text: &[u8], piece: usize, to: &mut String) {
    let mut validator = Utf8Validator::default();
    for piece in text.chunks(piece) {
        validator.push(piece, to).expect("valid text");
    }
    validator.finish().expect("whole characters");
}

fn pieces_name(len: usize) -> String {
    match len {
        usize::MAX => "whole".to_owned(),
        len => format!("by {len}"),
    }
}
