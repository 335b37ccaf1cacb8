//! How randomised tests run: with fresh seeds, which failures tell.
//!
//! `PROPTEST_CASES` asks for another number of cases, and `PROPTEST_RNG_SEED` for the cases of a
//! seed. What a seed has found becomes a test with a name.

use std::hash::{BuildHasher, RandomState};

use proptest::test_runner::{Config, RngSeed};

/// So many cases, or what the environment wants.
pub(crate) fn cases(cases: u32) -> Config {
    let default = Config::default();
    let seed = match default.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(()),
    };
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default.cases,
        // It takes a thousand times as long.
        None if cfg!(miri) => cases.min(4),
        None => cases,
    };
    println!("randomised: PROPTEST_CASES={cases} PROPTEST_RNG_SEED={seed}");
    Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..default
    }
}
