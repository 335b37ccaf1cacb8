//! What an operator sees of the connections that a server accepts: metrics and traces.
//!
//! A connection counts for itself, in plain integers. Its [`Watch`] knows what of that was told, and
//! now and then, and at the end, there is a [`Report`]. It is told outside of the connection's lock,
//! since recorders and subscribers are foreign code. [`Span`] is the connection in a trace.
//!
//! Each part has an empty twin for builds without its feature, so nobody else asks for features.

#[cfg(feature = "metrics")]
mod meter;
#[cfg(not(feature = "metrics"))]
#[path = "no_meter.rs"]
mod meter;
mod stats;
#[cfg(not(feature = "tracing"))]
#[path = "no_trace.rs"]
mod trace;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(any(feature = "metrics", feature = "tracing")))]
#[path = "no_watch.rs"]
mod watch;
#[cfg(any(feature = "metrics", feature = "tracing"))]
mod watch;

use std::fmt;

pub use self::stats::{Stats, Traffic};
pub(crate) use self::{
    trace::{Request, Span},
    watch::{Report, Watch},
};
use crate::wire::CloseCode;

/// What has passed in one direction.
#[cfg_attr(
    not(any(feature = "metrics", feature = "tracing")),
    expect(dead_code, reason = "nobody looks on")
)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passed {
    pub(crate) messages: u64,
    pub(crate) payload: u64,
    pub(crate) wire: u64,
}

/// What has passed over a topic since it was told last.
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "nobody looks on")
)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicPassed {
    pub(crate) skipped: u64,
    /// Subscribers that were too slow.
    pub(crate) closed: u64,
    /// Those who came, less those who are gone, or the other way round.
    pub(crate) joined: usize,
    pub(crate) left: usize,
}

/// How a connection ended.
#[cfg_attr(
    not(feature = "tracing"),
    expect(dead_code, reason = "only a trace shows all of it")
)]
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) code: CloseCode,
    pub(crate) initiator: &'static str,
    /// How long it was open.
    pub(crate) seconds: f64,
    pub(crate) received: Passed,
    pub(crate) sent: Passed,
}

/// A handshake was refused: the name of the check, the status of the response, and its sentence.
pub(crate) fn refused(check: &'static str, status: u16, why: &dyn fmt::Display) {
    meter::refused(check);
    trace::refused(check, status, why);
}

/// A connection has ended. `why` is one line.
pub(crate) fn closed(end: &End, span: &Span, why: &dyn fmt::Display) {
    meter::closed(end.code, end.initiator);
    span.closed(end, why);
}

/// A message was published on a topic of this name.
pub(crate) fn published(name: &'static str, passed: TopicPassed) {
    meter::published(name);
    meter::topic(name, passed);
}

/// A topic of this name is gone.
pub(crate) fn topic_ended(name: &'static str, passed: TopicPassed) {
    meter::topic(name, passed);
}
