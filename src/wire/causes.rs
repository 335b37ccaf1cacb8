//! How errors tell their causes.

use std::{error::Error, fmt, iter};

/// An error with all its causes, each behind a colon.
///
/// The convention of this crate's errors: `Display` says everything, down to what the system
/// said, and `source` is `None`. So `{error}` alone is enough, and a reporter that follows the
/// sources prints nothing twice.
pub(crate) struct WithCauses<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        for cause in iter::successors(self.0.source(), |&cause| cause.source()) {
            let cause = cause.to_string();
            // Many errors of others say it already.
            if !said.ends_with(&cause) {
                said.push_str(": ");
                said.push_str(&cause);
            }
        }
        f.write_str(&said)
    }
}

/// Checks a table of every variant of an error and of what it says. `number` numbers the variants,
/// so that a new one needs a row; a reporter that follows the sources adds nothing.
#[cfg(test)]
pub(crate) fn assert_sentences<E: Error, const VARIANTS: usize>(
    rows: impl IntoIterator<Item = (E, &'static str)>,
    number: impl Fn(&E) -> usize,
) {
    let mut seen = [false; VARIANTS];
    for (error, sentence) in rows {
        assert_eq!(error.to_string(), sentence);
        assert!(error.source().is_none(), "{error}");
        seen[number(&error)] = true;
    }
    assert_eq!(seen, [true; VARIANTS]);
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Level(&'static str, Option<Box<Level>>);

    impl fmt::Display for Level {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Level {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|level| level as _)
        }
    }

    fn chain(levels: &[&'static str]) -> Option<Box<Level>> {
        let (&first, rest) = levels.split_first()?;
        Some(Box::new(Level(first, chain(rest))))
    }

    /// Every cause is told, and none twice.
    #[test]
    fn causes_are_told_once() {
        for (levels, expected) in [
            (&["a"] as &[_], "a"),
            (&["a", "b", "c"], "a: b: c"),
            (&["a: b", "b", "c"], "a: b: c"),
            (&["a: b: c", "b: c", "c"], "a: b: c"),
        ] {
            let error = chain(levels).expect("one level at least");
            assert_eq!(WithCauses(&*error).to_string(), expected);
            // It says what it was made of, and hides it as a source.
            let error = io::Error::other(error);
            assert_eq!(WithCauses(&error).to_string(), expected);
        }
    }
}
