//! The fuzz targets of `fuzz/`, each with inputs from fixed seeds for a few seconds: they cannot
//! rot, and what they found once stays found.
//!
//! `FUZZ_RUNS` asks for another number of inputs, `FUZZ_SEED` for those of another seed.

mod targets;

use targets::choices::Random;

/// Runs a target with so many inputs; tells which one failed.
fn many(name: &str, runs: u64, run: impl Fn(&[u8])) {
    let number = |variable, default| {
        std::env::var(variable).map_or(default, |number| number.parse().expect(variable))
    };
    let (first, runs) = (number("FUZZ_SEED", 0), number("FUZZ_RUNS", runs));
    for seed in first..first + runs {
        let input = Random::new(seed).input();
        let failed = Failed(name, seed);
        run(&input);
        std::mem::forget(failed);
    }
    println!("{name}: {runs} inputs");
}

/// Tells how to repeat what panicked.
struct Failed<'a>(&'a str, u64);

impl Drop for Failed<'_> {
    fn drop(&mut self) {
        let Self(name, seed) = self;
        println!(
            "to repeat: FUZZ_RUNS=1 FUZZ_SEED={seed} cargo test --all-features --test fuzz {name}"
        );
    }
}

#[test]
fn endpoints() {
    many("endpoints", 500, targets::endpoints::run);
}

#[test]
fn frames() {
    many("frames", 5_000, targets::frames::run);
}
