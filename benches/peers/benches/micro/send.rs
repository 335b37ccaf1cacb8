//! From messages to one or many writes.

use criterion::Criterion;

use crate::{
    payload::KIB,
    transport::{Batch, Transport, feed, flush},
};

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("send");
    for (len, count) in [(32, 1000), (KIB, 100), (64 * KIB, 4)] {
        let batch = Batch::binary(len, count);
        group.throughput(batch.throughput());
        // As a handler's messages leave: together.
        for (how, messages_per_flush) in [("flushed once", count), ("flushed each", 1)] {
            let (mut socket, meter) = Transport::serve(&batch);
            group.bench_function(format!("{} {how}", batch.name), |bencher| {
                bencher.iter(|| {
                    meter.rewind();
                    for sent in 1..=count {
                        feed(&mut socket, batch.message.clone());
                        if sent % messages_per_flush == 0 {
                            flush(&mut socket);
                        }
                    }
                    assert!(meter.written() > count * len);
                });
            });
        }
    }
}
