//! How many sockets hear what is published, and how.

use std::fmt;

use crate::{
    Error,
    scenario::{Extension, Takeover},
};

/// Messages that are published at once: one by itself, and a burst.
pub const BURSTS: [usize; 2] = [1, 16];

/// One in so many sockets is wedged, where some are.
const WEDGED: usize = 100;

/// Files that a process needs beside its sockets.
const OTHER_FILES: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// All of them, wedged ones too.
    pub sockets: usize,
    pub coding: Coding,
    /// Sockets that never read, and whose buffers are full.
    pub wedged: usize,
}

/// What a message is on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    Plain,
    /// permessage-deflate, offered as browsers do: with context takeover.
    Compressed,
}

impl Coding {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Compressed => "compressed",
        }
    }

    pub fn parse(name: &str) -> Result<Self, Error> {
        let known = [Self::Plain, Self::Compressed];
        let found = known.into_iter().find(|coding| coding.name() == name);
        found.ok_or_else(|| format!("no such coding: {name}").into())
    }

    pub const fn extension(self) -> Extension {
        match self {
            Self::Plain => Extension::None,
            Self::Compressed => Extension::Deflate(Takeover::Kept),
        }
    }
}

impl Scenario {
    /// Of this many sockets: plain and compressed, all reading and some wedged.
    pub fn all(sockets: usize) -> [Self; 4] {
        let wedged = sockets / WEDGED;
        [
            (Coding::Plain, 0),
            (Coding::Plain, wedged),
            (Coding::Compressed, 0),
            (Coding::Compressed, wedged),
        ]
        .map(|(coding, wedged)| Self {
            sockets,
            coding,
            wedged,
        })
    }

    /// Sockets that read.
    pub const fn readers(&self) -> usize {
        self.sockets - self.wedged
    }
}

/// So many sockets, or as many as the limit of open files lets one process have.
pub fn possible(sockets: usize, open_files: usize) -> usize {
    sockets.min(open_files.saturating_sub(OTHER_FILES))
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coding = self.coding.name();
        write!(f, "{} sockets, {coding}, ", self.sockets)?;
        match self.wedged {
            0 => f.write_str("all reading"),
            wedged => write!(f, "{wedged} wedged"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_percent_is_wedged_in_half_of_the_scenarios() {
        let scenarios = Scenario::all(1000);
        let wedged = scenarios.map(|scenario| scenario.wedged);
        assert_eq!(wedged, [0, 10, 0, 10]);
        assert_eq!(scenarios[1].readers(), 990);
        let names = scenarios.map(|scenario| scenario.to_string());
        assert_eq!(names[0], "1000 sockets, plain, all reading");
        assert_eq!(names[3], "1000 sockets, compressed, 10 wedged");
    }

    #[test]
    fn sockets_stay_below_the_open_file_limit() {
        assert_eq!(possible(10_000, 20_000), 10_000);
        assert_eq!(possible(10_000, 4096), 4032);
    }
}
