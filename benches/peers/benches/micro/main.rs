//! What a byte, a header and a message cost, in memory.
//!
//! `cargo bench --manifest-path benches/peers/Cargo.toml`, from the root of the repository.
//! It takes about three minutes. `-- TEXT` runs only what has TEXT in its name, such as
//! `mask` or `receive/32 B`.

mod echo;
mod header;
mod mask;
mod payload;
mod receive;
mod send;
mod transport;
mod utf8;
#[path = "../../../../src/wire/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unexpected_cfgs,
    unused_imports,
    reason = "the crate's own, of which a part is measured"
)]
mod wire;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    mask::bench(&mut criterion);
    utf8::bench(&mut criterion);
    header::bench(&mut criterion);
    receive::bench(&mut criterion);
    send::bench(&mut criterion);
    echo::bench(&mut criterion);
    criterion.final_summary();
}
