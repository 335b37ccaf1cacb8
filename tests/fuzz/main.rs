//! The fuzz targets of `fuzz/`, each with its seeds and with inputs from fixed numbers for a few
//! seconds: they cannot rot, and what they found once stays found.
//!
//! `FUZZ_RUNS` asks for another number of inputs, `FUZZ_SEED` for those of other numbers, and
//! `FUZZ_INPUT` for that of a file alone.

mod targets;

use std::{env, fs, path::Path};

use targets::choices::Random;

/// Runs a target with its seeds and so many inputs; tells which one failed.
fn many(name: &str, runs: u64, run: impl Fn(&[u8])) {
    if let Some(path) = env::var_os("FUZZ_INPUT") {
        return run_file(name, Path::new(&path), run);
    }
    let number = |variable, default| {
        env::var(variable).map_or(default, |number| number.parse().expect(variable))
    };
    let (first, runs) = (number("FUZZ_SEED", 0), number("FUZZ_RUNS", runs));
    for seed in first..first + runs {
        let failed = Failed(name, format!("FUZZ_RUNS=1 FUZZ_SEED={seed}"));
        run(&Random::new(seed).input());
        std::mem::forget(failed);
    }
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    // They are not in the package.
    let seeds = fs::read_dir(seeds).map_or(Vec::new(), |seeds| seeds.flatten().collect());
    for seed in &seeds {
        run_file(name, &seed.path(), &run);
    }
    println!("{name}: {runs} inputs, {} seeds", seeds.len());
}

fn run_file(name: &str, path: &Path, run: impl Fn(&[u8])) {
    let failed = Failed(name, format!("FUZZ_INPUT={}", path.display()));
    run(&fs::read(path).expect("FUZZ_INPUT is a file"));
    std::mem::forget(failed);
}

/// Tells how to repeat what panicked.
struct Failed<'a>(&'a str, String);

impl Drop for Failed<'_> {
    fn drop(&mut self) {
        let Self(name, what) = self;
        println!("to repeat: {what} cargo test --all-features --test fuzz {name}");
    }
}

#[test]
fn answers() {
    many("answers", 3_000, targets::answers::run);
}

#[test]
fn deflate() {
    many("deflate", 500, targets::deflate::run);
}

#[test]
fn endpoints() {
    many("endpoints", 400, targets::endpoints::run);
}

#[test]
fn extensions() {
    many("extensions", 5_000, targets::extensions::run);
}

#[test]
fn frames() {
    many("frames", 4_000, targets::frames::run);
}

#[test]
fn heads() {
    many("heads", 2_000, targets::heads::run);
}

#[test]
fn origins() {
    many("origins", 5_000, targets::origins::run);
}

#[test]
fn topics() {
    many("topics", 2_000, targets::topics::run);
}
