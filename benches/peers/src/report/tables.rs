//! The Markdown tables.

use std::fmt::Write;

use super::{Results, line, overview};
use crate::{
    load::{Echoed, SOCKETS},
    rounds::{Row, Table},
};

struct Column {
    head: &'static str,
    figure: fn(Echoed) -> f64,
    digits: usize,
}

const COST: &[Column] = &[
    Column {
        head: "CPU per message (us)",
        figure: |echoed| echoed.cpu_micros,
        digits: 2,
    },
    Column {
        head: "messages per second",
        figure: |echoed| echoed.messages_per_second,
        digits: 0,
    },
];

const LATENCY: &[Column] = &[
    Column {
        head: "p50 (us)",
        figure: |echoed| echoed.p50_micros,
        digits: 1,
    },
    Column {
        head: "p99 (us)",
        figure: |echoed| echoed.p99_micros,
        digits: 1,
    },
];

const REPLY: &[Column] = &[Column {
    head: "reply (bytes)",
    figure: |echoed| echoed.reply_bytes,
    digits: 0,
}];

pub(super) fn markdown(results: &Results) -> String {
    let mut text = String::new();
    if !results.echoes.is_empty() {
        overview::ratios(&mut text, &results.echoes);
    }
    for table in &results.echoes {
        let one_at_a_time = table.name.ends_with(" x 1");
        let more = if one_at_a_time { LATENCY } else { &[] };
        echoes(&mut text, table, "raw TCP", more);
    }
    for table in &results.http2 {
        let reference = table.rows[0].server.to_string();
        echoes(&mut text, table, &reference, LATENCY);
    }
    if !results.deflate.is_empty() {
        overview::deflate(&mut text, &results.deflate);
    }
    for table in &results.deflate {
        echoes(&mut text, table, "raw TCP", REPLY);
    }
    if let Some(table) = &results.connects {
        connects(&mut text, table);
    }
    if let Some(table) = &results.idle {
        idle(&mut text, table);
    }
    text
}

fn echoes(text: &mut String, table: &Table<Echoed>, reference: &str, more: &[Column]) {
    line!(text, "## {}\n", table.name);
    let columns = || COST.iter().chain(more);
    let heads: Vec<_> = columns().map(|column| column.head).collect();
    line!(
        text,
        "| server | times {reference} | middle half | {} |",
        heads.join(" | ")
    );
    line!(text, "|---|---|---{}|", "|---".repeat(heads.len()));
    for row in sorted(table, |echoed| echoed.cpu_micros) {
        let [ratio, middle] = ratio(table, row, |echoed| echoed.cpu_micros);
        let _ = write!(text, "| {} | {ratio} | {middle} |", row.server);
        for column in columns() {
            let _ = write!(
                text,
                " {} |",
                cell(row.median(column.figure), column.digits)
            );
        }
        line!(text, "");
    }
    errors(text, table);
}

fn connects(text: &mut String, table: &Table<crate::load::Connects>) {
    line!(text, "## Connects: open, upgrade, close\n");
    line!(
        text,
        "| server | times raw TCP | middle half | CPU per connect (us) | connects per second | closed in order |"
    );
    line!(text, "|---|---|---|---|---|---|");
    for row in sorted(table, |connects| connects.cpu_micros) {
        let [ratio, middle] = ratio(table, row, |connects| connects.cpu_micros);
        line!(
            text,
            "| {} | {ratio} | {middle} | {} | {} | {} % |",
            row.server,
            cell(row.median(|connects| connects.cpu_micros), 1),
            cell(row.median(|connects| connects.per_second), 0),
            cell(row.median(|connects| connects.clean * 100.0), 0),
        );
    }
    errors(text, table);
}

fn idle(text: &mut String, table: &Table<crate::load::Idle>) {
    line!(
        text,
        "## {SOCKETS} idle sockets: private bytes per socket\n"
    );
    line!(text, "| server | after the upgrade | after one echo |");
    line!(text, "|---|---|---|");
    for row in sorted(table, |idle| idle.after_echo) {
        line!(
            text,
            "| {} | {} | {} |",
            row.server,
            cell(row.median(|idle| idle.after_upgrade), 0),
            cell(row.median(|idle| idle.after_echo), 0),
        );
    }
    errors(text, table);
}

/// The reference, and then the rest, the best first.
fn sorted<T: Copy>(table: &Table<T>, figure: impl Fn(T) -> f64 + Copy) -> Vec<&Row<T>> {
    let mut rows: Vec<_> = table.rows.iter().collect();
    let key = |row: &Row<T>| row.ratio(&table.rows[0], figure).unwrap_or(f64::INFINITY);
    rows[1..].sort_by(|one, other| key(one).total_cmp(&key(other)));
    rows
}

/// The median of the ratios to the reference, and where the middle half of them lies.
fn ratio<T: Copy>(table: &Table<T>, row: &Row<T>, figure: impl Fn(T) -> f64 + Copy) -> [String; 2] {
    let reference = &table.rows[0];
    let middle = row.ratio_middle(reference, figure);
    [
        cell(row.ratio(reference, figure), 2),
        middle.map_or_else(
            || "-".to_owned(),
            |[from, to]| format!("{from:.2} to {to:.2}"),
        ),
    ]
}

fn errors<T>(text: &mut String, table: &Table<T>) {
    line!(text, "");
    for row in &table.rows {
        if let Some(error) = &row.error {
            line!(text, "{} failed: {error}.\n", row.server);
        }
    }
}

pub(super) fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}
