//! Where an entry stands in the log of its room.

use std::{fmt, str::FromStr};

/// The id of an entry, as Redis makes it: milliseconds since 1970, and a number among those of
/// the same millisecond. Later entries of a room have greater ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    millis: u64,
    number: u64,
}

impl Id {
    /// Before every entry.
    pub(crate) const ZERO: Self = Self {
        millis: 0,
        number: 0,
    };

    /// The id of an entry that is made at `millis`. As in Redis, a clock that goes back does not
    /// make it less than the last one's.
    pub(crate) fn following(self, millis: u64) -> Self {
        if millis > self.millis {
            Self { millis, number: 0 }
        } else {
            Self {
                number: self.number + 1,
                ..self
            }
        }
    }

    /// The greatest that is less than this one; zero's is zero.
    pub(crate) fn before(self) -> Self {
        let Self { millis, number } = self;
        match (millis, number) {
            (0, 0) => self,
            (_, 0) => Self {
                millis: millis - 1,
                number: u64::MAX,
            },
            _ => Self {
                millis,
                number: number - 1,
            },
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.number)
    }
}

/// It is not two numbers with a hyphen between them.
#[derive(Debug)]
pub(crate) struct InvalidId;

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (millis, number) = text.split_once('-').ok_or(InvalidId)?;
        let [millis, number] = [millis, number].map(|part| part.parse().map_err(|_| InvalidId));
        Ok(Self {
            millis: millis?,
            number: number?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_by_time_and_then_by_number() {
        let ids = ["0-0", "0-1", "1-0", "1-18446744073709551615", "2-0", "10-0"];
        let ids = ids.map(|text| text.parse::<Id>().unwrap());
        assert!(ids.is_sorted());
        assert_eq!(ids.map(|id| id.to_string())[3], "1-18446744073709551615");
        assert_eq!(ids[4].before(), ids[3]);
        assert_eq!(ids[1].before(), Id::ZERO);
        assert_eq!(Id::ZERO.before(), Id::ZERO);
    }

    #[test]
    fn ids_grow_while_the_clock_goes_back() {
        let first = Id::ZERO.following(5);
        let second = first.following(3);
        assert!(second > first);
        assert_eq!(second.following(6).to_string(), "6-0");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "1", "1-", "-1", "1-2-3", "a-b", "$", "+"] {
            assert!(text.parse::<Id>().is_err(), "{text}");
        }
    }
}
