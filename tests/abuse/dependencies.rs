//! Faults of what the crate is built on: their versions are not in reach.

use crate::report::{Amount::*, Report};

const MANIFEST: &str = include_str!("../../Cargo.toml");
const LOCKED: &str = include_str!("../../Cargo.lock");

/// A version, as it is compared.
type Version = [usize; 3];

fn version(text: &str) -> Version {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// The least version that the manifest takes.
fn required(name: &str) -> Option<Version> {
    let prefix = format!("{name} = ");
    let dependencies = MANIFEST.split("[dev-dependencies]").next()?;
    let line = dependencies
        .lines()
        .find_map(|line| line.strip_prefix(&prefix))?;
    let quoted = line
        .split('"')
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    Some(version(quoted))
}

/// The versions that are locked.
fn locked(name: &str) -> Vec<Version> {
    let header = format!("name = \"{name}\"\nversion = \"");
    let found = LOCKED.split(&header).skip(1);
    found
        .map(|rest| version(rest.split('"').next().unwrap()))
        .collect()
}

/// Each advisory's first version without the fault is the least that can be used.
pub(crate) fn rustsec_2026_0007_versions_of_dependencies(report: &mut Report) {
    let mut reached = 0;
    let advisories = [
        ("RUSTSEC-2026-0258", "h2", [0, 4, 16]),
        ("RUSTSEC-2024-0332", "h2", [0, 4, 4]),
        ("RUSTSEC-2024-0003", "h2", [0, 4, 2]),
        ("RUSTSEC-2023-0034", "h2", [0, 3, 17]),
        ("RUSTSEC-2026-0007", "bytes", [1, 11, 1]),
        ("RUSTSEC-2024-0401", "zlib-rs", [0, 4, 0]),
        ("RUSTSEC-2022-0022", "hyper", [0, 14, 12]),
        ("RUSTSEC-2021-0078", "hyper", [0, 14, 10]),
    ];
    for (advisory, name, mended) in advisories {
        let required = required(name).expect(name);
        assert!(required >= mended, "{advisory}: {name} {required:?}");
        let locked = locked(name);
        assert!(
            locked.iter().all(|locked| *locked >= mended),
            "{advisory}: {name} {locked:?}"
        );
        reached += locked.len();
    }
    let all = Count(advisories.len());
    report.exactly(
        "dependencies of which no version has the fault",
        Count(reached),
        all,
    );
}

/// The crate has no `unsafe` of its own.
pub(crate) fn cve_2021_45945_no_unsafe_code(report: &mut Report) {
    let lib = include_str!("../../src/lib.rs");
    let forbidden = lib.contains("#![forbid(unsafe_code)]");
    report.exactly("forbidden", Count(forbidden.into()), Count(1));
}
