//! Masking in place.

use std::hint::black_box;

use criterion::{Criterion, Throughput};

use crate::{
    payload::{KIB, binary, size_name},
    wire::apply_mask,
};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mask");
    for len in [16, 125, KIB, 64 * KIB] {
        group.throughput(Throughput::Bytes(len as u64));
        let mut data = binary(len);
        // A frame that arrives in pieces goes on at any phase of the key.
        for offset in [0, 3] {
            let name = format!("{}, offset {offset}", size_name(len));
            group.bench_function(name, |bencher| {
                bencher.iter(|| apply_mask(Some(KEY), black_box(offset), black_box(&mut data)));
            });
        }
        // Nor is what is left of a read buffer aligned.
        let mut shifted = binary(len + 1);
        group.bench_function(format!("{}, unaligned", size_name(len)), |bencher| {
            bencher.iter(|| apply_mask(Some(KEY), black_box(0), black_box(&mut shifted[1..])));
        });
    }
}
