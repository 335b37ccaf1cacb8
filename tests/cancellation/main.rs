//! Each future of the public API is dropped at each of its polls, in scripted sessions and in random
//! ones: nothing is lost, doubled or torn, nobody sleeps forever, and nothing is left.
//!
//! `cargo test --all-features --test cancellation -- --nocapture` prints a table of them.
//! `CANCEL='WebSocket::recv/Handler/Small/after:3'` asks for one run, or with fewer parts for more.
//! `CANCEL_MESSAGES=10000000` asks for so many messages in the random sessions.

#![allow(clippy::cast_possible_wrap, reason = "sizes of tests are small")]
#![allow(clippy::cast_possible_truncation, reason = "numbers are cut to size")]
#![allow(clippy::wildcard_imports, reason = "as in all tests")]

mod again;
#[path = "../support/alloc.rs"]
mod alloc;
mod api;
mod bytes;
#[allow(dead_code, reason = "shared with the tests of the client")]
#[path = "../client/certificates.rs"]
mod certificates;
#[allow(dead_code, unreachable_pub, reason = "shared with the fuzz targets")]
#[path = "../fuzz/targets/choices.rs"]
mod choices;
mod cut;
mod ends;
mod open;
mod opening;
mod random;
mod scripts;
mod serving;
mod session;
#[path = "../support/mod.rs"]
mod support;
mod table;
#[allow(dead_code, reason = "shared with the tests of the client")]
#[path = "../client/tunnels.rs"]
mod tunnels;

use std::collections::BTreeSet;

use table::Entry;

/// All lists.
const LISTS: [&[Entry]; 9] = [
    open::RECEIVING,
    open::SENDING,
    open::FLUSHING,
    open::ENDING,
    opening::OPENING,
    opening::CONNECTING,
    serving::SERVING,
    again::AGAIN,
    again::TOPICS,
];

/// What is not dropped, and why.
const LEFT_OUT: [(&str, &str); 2] = [
    ("AsyncRead for Upgraded", "nobody else has one"),
    ("AsyncWrite for Upgraded", "nobody else has one"),
];

#[test]
fn dropped_while_it_receives() {
    table::run(open::RECEIVING);
}

#[test]
fn dropped_while_it_sends() {
    table::run(open::SENDING);
}

#[test]
fn dropped_while_it_flushes() {
    table::run(open::FLUSHING);
}

#[test]
fn dropped_while_it_closes() {
    table::run(open::ENDING);
}

#[test]
fn dropped_while_it_opens() {
    table::run(opening::OPENING);
}

#[test]
fn dropped_while_it_connects() {
    table::run(opening::CONNECTING);
}

#[test]
fn dropped_while_it_serves() {
    table::run(serving::SERVING);
}

#[test]
fn dropped_while_it_connects_again() {
    table::run(again::AGAIN);
}

#[test]
fn dropped_while_it_listens_to_a_topic() {
    table::run(again::TOPICS);
}

/// The lists are those of the sources.
#[test]
fn every_public_future_is_dropped() {
    let found = api::futures();
    assert!(found.len() > 60, "only {} were found", found.len());
    let entries = LISTS.into_iter().flatten().map(|entry| entry.name);
    let left_out = LEFT_OUT.iter().map(|(name, _)| *name);
    let listed: BTreeSet<String> = entries.chain(left_out).map(str::to_owned).collect();
    let missing: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(missing.is_empty(), "not listed: {missing:#?}");
    assert!(gone.is_empty(), "listed, and no longer there: {gone:#?}");
    println!(
        "{} futures, of which {} left out",
        found.len(),
        LEFT_OUT.len()
    );
}
