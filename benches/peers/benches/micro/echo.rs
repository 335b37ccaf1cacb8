//! Receiving and sending back, until nothing is left to receive.

use criterion::Criterion;

use crate::transport::{Batch, Transport, feed, flush, received};

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("echo");
    for batch in Batch::all() {
        let (mut socket, meter) = Transport::serve(&batch);
        let payload = batch.count * batch.payload();
        group.throughput(batch.throughput());
        group.bench_function(&batch.name, |bencher| {
            bencher.iter(|| {
                meter.rewind();
                while let Some(message) = received(&mut socket) {
                    feed(&mut socket, message);
                }
                flush(&mut socket);
                assert!(meter.written() > payload);
            });
        });
    }
}
