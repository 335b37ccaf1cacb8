//! A line of the catalogue.

use crate::report::Report;

/// An attack, and its test.
pub(crate) struct Entry {
    /// The rows and advisories that it is for.
    pub(crate) of: &'static [&'static str],
    /// Its test, as it is written.
    pub(crate) path: &'static str,
    pub(crate) check: Check,
}

/// Where something is checked.
pub(crate) enum Check {
    /// In this binary.
    Here(fn(&mut Report)),
    /// In a file of another binary, without a figure.
    There(&'static str),
    /// Nowhere, and why.
    None(&'static str),
}

impl Entry {
    /// The name of the test.
    pub(crate) fn name(&self) -> &'static str {
        let name = self.path.rsplit(':').next().unwrap_or_default();
        name.trim()
    }
}

macro_rules! here {
    ($of:expr, $($path:ident)::+) => {
        Entry {
            of: &$of,
            path: stringify!($($path)::+),
            check: Check::Here($($path)::+),
        }
    };
}

macro_rules! there {
    ($of:expr, $name:literal, $file:literal) => {
        Entry {
            of: &$of,
            path: $name,
            check: Check::There($file),
        }
    };
}

macro_rules! none {
    ($of:expr, $why:literal) => {
        Entry {
            of: &$of,
            path: "",
            check: Check::None($why),
        }
    };
}
