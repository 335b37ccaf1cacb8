//! The metrics, by the crate `metrics`. Their table is in `docs/operations.md`.

use std::sync::Once;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::{Passed, TopicPassed};
use crate::wire::CloseCode;

const OPEN: &str = "websocket_connections_open";
const OPENED: &str = "websocket_connections_opened_total";
const CLOSED: &str = "websocket_connections_closed_total";
const REFUSED: &str = "websocket_handshakes_refused_total";
const MESSAGES: &str = "websocket_messages_total";
const PAYLOAD: &str = "websocket_payload_bytes_total";
const RTT: &str = "websocket_ping_rtt_seconds";
const PUBLISHED: &str = "websocket_topic_published_total";
const SKIPPED: &str = "websocket_topic_skipped_total";
const TOO_SLOW: &str = "websocket_topic_too_slow_total";
const SUBSCRIBERS: &str = "websocket_topic_subscribers";

pub(super) fn opened() {
    describe();
    counter!(OPENED).increment(1);
    gauge!(OPEN).increment(1.0);
}

pub(super) fn closed(code: CloseCode, initiator: &'static str) {
    gauge!(OPEN).decrement(1.0);
    counter!(CLOSED, "code" => label(code), "initiator" => initiator).increment(1);
}

pub(super) fn refused(check: &'static str) {
    describe();
    counter!(REFUSED, "reason" => check).increment(1);
}

pub(super) fn passed(received: Passed, sent: Passed) {
    for (direction, passed) in [("received", received), ("sent", sent)] {
        if passed.messages > 0 {
            counter!(MESSAGES, "direction" => direction).increment(passed.messages);
            counter!(PAYLOAD, "direction" => direction).increment(passed.payload);
        }
    }
}

pub(super) fn rtt(seconds: f64) {
    histogram!(RTT).record(seconds);
}

pub(super) fn published(topic: &'static str) {
    describe();
    counter!(PUBLISHED, "topic" => topic).increment(1);
}

pub(super) fn topic(topic: &'static str, passed: TopicPassed) {
    if passed.skipped > 0 {
        counter!(SKIPPED, "topic" => topic).increment(passed.skipped);
    }
    if passed.closed > 0 {
        counter!(TOO_SLOW, "topic" => topic).increment(passed.closed);
    }
    if passed.joined > 0 {
        gauge!(SUBSCRIBERS, "topic" => topic).increment(float(passed.joined));
    }
    if passed.left > 0 {
        gauge!(SUBSCRIBERS, "topic" => topic).decrement(float(passed.left));
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52")]
const fn float(count: usize) -> f64 {
    count as f64
}

/// Whoever installs a recorder does so before the first connection.
fn describe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        describe_gauge!(OPEN, Unit::Count, "WebSocket connections that are open");
        describe_counter!(
            OPENED,
            Unit::Count,
            "WebSocket connections that were opened"
        );
        describe_counter!(
            CLOSED,
            Unit::Count,
            "WebSocket connections that have ended, by close code and by who began"
        );
        describe_counter!(
            REFUSED,
            Unit::Count,
            "WebSocket handshakes that were refused, by the check that failed"
        );
        describe_counter!(MESSAGES, Unit::Count, "WebSocket messages, by direction");
        describe_counter!(
            PAYLOAD,
            Unit::Bytes,
            "Bytes of WebSocket messages, uncompressed, by direction"
        );
        describe_counter!(PUBLISHED, Unit::Count, "Messages published on a topic");
        describe_counter!(
            SKIPPED,
            Unit::Count,
            "Messages that were left out for subscribers of a topic that were behind"
        );
        describe_counter!(
            TOO_SLOW,
            Unit::Count,
            "Subscribers of a topic that were closed because they were behind"
        );
        describe_gauge!(SUBSCRIBERS, Unit::Count, "Subscribers of a topic");
        describe_histogram!(RTT, Unit::Seconds, "Round trips of WebSocket pings");
    });
}

/// The peer chooses the code, so those that are free to choose share two labels.
const fn label(code: CloseCode) -> &'static str {
    match code {
        1000 => "1000",
        1001 => "1001",
        1002 => "1002",
        1003 => "1003",
        1005 => "1005",
        1006 => "1006",
        1007 => "1007",
        1008 => "1008",
        1009 => "1009",
        1010 => "1010",
        1011 => "1011",
        1012 => "1012",
        1013 => "1013",
        1014 => "1014",
        3000..=3999 => "3xxx",
        4000..=4999 => "4xxx",
        // None is sent or received.
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::close_code;

    /// 7.4: whatever the peer sends, there are at most 17 labels, and a code that is registered
    /// has its own.
    #[test]
    fn codes_have_a_bounded_number_of_labels() {
        let all = 0..=u16::MAX;
        let sent = all.filter(|&code| close_code::is_valid(code) || matches!(code, 1005 | 1006));
        let labels: std::collections::BTreeSet<_> = sent.clone().map(label).collect();
        assert_eq!(labels.len(), 16);
        assert!(!labels.contains("other"));
        for code in sent.filter(|code| *code < 3000) {
            assert_eq!(label(code), code.to_string());
        }
    }
}
