//! On what, when and with which versions it was measured.

use std::{
    fmt::Write,
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Error, options::Options, servers::Kind};

const LOCK: &str = include_str!("../../Cargo.lock");

/// Processor, kernel and day.
pub fn hardware() -> Result<String, Error> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor"));
    let kernel = rustix::system::uname();
    let kernel = kernel.release().to_string_lossy().into_owned();
    let (cores, date) = (cores.count(), date(SystemTime::now())?);
    Ok(format!("{model}, {cores} cores, Linux {kernel}, {date}."))
}

pub(super) fn markdown(options: &Options) -> Result<String, Error> {
    let mut text = String::new();
    let (rounds, slices) = (options.rounds, options.slices);
    writeln!(text, "{}", hardware()?)?;
    writeln!(
        text,
        "Medians of {rounds} rounds of {slices} interleaved turns each, over loopback."
    )?;
    let versions = Kind::ALL.into_iter().filter_map(|kind| {
        let version = version(kind.name())?;
        Some(format!("{} {version}", kind.name()))
    });
    let versions: Vec<_> = versions.collect();
    writeln!(text, "\nVersions: {}.", versions.join(", "))?;
    Ok(text)
}

/// A package's version in the lock file.
fn version(name: &str) -> Option<&'static str> {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let found = LOCK.rfind(&entry)? + entry.len();
    LOCK[found..].split('"').next()
}

/// The day in UTC, by the civil calendar.
fn date(now: SystemTime) -> Result<String, Error> {
    let days = now.duration_since(UNIX_EPOCH)?.as_secs() / 86_400;
    // Days since 0000-03-01, so that a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leaps = day_of_era / 1460 + day_of_era / 146_096 - day_of_era / 36_524;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    Ok(format!("{year}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn date_is_the_civil_day() {
        for (secs, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_735_603_200, "2024-12-31"),
        ] {
            let then = UNIX_EPOCH + Duration::from_secs(secs);
            assert_eq!(date(then).unwrap(), expected);
        }
    }

    #[test]
    fn version_is_the_lock_files() {
        assert!(version("yawc").is_some());
        assert_eq!(version("no such package"), None);
    }
}
