//! The chapter on reliability tells of each fault that others had.

use crate::{
    catalogue::CATALOGUE,
    entry::Check,
    report::{Amount::*, Report},
};

const CHAPTER: &str = include_str!("../../docs/reliability.md");

/// A line has the fault, and the test that holds it or why there is none.
pub(crate) fn past_faults_are_in_the_chapter(report: &mut Report) {
    let mut faults = 0;
    for entry in CATALOGUE {
        let held_by = match entry.check {
            Check::None(_) => "does not apply",
            Check::Here(_) | Check::There(_) => entry.name(),
        };
        // What is a number is a row of the catalogue.
        let is_fault = |of: &&&str| of.parse::<u32>().is_err();
        for fault in entry.of.iter().filter(is_fault) {
            let mut lines = CHAPTER.lines().filter(|line| line.contains(*fault));
            let told = lines.any(|line| line.contains(held_by));
            assert!(told, "docs/reliability.md: {fault} is held by {held_by}");
            faults += 1;
        }
    }
    report.at_least(
        "faults of others in docs/reliability.md",
        Count(faults),
        Count(50),
    );
}
