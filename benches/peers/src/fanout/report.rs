//! The Markdown tables.

use std::fmt;

use super::{
    figures::Cost,
    rounds::{Bursts, Outcome, Table},
    scenario::BURSTS,
};

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n", self.scenario)?;
        for (index, burst) in BURSTS.into_iter().enumerate() {
            match burst {
                1 => writeln!(f, "One publish at a time:\n")?,
                burst => writeln!(f, "{burst} in a burst:\n")?,
            }
            self.costs(index, f)?;
        }
        self.memory(f)
    }
}

impl Table {
    fn costs(&self, index: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| server | CPU, times raw TCP | middle half | CPU per delivery (us) | \
             time, times raw TCP | time per delivery (us) | p50 to the last (ms) | p99 (ms) | bytes |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|")?;
        let reference = &self.rows[0].bursts[index].row;
        for outcome in &self.rows {
            if !outcome.server.delivers() {
                continue;
            }
            if let Some(error) = &outcome.error {
                writeln!(f, "| {} | failed: {error} | | | | | | |", outcome.server)?;
                continue;
            }
            let Bursts { row, .. } = &outcome.bursts[index];
            let [cpu, wall] = [|cost: Cost| cost.cpu, |cost: Cost| cost.wall];
            let ratio = |figure| cell(row.ratio(reference, figure), 2);
            let middle = row.ratio_middle(reference, cpu).map_or_else(
                || "-".to_owned(),
                |[from, to]| format!("{from:.2} to {to:.2}"),
            );
            let latency = |percent| {
                let micros = outcome.bursts[index].latency(percent);
                cell(micros.map(|micros| micros / 1e3), 2)
            };
            writeln!(
                f,
                "| {} | {} | {middle} | {} | {} | {} | {} | {} | {} |",
                outcome.server,
                ratio(cpu),
                cell(row.median(cpu), 2),
                ratio(wall),
                cell(row.median(wall), 2),
                latency(50),
                latency(99),
                cell(row.median(|cost| cost.bytes), 0),
            )?;
        }
        writeln!(f)
    }

    fn memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Beside wedged sockets, idle ones take memory that was freed before.
        let idle = self.scenario.wedged == 0;
        let head = if idle { " idle socket (bytes) |" } else { "" };
        writeln!(f, "| server | memory at the end (MiB) |{head}")?;
        writeln!(f, "|---|---|{}", if idle { "---|" } else { "" })?;
        for row in &self.rows {
            let Outcome { server, .. } = row;
            let memory = row.memory().map(|bytes| bytes / f64::from(1 << 20));
            write!(f, "| {server} | {} |", cell(memory, 1))?;
            if idle {
                write!(f, " {} |", cell(row.idle(), 0))?;
            }
            writeln!(f)?;
        }
        writeln!(f)
    }
}

fn cell(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
}
