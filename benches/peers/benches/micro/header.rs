//! Frame headers: one at a time.

use std::hint::black_box;

use criterion::{Criterion, Throughput};

use crate::wire::{Decoded, FrameHeader, HeaderRules, OpCode};

/// A server's, at the start of a message.
const RULES: HeaderRules = HeaderRules {
    masked: true,
    in_message: false,
    compressible: false,
    max_frame: 1 << 20,
    max_message: 1 << 20,
    max_fragments: 1 << 17,
    received: 0,
    fragments: 0,
};

/// One for each width of the length, and a control frame.
const HEADERS: [(&str, OpCode, usize); 4] = [
    ("7-bit length", OpCode::Binary, 32),
    ("16-bit length", OpCode::Binary, 1024),
    ("64-bit length", OpCode::Binary, 65_536),
    ("ping", OpCode::Ping, 8),
];

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("header decode");
    group.throughput(Throughput::Elements(1));
    for (name, opcode, len) in HEADERS {
        let header = header(opcode, len, Some([0x37, 0xfa, 0x21, 0x3d]));
        let mut bytes = Vec::new();
        header.encode_to(&mut bytes);
        let decoded = FrameHeader::decode(&bytes, &RULES);
        let len = bytes.len();
        let value = header;
        assert_eq!(decoded, Ok(Decoded::Complete { value, len }));
        group.bench_function(name, |bencher| {
            bencher.iter(|| FrameHeader::decode(black_box(&bytes), black_box(&RULES)));
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("header encode");
    group.throughput(Throughput::Elements(1));
    for (name, opcode, len) in HEADERS {
        let header = header(opcode, len, None);
        group.bench_function(name, |bencher| {
            let mut bytes = Vec::with_capacity(64);
            bencher.iter(|| {
                bytes.clear();
                black_box(&header).encode_to(&mut bytes);
                bytes.len()
            });
        });
    }
}

fn header(opcode: OpCode, len: usize, mask: Option<[u8; 4]>) -> FrameHeader {
    FrameHeader {
        fin: true,
        compressed: false,
        opcode,
        mask,
        len,
    }
}
