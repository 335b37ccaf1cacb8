//! The Markdown tables.

use std::fmt::Write;

use super::Results;
use crate::{
    load::SOCKETS,
    rounds::{Row, Table},
};

/// Writing to a `String` does not fail.
macro_rules! line {
    ($to:expr, $($arg:tt)*) => {
        let _ = writeln!($to, $($arg)*);
    };
}

pub(super) fn markdown(results: &Results) -> String {
    let mut text = String::new();
    if !results.echoes.is_empty() {
        summary(&mut text, results);
    }
    for table in &results.echoes {
        let latency = table.name.ends_with(" x 1");
        line!(text, "## {}\n", table.name);
        let heads = "| server | CPU per message (us) | times raw TCP | messages per second |";
        if latency {
            line!(
                text,
                "{heads} p50 (us) | p99 (us) |\n|---|---|---|---|---|---|"
            );
        } else {
            line!(text, "{heads}\n|---|---|---|---|");
        }
        for row in sorted(table, |echoed| echoed.cpu_micros) {
            let _ = write!(
                text,
                "| {} | {} | {} | {} |",
                row.server,
                cell(row.median(|echoed| echoed.cpu_micros), 2),
                cell(row.ratio(&table.rows[0], |echoed| echoed.cpu_micros), 2),
                cell(row.median(|echoed| echoed.messages_per_second), 0),
            );
            if latency {
                let p50 = cell(row.median(|echoed| echoed.p50_micros), 1);
                let p99 = cell(row.median(|echoed| echoed.p99_micros), 1);
                let _ = write!(text, " {p50} | {p99} |");
            }
            line!(text, "");
        }
        errors(&mut text, table);
    }
    if let Some(table) = &results.connects {
        connects(&mut text, table);
    }
    if let Some(table) = &results.idle {
        idle(&mut text, table);
    }
    text
}

/// All ratios at a glance.
fn summary(text: &mut String, results: &Results) {
    line!(text, "## Server CPU per message, times raw TCP\n");
    let names: Vec<_> = results.echoes.iter().map(|table| &*table.name).collect();
    line!(text, "| server | {} |", names.join(" | "));
    line!(text, "|---{}|", "|---".repeat(names.len()));
    let scenarios = results.echoes.iter();
    let ratios: Vec<_> = scenarios
        .map(|table| table.ratios(|echoed| echoed.cpu_micros))
        .collect();
    for (index, row) in results.echoes[0].rows.iter().enumerate() {
        let _ = write!(text, "| {} |", row.server);
        for ratios in &ratios {
            let mine = ratios[index].1;
            // The reference, which comes first, is in no competition.
            let best = ratios[1..].iter().filter_map(|(_, ratio)| *ratio);
            let best = best.fold(f64::INFINITY, f64::min);
            let _ = match mine {
                Some(ratio) if index > 0 && ratio <= best => write!(text, " **{ratio:.2}** |"),
                ratio => write!(text, " {} |", cell(ratio, 2)),
            };
        }
        line!(text, "");
    }
    line!(text, "");
}

fn connects(text: &mut String, table: &Table<crate::load::Connects>) {
    line!(text, "## Connects: open, upgrade, close\n");
    line!(
        text,
        "| server | CPU per connect (us) | times raw TCP | connects per second | closed in order |"
    );
    line!(text, "|---|---|---|---|---|");
    for row in sorted(table, |connects| connects.cpu_micros) {
        line!(
            text,
            "| {} | {} | {} | {} | {} % |",
            row.server,
            cell(row.median(|connects| connects.cpu_micros), 1),
            cell(row.ratio(&table.rows[0], |connects| connects.cpu_micros), 2),
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

fn errors<T>(text: &mut String, table: &Table<T>) {
    line!(text, "");
    for row in &table.rows {
        if let Some(error) = &row.error {
            line!(text, "{} failed: {error}.\n", row.server);
        }
    }
}

fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}
