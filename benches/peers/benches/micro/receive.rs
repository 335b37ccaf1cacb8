//! From a client's frames to messages.

use std::hint::black_box;

use criterion::Criterion;

use crate::transport::{Batch, Transport, received};

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("receive");
    for batch in Batch::all() {
        let (mut socket, meter) = Transport::serve(&batch);
        for _ in 0..batch.count {
            assert_eq!(received(&mut socket).as_ref(), Some(&batch.message));
        }
        group.throughput(batch.throughput());
        group.bench_function(&batch.name, |bencher| {
            bencher.iter(|| {
                meter.rewind();
                let mut count = 0;
                while let Some(message) = received(&mut socket) {
                    black_box(message);
                    count += 1;
                }
                assert_eq!(count, batch.count);
            });
        });
    }
}
