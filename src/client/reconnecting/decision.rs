//! What follows a failure: a pure function of what happened, how often, when, and a random number.

use std::time::{Duration, SystemTime};

use http::{Response, StatusCode};

use super::{
    cause::Cause,
    retry::{AfterNormal, LONGEST, Retry},
    retry_after::retry_after,
};
use crate::{
    client::{Error, ProxyError, TlsError},
    wire::close_code,
};

/// What follows the end of a connection, or an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Connect again after this time, at least a millisecond.
    Wait(Duration),
    /// Never connect again.
    Stop,
}

/// All that a decision depends on.
pub(super) struct Situation<'a> {
    pub(super) cause: &'a Cause,
    /// Retries in a row, before this failure.
    pub(super) retries: u32,
    /// Since the first failure in the row.
    pub(super) down_for: Duration,
    pub(super) now: SystemTime,
    /// Evenly drawn from all.
    pub(super) random: u64,
}

/// Whether there is another attempt, and not before when.
enum Verdict {
    Final,
    /// After the usual wait.
    Usual,
    /// After this time, and one of up to the second on top.
    Later(Duration, Duration),
}

impl Retry {
    /// The decision by default.
    pub(super) fn decide(&self, situation: &Situation<'_>) -> Decision {
        let usual = self.limit(situation.retries);
        let (least, spread) = match self.judge(situation.cause, situation.now) {
            Verdict::Final => return Decision::Stop,
            Verdict::Usual => (Duration::ZERO, usual),
            Verdict::Later(least, spread) => (least.min(LONGEST), spread.max(usual)),
        };
        if self
            .max_retries
            .is_some_and(|most| situation.retries >= most)
        {
            return Decision::Stop;
        }
        // 7.2.3: by a random amount of time.
        let wait = least + share(spread.min(LONGEST), situation.random);
        let until = situation.down_for.saturating_add(wait);
        match self.give_up_after {
            Some(most) if until > most => Decision::Stop,
            _ => Decision::Wait(wait),
        }
    }

    fn judge(&self, cause: &Cause, now: SystemTime) -> Verdict {
        match cause {
            Cause::Closed(frame) => frame
                .as_ref()
                .map_or(Verdict::Usual, |frame| self.judge_code(frame.code)),
            Cause::NotOpened(Error::Refused(response) | Error::Redirect(_, response)) => {
                self.judge_refusal(response, now)
            }
            Cause::NotOpened(error) if is_users_own(error) => Verdict::Final,
            Cause::NotOpened(Error::Proxy(ProxyError::Refused(response))) => self
                .told(response, now)
                .map_or(Verdict::Usual, Verdict::at_least),
            Cause::Broken(_) | Cause::NotOpened(_) | Cause::TimedOut | Cause::Hook(_) => {
                Verdict::Usual
            }
        }
    }

    /// RFC 6455 7.4, and the registry that it opens.
    const fn judge_code(&self, code: u16) -> Verdict {
        match code {
            close_code::NORMAL => match self.after_normal {
                AfterNormal::Stop => Verdict::Final,
                AfterNormal::Retry => Verdict::Usual,
            },
            // What this side sends cannot be accepted, or the server does not want it.
            close_code::PROTOCOL
            | close_code::UNSUPPORTED
            | close_code::INVALID
            | close_code::SIZE
            | close_code::EXTENSION
            | close_code::POLICY
            | 4000..=4999 => Verdict::Final,
            close_code::RESTART => Verdict::Later(self.restart.0, self.restart.1),
            close_code::AGAIN => Verdict::Later(self.overload.0, self.overload.1),
            _ => Verdict::Usual,
        }
    }

    fn judge_refusal<B>(&self, response: &Response<B>, now: SystemTime) -> Verdict {
        let told = self.told(response, now);
        let again = told.map_or(Verdict::Usual, Verdict::at_least);
        match response.status() {
            // RFC 9110 15.4.2, 15.4.9: a moved one is elsewhere from now on.
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::MOVED_PERMANENTLY
            | StatusCode::PERMANENT_REDIRECT => Verdict::Final,
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::MISDIRECTED_REQUEST
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS => again,
            // RFC 9110 15.5: the client seems to have erred.
            status if status.is_client_error() && told.is_none() => Verdict::Final,
            _ => again,
        }
    }

    /// How long the answer asks to wait, which may be no time at all.
    fn told<B>(&self, response: &Response<B>, now: SystemTime) -> Option<Duration> {
        if self.max_retry_after.is_zero() {
            return None;
        }
        retry_after(response.headers(), now).map(|told| told.min(self.max_retry_after))
    }
}

impl Verdict {
    /// RFC 9110 10.2.3: not before; not all clients at that moment either.
    const fn at_least(told: Duration) -> Self {
        Verdict::Later(told, Duration::ZERO)
    }
}

/// Whether the user has to mend it, and no other attempt does.
fn is_users_own(error: &Error) -> bool {
    match error {
        Error::Uri(_)
        | Error::Header(_)
        | Error::HeaderName(_)
        | Error::InvalidHeader(..)
        | Error::Proxy(ProxyError::Credentials(_)) => true,
        Error::Tls(error) | Error::Proxy(ProxyError::Tls(error)) => is_users_tls(error),
        Error::Proxy(error) => {
            let status = error.status();
            let is_forbidden = status.is_some_and(|status| status == StatusCode::FORBIDDEN);
            error.is_unauthorized() || is_forbidden
        }
        _ => false,
    }
}

/// Not a certificate that fails: the server's may be renewed.
const fn is_users_tls(error: &TlsError) -> bool {
    matches!(
        error,
        TlsError::NoFeature | TlsError::Roots(_) | TlsError::Host(_)
    )
}

/// A part of `whole`, up to nearly all of it.
fn share(whole: Duration, random: u64) -> Duration {
    // No overflow: a year has less than 2^55 nanoseconds.
    let nanos = (whole.as_nanos() * u128::from(random)) >> 64;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
