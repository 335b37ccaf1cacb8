//! Times of a connection, in little memory.

use std::{
    hash::{BuildHasher, RandomState},
    sync::LazyLock,
    time::Duration,
};

use tokio::time::Instant;

/// What all connections count from.
static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Of this process, and of nobody else.
static KEYS: LazyLock<[u64; 2]> = LazyLock::new(|| {
    let random = RandomState::new();
    [0, 1].map(|n: u64| random.hash_one(n))
});

const NANOS_OF_MILLI: i64 = 1_000_000;
const NANOS_OF_SECOND: i64 = 1_000_000_000;

/// As far ahead as a timer is set that is to end never.
const FAR: Duration = Duration::from_millis(1 << 31);

/// What is sooner can be told as a moment, whatever part of a millisecond is left over.
const NEAR: Duration = Duration::from_millis((1 << 31) - 2);

/// Knows when its connection was opened: so many nanoseconds after `BASE`, or before, if the clock
/// is one of tests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(i64);

/// So many milliseconds after the connection was opened.
///
/// They wrap after 49 days: two are compared rightly if they are less than 24 days apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(u32);

impl Clock {
    /// The connection is opened.
    pub(super) fn start() -> Self {
        Self(since_base(Instant::now()))
    }

    #[cfg(test)]
    pub(super) fn now(self) -> Moment {
        self.moment(Instant::now())
    }

    /// The first moment that is not before `at`.
    pub(super) fn moment(self, at: Instant) -> Moment {
        let nanos = since_base(at).saturating_sub(self.0);
        Moment(wrap(
            nanos.saturating_add(NANOS_OF_MILLI - 1) / NANOS_OF_MILLI,
        ))
    }

    /// The same; never if that is not less than 24 days from now.
    pub(super) fn moment_near(self, at: Instant) -> Moment {
        let ahead = at.saturating_duration_since(Instant::now());
        match self.moment(at) {
            moment if ahead < NEAR => moment,
            _ => Moment::NEVER,
        }
    }

    /// That of a moment which is less than 24 days before or after `near`.
    pub(super) fn instant(self, moment: Moment, near: Instant) -> Instant {
        if moment == Moment::NEVER {
            return near + FAR;
        }
        let other = since_base(near).saturating_sub(self.0) / NANOS_OF_MILLI;
        let ahead = signed(moment.0.wrapping_sub(wrap(other)));
        let millis = other.saturating_add(i64::from(ahead));
        let nanos = millis.saturating_mul(NANOS_OF_MILLI);
        from_base(nanos.saturating_add(self.0)).unwrap_or(near)
    }

    /// When the connection was opened.
    pub(super) fn opened(self) -> Instant {
        from_base(self.0).unwrap_or(*BASE)
    }

    /// Microseconds from then to `at`, which wrap after 71 minutes.
    pub(super) fn micros(self, at: Instant) -> u32 {
        wrap(since_base(at).saturating_sub(self.0) / 1000)
    }

    /// A number for `what` that nobody can guess, and that other connections do not have. Who sees
    /// many may find out how they are made: no more than a round trip is measured with them.
    pub(super) fn lot(self, what: u32) -> u64 {
        let [one, other] = *KEYS;
        let mixed = fold(u64::from_ne_bytes(self.0.to_ne_bytes()) ^ one, other);
        fold(mixed ^ u64::from(what), one | 1)
    }
}

impl Moment {
    /// When the connection was opened.
    pub(super) const OPENED: Self = Self(0);

    pub(super) const NEVER: Self = Self(u32::MAX);

    /// The first moment that is not less than `time` later; never if that is more than 24 days.
    pub(super) fn after(self, time: Duration) -> Self {
        let part = u64::from(time.subsec_nanos()).div_ceil(NANOS_OF_MILLI.unsigned_abs());
        let millis = time.as_secs().saturating_mul(1000).saturating_add(part);
        match u32::try_from(millis) {
            Ok(millis) if millis < 1 << 31 => match self.0.wrapping_add(millis) {
                u32::MAX => Self(0),
                at => Self(at),
            },
            _ => Self::NEVER,
        }
    }

    pub(super) fn is_before(self, other: Self) -> bool {
        self != Self::NEVER && (other == Self::NEVER || signed(self.0.wrapping_sub(other.0)) < 0)
    }

    /// Milliseconds since another moment, which was not later.
    pub(super) const fn millis_since(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }
}

/// Both halves of the product in one, so that each bit has to do with all others.
#[expect(clippy::cast_possible_truncation, reason = "they are the halves")]
const fn fold(one: u64, other: u64) -> u64 {
    let product = one as u128 * other as u128;
    product as u64 ^ (product >> 64) as u64
}

/// A difference that wrapped, if it is less than 24 days.
const fn signed(difference: u32) -> i32 {
    i32::from_ne_bytes(difference.to_ne_bytes())
}

fn since_base(at: Instant) -> i64 {
    let nanos = |time: Duration| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let nanos = i64::from(time.subsec_nanos());
        seconds
            .saturating_mul(NANOS_OF_SECOND)
            .saturating_add(nanos)
    };
    match at.checked_duration_since(*BASE) {
        Some(after) => nanos(after),
        None => -nanos(*BASE - at),
    }
}

fn from_base(nanos: i64) -> Option<Instant> {
    let time = Duration::from_nanos(nanos.unsigned_abs());
    if nanos < 0 {
        BASE.checked_sub(time)
    } else {
        BASE.checked_add(time)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is to wrap"
)]
const fn wrap(time: i64) -> u32 {
    time as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments wrap, and are compared, and found again, across that.
    #[tokio::test(start_paused = true)]
    async fn moments_are_those_of_the_clock_for_years() {
        let clock = Clock::start();
        assert_eq!(clock.now(), Moment::OPENED);
        let mut before = Instant::now();
        for _ in 0..100 {
            tokio::time::advance(Duration::from_millis((1 << 31) - 7)).await;
            let now = Instant::now();
            assert_eq!(clock.instant(clock.now(), now), now);
            assert_eq!(clock.instant(clock.now(), before), now);
            assert_eq!(clock.instant(clock.moment(before), now), before);
            assert!(clock.moment(before).is_before(clock.now()));
            assert!(!clock.now().is_before(clock.moment(before)));
            before = now;
        }
        assert_eq!(
            clock.opened().elapsed(),
            100 * Duration::from_millis((1 << 31) - 7)
        );
    }

    /// A part of a millisecond makes neither a moment nor a time end early.
    #[tokio::test(start_paused = true)]
    async fn nothing_is_early() {
        let clock = Clock::start();
        let now = Instant::now();
        let later = now + Duration::from_nanos(1);
        assert_eq!(clock.moment(later), Moment(1));
        assert_eq!(Moment(1).after(Duration::from_nanos(1)), Moment(2));
        assert_eq!(Moment(1).after(Duration::ZERO), Moment(1));
        assert_eq!(
            clock.instant(Moment(2), now),
            now + Duration::from_millis(2)
        );
        // A clock of tests may be behind another one.
        let early = Clock(-5 * NANOS_OF_MILLI);
        assert_eq!(
            early.instant(Moment(1), *BASE),
            *BASE - Duration::from_millis(4)
        );
    }

    #[test]
    fn never_is_later_than_all_else() {
        let far = Duration::from_millis(1 << 31);
        assert_eq!(Moment(5).after(far), Moment::NEVER);
        assert_eq!(Moment(5).after(Duration::MAX), Moment::NEVER);
        // No real time is taken for it.
        let millisecond = Duration::from_millis(1);
        assert_eq!(Moment(u32::MAX - 1).after(millisecond), Moment(0));
        assert!(Moment(1).is_before(Moment::NEVER));
        assert!(!Moment::NEVER.is_before(Moment(1)));
        assert!(!Moment::NEVER.is_before(Moment::NEVER));
    }
}
