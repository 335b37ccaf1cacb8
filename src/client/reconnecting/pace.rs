//! How it has gone so far, and what follows from that.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    cause::Cause,
    decision::{Decision, Situation},
    event::Attempt,
    retry::{Retry, SHORTEST},
};

/// A user's function that judges a failure, given the default.
pub(super) type Rule = Box<dyn FnMut(&Cause, Decision) -> Decision + Send>;

pub(super) struct Pace {
    retry: Retry,
    rule: Option<Rule>,
    /// Since the last success: failures, and when the first of them was.
    failures: u32,
    down_since: Option<Instant>,
    connections: u64,
    last: Option<Arc<Cause>>,
}

impl Pace {
    pub(super) const fn new(retry: Retry, rule: Option<Rule>) -> Self {
        Self {
            retry,
            rule,
            failures: 0,
            down_since: None,
            connections: 0,
            last: None,
        }
    }

    /// The next attempt.
    pub(super) fn attempt(&self) -> Attempt {
        let number = self.failures.saturating_add(1);
        Attempt::new(number, self.connections, self.last.clone())
    }

    /// A connection is open; returns its number.
    pub(super) const fn note_opened(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// An attempt has failed, or a connection has ended that was open since then.
    pub(super) fn note_failure(&mut self, cause: Arc<Cause>, opened: Option<Instant>) -> Decision {
        if opened.is_some_and(|opened| opened.elapsed() >= self.retry.reset_after) {
            self.failures = 0;
            self.down_since = None;
        }
        let down_since = *self.down_since.get_or_insert_with(Instant::now);
        let default = self.retry.decide(&Situation {
            cause: &cause,
            retries: self.failures,
            down_for: down_since.elapsed(),
            now: SystemTime::now(),
            random: rand::random(),
        });
        let decision = match &mut self.rule {
            Some(rule) => rule(&cause, default),
            None => default,
        };
        self.failures = self.failures.saturating_add(1);
        self.last = Some(cause);
        match decision {
            Decision::Wait(wait) => Decision::Wait(wait.max(SHORTEST)),
            Decision::Stop => Decision::Stop,
        }
    }
}

/// No more than a number of a year, or there would be no end of it.
pub(super) fn until(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now + super::retry::LONGEST)
}
