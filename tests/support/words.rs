//! What is asked for in the words of `cargo test`, for tests that have a harness of their own.

use std::env;

/// Which tests to run, or to list.
#[derive(Default)]
pub struct Words {
    filters: Vec<String>,
    skipped: Vec<String>,
    exact: bool,
    ignored: bool,
    list: bool,
}

impl Words {
    /// Those of the command line. `own` takes those that only its harness knows, and their values.
    pub fn of_the_command_line(
        mut own: impl FnMut(&str, &mut dyn Iterator<Item = String>) -> bool,
    ) -> Self {
        let mut words = env::args().skip(1);
        let mut asked = Self::default();
        while let Some(word) = words.next() {
            if own(&word, &mut words) {
                continue;
            }
            match &*word {
                "--exact" => asked.exact = true,
                "--list" => asked.list = true,
                "--ignored" => asked.ignored = true,
                "--skip" => asked.skipped.extend(words.next()),
                // What is said to the usual harness, and means nothing here.
                "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => {
                    drop(words.next());
                }
                flag if flag.starts_with('-') => {}
                _ => asked.filters.push(word),
            }
        }
        asked
    }

    /// Whether the tests are to be listed, not run.
    pub fn list(&self) -> bool {
        self.list
    }

    pub fn want(&self, name: &str) -> bool {
        let matches = |filter: &String| {
            if self.exact {
                name == filter
            } else {
                name.contains(filter)
            }
        };
        !self.ignored
            && (self.filters.is_empty() || self.filters.iter().any(matches))
            && !self.skipped.iter().any(matches)
    }
}
