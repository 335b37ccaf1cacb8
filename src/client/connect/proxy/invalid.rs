//! What is no proxy.

use std::{error, fmt};

/// The URL names no proxy, or none that is supported. The text tells the wrong part and the
/// environment's variable that it is from, if any; it never shows the URL, which may have a
/// password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidProxy {
    problem: &'static str,
    variable: Option<&'static str>,
}

impl InvalidProxy {
    pub(super) const fn new(problem: &'static str) -> Self {
        Self {
            problem,
            variable: None,
        }
    }

    /// The value of this variable.
    pub(super) const fn of_variable(mut self, name: &'static str) -> Self {
        self.variable = Some(name);
        self
    }
}

impl fmt::Display for InvalidProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.variable {
            Some(name) => write!(f, "{name} names no proxy: {}", self.problem),
            None => write!(f, "invalid proxy: {}", self.problem),
        }
    }
}

impl error::Error for InvalidProxy {}
