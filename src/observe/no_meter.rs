//! Without the feature `metrics` nothing is counted.

#[cfg(feature = "tracing")]
use super::Passed;
use super::TopicPassed;
use crate::wire::CloseCode;

#[cfg(feature = "tracing")]
pub(super) const fn opened() {}

pub(super) const fn closed(_: CloseCode, _: &'static str) {}

pub(super) const fn published(_: &'static str) {}

pub(super) const fn topic(_: &'static str, _: TopicPassed) {}

pub(super) const fn refused(_: &'static str) {}

#[cfg(feature = "tracing")]
pub(super) const fn passed(_: Passed, _: Passed) {}

#[cfg(feature = "tracing")]
pub(super) const fn rtt(_: f64) {}
