//! All scenarios at a glance.

use std::fmt::Write;

use super::{line, tables::cell};
use crate::{
    load::Echoed,
    rounds::{Row, Table},
    scenario::{Extension, Takeover},
    servers::Server,
};

/// The cost of what is echoed as it is.
pub(super) fn ratios(text: &mut String, tables: &[Table<Echoed>]) {
    line!(text, "## Server CPU per message, times raw TCP\n");
    overview(
        text,
        tables,
        |table, row| row.ratio(&table.rows[0], |echoed| echoed.cpu_micros),
        |_row, cost| cost,
    );
}

/// With permessage-deflate, cost and size belong together.
pub(super) fn deflate(text: &mut String, tables: &[Table<Echoed>]) {
    line!(
        text,
        "## permessage-deflate: server CPU per message (us), and bytes of a reply\n"
    );
    overview(
        text,
        tables,
        |_table, row| row.median(|echoed| echoed.cpu_micros),
        |row, cost| {
            let bytes = row.median(|echoed| echoed.reply_bytes);
            format!("{cost}, {} B", cell(bytes, 0))
        },
    );
    let extension = Extension::Deflate(Takeover::Kept);
    let mut others: Vec<_> = Server::all()
        .filter(|server| !server.joins(extension))
        .map(|server| server.kind.name())
        .collect();
    others.dedup();
    line!(text, "Not measured with it: {}.\n", others.join(", "));
}

/// A column for each table. The least cost in it is bold; the reference, which comes first,
/// is in no competition.
fn overview(
    text: &mut String,
    tables: &[Table<Echoed>],
    cost: impl Fn(&Table<Echoed>, &Row<Echoed>) -> Option<f64>,
    shown: impl Fn(&Row<Echoed>, String) -> String,
) {
    let names: Vec<_> = tables.iter().map(|table| &*table.name).collect();
    line!(text, "| server | {} |", names.join(" | "));
    line!(text, "|---{}|", "|---".repeat(names.len()));
    for (index, row) in tables[0].rows.iter().enumerate() {
        let _ = write!(text, "| {} |", row.server);
        for table in tables {
            let row = &table.rows[index];
            let mine = cost(table, row);
            let best = table.rows[1..].iter().filter_map(|row| cost(table, row));
            let best = best.fold(f64::INFINITY, f64::min);
            let text_of = |cost: f64| match index {
                1.. if cost <= best => format!("**{cost:.2}**"),
                _ => format!("{cost:.2}"),
            };
            let cell = mine.map_or_else(|| "-".to_owned(), |cost| shown(row, text_of(cost)));
            let _ = write!(text, " {cell} |");
        }
        line!(text, "");
    }
    line!(text, "");
}
