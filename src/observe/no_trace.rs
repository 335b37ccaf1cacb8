//! Without the feature `tracing` nothing is shown.

#![expect(clippy::unused_self, reason = "as with the feature")]

use std::fmt;

use http::request::Parts;

use super::End;

#[derive(Debug)]
pub(crate) struct Request;

impl Request {
    pub(crate) const fn of(_parts: &Parts) -> Self {
        Self
    }

    pub(crate) const fn accept(&self, _subprotocol: Option<&str>, _id: Option<u64>) -> Span {
        Span
    }
}

#[derive(Debug)]
pub(crate) struct Span;

/// Holds nothing.
#[derive(Debug)]
#[must_use]
pub(crate) struct Entered;

impl Span {
    pub(crate) const fn none() -> Self {
        Self
    }

    #[inline]
    pub(crate) const fn enter(&self) -> Entered {
        Entered
    }

    pub(crate) const fn opened(&self) {}

    pub(crate) fn not_upgraded(&self, _why: &dyn fmt::Display) {}

    pub(super) fn closed(&self, _end: &End, _why: &dyn fmt::Display) {}

    pub(crate) fn handler_failed(&self, _why: Option<&dyn fmt::Display>) {}

    pub(crate) const fn handler_panicked(&self) {}
}

pub(super) fn refused(_check: &'static str, _status: u16, _why: &dyn fmt::Display) {}
