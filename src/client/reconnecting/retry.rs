//! When to connect again: the settings.

use std::time::Duration;

/// No wait is longer.
pub(super) const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
/// No limit of a wait is shorter: attempts that fail at once would keep a processor busy.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);

/// When a [`Reconnecting`](super::Reconnecting) connects again, and when it stops.
///
/// ```
/// use std::time::Duration;
/// use tower_websock::client::Retry;
///
/// let retry = Retry::new()
///     .first_delay(Duration::from_millis(500))
///     .max_delay(Duration::from_secs(30))
///     .max_retries(Some(20));
/// # let _ = retry;
/// ```
///
/// # How long it waits
///
/// The first attempt is made at once. Each later one waits for a random time between zero and a
/// limit, drawn evenly ("full jitter"), so that clients that lost the same server do not return
/// together (RFC 6455, section 7.2.3). The limit is [`first_delay`](Self::first_delay), grows by
/// [`factor`](Self::factor) with each retry in a row, up to [`max_delay`](Self::max_delay), and
/// falls back once a connection has lived for [`reset_after`](Self::reset_after).
///
/// | what happened | the wait |
/// |---|---|
/// | closed with 1012 (service restart) | at least 5 seconds, and up to 25 more: [`restart_delay`](Self::restart_delay) |
/// | closed with 1013 (try again later) | at least 30 seconds, and up to 30 more: [`overload_delay`](Self::overload_delay) |
/// | refused with `Retry-After`, by the server or a proxy | the time that it says, at most [`max_retry_after`](Self::max_retry_after), and the usual random time on top |
/// | anything else that is not final | the usual random time |
///
/// # What is final
///
/// - 1000: the connection has served its purpose (RFC 6455, section 7.4.1). If your server closes
///   with 1000 when it restarts, set [`retry_after_normal`](Self::retry_after_normal).
/// - 1002, 1003, 1007, 1009 and 1010: the server cannot accept what this client sends. A new
///   connection does not change that, and a client that sends the same again would do so for ever.
/// - 1008 and 4000 to 4999: the server's policy, and the application's own codes.
/// - The statuses 401 and 403, and every other 4xx, as the request itself is at fault (RFC 9110,
///   section 15.5). Four of them may pass, and are not final: 408, 421 (another connection may do),
///   425 and 429. Neither is a 4xx other than 401 and 403 that has a valid
///   `Retry-After`, even one of 0 seconds or a date that has passed.
/// - The statuses 301 and 308: the endpoint has moved for good.
/// - A URI or a header that cannot be used: [`Error::Uri`](crate::client::Error::Uri),
///   [`Error::Header`](crate::client::Error::Header),
///   [`Error::HeaderName`](crate::client::Error::HeaderName) and
///   [`Error::InvalidHeader`](crate::client::Error::InvalidHeader). TLS that is not set up; a
///   certificate that fails is not final, as it may be renewed. A proxy that wants other credentials,
///   or answers 403.
/// - [`close`](super::Reconnecting::close) by this side.
///
/// Everything else is tried again: 1001, 1005, 1006, 1011, 1014, 3000 to 3999, violations by the
/// server, failed connects and handshakes, other statuses, and errors of hooks. A
/// [`rule`](super::ReconnectingBuilder::rule) can decide otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    pub(super) first_delay: Duration,
    pub(super) factor: f64,
    pub(super) max_delay: Duration,
    pub(super) reset_after: Duration,
    pub(super) max_retries: Option<u32>,
    pub(super) give_up_after: Option<Duration>,
    pub(super) restart: (Duration, Duration),
    pub(super) overload: (Duration, Duration),
    pub(super) max_retry_after: Duration,
    pub(super) after_normal: AfterNormal,
}

/// What follows 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterNormal {
    Stop,
    Retry,
}

impl Retry {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            first_delay: Duration::from_secs(1),
            factor: 2.0,
            max_delay: Duration::from_secs(60),
            reset_after: Duration::from_secs(10),
            max_retries: None,
            give_up_after: None,
            restart: (Duration::from_secs(5), Duration::from_secs(25)),
            overload: (Duration::from_secs(30), Duration::from_secs(30)),
            max_retry_after: Duration::from_secs(600),
            after_normal: AfterNormal::Stop,
        }
    }

    /// The longest that the first retry waits. It waits half of this on average.
    ///
    /// Default 1 second, at least a millisecond. RFC 6455, section 7.2.3 calls up to 5 seconds
    /// reasonable; take that if very many clients share a server.
    pub const fn first_delay(mut self, limit: Duration) -> Self {
        self.first_delay = limit;
        self
    }

    /// By how much the limit grows with each retry in a row.
    ///
    /// Default 2. Less than 1 counts as 1: the limit stays.
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// The longest that any retry waits, unless the server demands more.
    ///
    /// Default 60 seconds. Less than [`first_delay`](Self::first_delay) counts as that.
    pub const fn max_delay(mut self, limit: Duration) -> Self {
        self.max_delay = limit;
        self
    }

    /// How long a connection must live to be a success, after which retries are counted from zero.
    ///
    /// Default 10 seconds. So a server that accepts and closes at once is not asked every second.
    /// Zero: every connection that opens is a success.
    pub const fn reset_after(mut self, lived: Duration) -> Self {
        self.reset_after = lived;
        self
    }

    /// How many retries in a row there may be.
    ///
    /// Default `None`: no limit. After as many without a success in the sense of
    /// [`reset_after`](Self::reset_after), the next failure is final. `Some(0)`: there is one
    /// attempt, and no other.
    pub const fn max_retries(mut self, retries: Option<u32>) -> Self {
        self.max_retries = retries;
        self
    }

    /// How long there may be no success.
    ///
    /// Default `None`: no limit. A retry that would begin later than this after the first failure
    /// in the row is not made. `Some(Duration::ZERO)`: the first failure is final.
    pub const fn give_up_after(mut self, time: Option<Duration>) -> Self {
        self.give_up_after = time;
        self
    }

    /// The wait after a Close with 1012 (service restart): `least`, and a random time up to
    /// `spread` more, or up to the usual limit if that is longer.
    ///
    /// Default 5 and 25 seconds, as the registration of the code asks for.
    pub const fn restart_delay(mut self, least: Duration, spread: Duration) -> Self {
        self.restart = (least, spread);
        self
    }

    /// The same after a Close with 1013 (try again later), with which a server says that it has
    /// too much to do.
    ///
    /// Default 30 and 30 seconds.
    pub const fn overload_delay(mut self, least: Duration, spread: Duration) -> Self {
        self.overload = (least, spread);
        self
    }

    /// How long a server or a proxy may make this client wait with `Retry-After` (RFC 9110,
    /// section 10.2.3).
    ///
    /// Default 10 minutes. A longer time counts as this. Zero ignores the header.
    pub const fn max_retry_after(mut self, limit: Duration) -> Self {
        self.max_retry_after = limit;
        self
    }

    /// Connects again also after the server has closed with 1000.
    pub const fn retry_after_normal(mut self) -> Self {
        self.after_normal = AfterNormal::Retry;
        self
    }

    /// The limit of the usual random wait, after so many retries in a row.
    pub(super) fn limit(&self, retries: u32) -> Duration {
        let first = self.first_delay.clamp(SHORTEST, LONGEST);
        let most = self.max_delay.clamp(first, LONGEST);
        // Not a number counts as 1, too.
        let factor = self.factor.max(1.0);
        let retries = i32::try_from(retries).unwrap_or(i32::MAX);
        // 7.2.3: truncated exponential backoff.
        let seconds = first.as_secs_f64() * factor.powi(retries);
        Duration::try_from_secs_f64(seconds).map_or(most, |limit| limit.min(most))
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}
