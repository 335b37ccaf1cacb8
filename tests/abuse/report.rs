//! What a test measures, each figure beside its bound.

use std::{fmt, time::Duration};

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Amount {
    Bytes(isize),
    Count(usize),
    Time(Duration),
    Ratio(f64),
}

use Amount::{Bytes, Count, Ratio, Time};

/// What a figure must be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    AtMost(Amount),
    AtLeast(Amount),
    Exactly(Amount),
}

use Bound::{AtLeast, AtMost, Exactly};

/// A row of the table.
pub(crate) struct Figure {
    what: String,
    measured: Amount,
    bound: Bound,
}

/// The figures of one test.
#[derive(Default)]
pub(crate) struct Report(Vec<Figure>);

impl Report {
    /// Asserts that it is not more. Of what is reported twice the worse is shown.
    #[track_caller]
    pub(crate) fn at_most(&mut self, what: impl Into<String>, measured: Amount, bound: Amount) {
        self.check(what.into(), measured, AtMost(bound));
    }

    /// Asserts that it is not less.
    #[track_caller]
    pub(crate) fn at_least(&mut self, what: impl Into<String>, measured: Amount, bound: Amount) {
        self.check(what.into(), measured, AtLeast(bound));
    }

    /// Asserts that it is just this.
    #[track_caller]
    pub(crate) fn exactly(&mut self, what: impl Into<String>, measured: Amount, bound: Amount) {
        self.check(what.into(), measured, Exactly(bound));
    }

    #[track_caller]
    fn check(&mut self, what: String, measured: Amount, bound: Bound) {
        let figure = Figure {
            what,
            measured,
            bound,
        };
        let (holds, text) = (figure.holds(), figure.to_string());
        match self.0.iter_mut().find(|shown| shown.what == figure.what) {
            None => self.0.push(figure),
            Some(shown) if figure.is_worse(shown) => *shown = figure,
            Some(_) => {}
        }
        assert!(holds, "{text}");
    }

    pub(crate) fn figures(&self) -> &[Figure] {
        &self.0
    }
}

impl Figure {
    fn holds(&self) -> bool {
        match self.bound {
            AtMost(bound) => self.measured <= bound,
            AtLeast(bound) => self.measured >= bound,
            Exactly(bound) => self.measured == bound,
        }
    }

    /// Whether it is nearer to its bound, or beyond.
    fn is_worse(&self, other: &Self) -> bool {
        let part = |figure: &Self| match figure.bound {
            AtMost(bound) => figure.measured.number() / bound.number().max(f64::MIN_POSITIVE),
            AtLeast(bound) => -figure.measured.number() / bound.number().max(f64::MIN_POSITIVE),
            Exactly(_) => f64::from(!figure.holds()),
        };
        part(self) > part(other)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, bound) = match self.bound {
            AtMost(bound) => ("<=", bound),
            AtLeast(bound) => (">=", bound),
            Exactly(bound) => ("=", bound),
        };
        let [bound, measured] = [bound, self.measured].map(|amount| amount.to_string());
        write!(f, "{:<72} {kind:>2} {bound:>11} {measured:>11}", self.what)
    }
}

impl Amount {
    #[allow(clippy::cast_precision_loss, reason = "only to compare and to show")]
    fn number(self) -> f64 {
        match self {
            Bytes(bytes) => bytes as f64,
            Count(count) => count as f64,
            Time(time) => time.as_secs_f64(),
            Ratio(ratio) => ratio,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bytes(bytes) => write!(f, "{} B", grouped(&bytes.to_string())),
            Count(count) => f.write_str(&grouped(&count.to_string())),
            Time(time) => write!(f, "{time:.3?}"),
            Ratio(ratio) => write!(f, "{ratio:.2}"),
        }
    }
}

/// Digits in groups of three.
pub(crate) fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.split_at(usize::from(digits.starts_with('-')));
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
