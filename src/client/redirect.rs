//! Redirects: where they lead, and which are followed (RFC 9110, section 15.4).

use std::{error::Error, fmt, mem};

use http::{Response, StatusCode};

use crate::handshake::Target;

/// The way to the server that accepts.
#[derive(Debug)]
pub(super) struct Route {
    here: Target,
    before: Vec<Target>,
    max_redirects: usize,
}

impl Route {
    pub(super) const fn new(here: Target, max_redirects: usize) -> Self {
        Self {
            here,
            before: Vec::new(),
            max_redirects,
        }
    }

    pub(super) fn go_to(&mut self, target: Target) {
        let left = mem::replace(&mut self.here, target);
        self.before.push(left);
    }

    pub(super) const fn here(&self) -> &Target {
        &self.here
    }

    /// Where a response leads; `None` if it does not lead elsewhere, or nobody is to follow.
    ///
    /// # Errors
    ///
    /// Why it is not followed.
    pub(super) fn next<B>(&self, response: &Response<B>) -> Option<Result<Target, RedirectError>> {
        if self.max_redirects == 0 || !is_redirect(response.status()) {
            return None;
        }
        let target = self.here.location(response.headers())?;
        let target = target.map_err(|error| RedirectError::Location(error.problem()));
        Some(target.and_then(|target| self.checked(target)))
    }

    fn checked(&self, target: Target) -> Result<Target, RedirectError> {
        let is_here = self.here.is_same(&target);
        if self.here.is_secure() && !target.is_secure() {
            Err(RedirectError::Insecure)
        } else if is_here || self.before.iter().any(|stop| stop.is_same(&target)) {
            Err(RedirectError::Loop)
        } else if self.before.len() >= self.max_redirects {
            Err(RedirectError::TooMany(self.max_redirects))
        } else {
            Ok(target)
        }
    }
}

/// RFC 9110, section 15.4: those that name another place for the same request. 300 leaves the
/// choice to the user, 304 is about a cache.
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Why a redirect was not followed, although
/// [`Builder::max_redirects`](super::Builder::max_redirects) allows some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectError {
    /// The `Location` does not name a WebSocket endpoint (RFC 6455, section 3), or there is more
    /// than one. The text names the wrong part.
    Location(&'static str),
    /// It leads from `wss` to `ws`: what was to be encrypted would be readable.
    Insecure,
    /// It leads to a URI that was asked before.
    Loop,
    /// It is one more than this many, which
    /// [`Builder::max_redirects`](super::Builder::max_redirects) allows.
    TooMany(usize),
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RedirectError::Location(problem) => write!(f, "its Location is invalid: {problem}"),
            RedirectError::Insecure => f.write_str("it leads from wss to ws"),
            RedirectError::Loop => f.write_str("it leads to where the request was sent before"),
            RedirectError::TooMany(max) => write!(f, "there are more than max_redirects ({max})"),
        }
    }
}

impl Error for RedirectError {}
