//! The traces, by the crate `tracing`: a span per connection, and an event when it opens, is
//! refused, closes, or its handler fails.

use std::fmt;

use http::{Uri, Version, request::Parts};
use tracing::{error, field, info, info_span, span};

use super::End;

/// What users filter by, wherever the code stands.
const TARGET: &str = "tower_websock";

/// What of a request is shown.
#[derive(Debug)]
pub(crate) struct Request {
    uri: Uri,
    version: Version,
}

impl Request {
    pub(crate) fn of(parts: &Parts) -> Self {
        Self {
            uri: parts.uri.clone(),
            version: parts.version,
        }
    }

    /// It is accepted: the span of its connection, below the current one, which is the request's.
    pub(crate) fn accept(&self, subprotocol: Option<&str>, id: Option<u64>) -> Span {
        let span = info_span!(
            target: TARGET,
            "websocket",
            // Not the query, where there may be a token.
            path = self.uri.path(),
            version = ?self.version,
            subprotocol = field::Empty,
            id = field::Empty,
        );
        if let Some(id) = id {
            span.record("id", id);
        }
        if let Some(name) = subprotocol {
            span.record("subprotocol", name);
        }
        Span(span)
    }
}

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) struct Span(tracing::Span);

/// What happens until it is dropped belongs to the connection.
#[derive(Debug)]
#[must_use]
pub(crate) struct Entered<'a>(
    #[expect(dead_code, reason = "for its drop")] Option<span::Entered<'a>>,
);

impl Span {
    /// Of a connection that nobody looks at.
    pub(crate) const fn none() -> Self {
        Self(tracing::Span::none())
    }

    /// What happens from now on belongs to it, if it is shown.
    #[inline]
    pub(crate) fn enter(&self) -> Entered<'_> {
        Entered((!self.0.is_disabled()).then(|| self.0.enter()))
    }

    pub(crate) fn opened(&self) {
        info!(target: TARGET, parent: &self.0, "opened");
    }

    pub(crate) fn not_upgraded(&self, why: &dyn fmt::Display) {
        info!(target: TARGET, parent: &self.0, "not opened: {why}");
    }

    pub(super) fn closed(&self, end: &End, why: &dyn fmt::Display) {
        info!(
            target: TARGET,
            parent: &self.0,
            code = end.code,
            initiator = end.initiator,
            seconds = end.seconds,
            received.messages = end.received.messages,
            received.bytes = end.received.payload,
            received.wire_bytes = end.received.wire,
            sent.messages = end.sent.messages,
            sent.bytes = end.sent.payload,
            sent.wire_bytes = end.sent.wire,
            "{why}"
        );
    }

    /// It returned an error, whose text may not be known.
    pub(crate) fn handler_failed(&self, why: Option<&dyn fmt::Display>) {
        if let Some(why) = why {
            info!(target: TARGET, parent: &self.0, "handler failed: {why}");
        } else {
            info!(target: TARGET, parent: &self.0, "handler failed");
        }
    }

    pub(crate) fn handler_panicked(&self) {
        error!(target: TARGET, parent: &self.0, "handler panicked");
    }
}

/// In the span of the request.
pub(super) fn refused(check: &'static str, status: u16, why: &dyn fmt::Display) {
    info!(target: TARGET, reason = check, status, "handshake refused: {why}");
}
