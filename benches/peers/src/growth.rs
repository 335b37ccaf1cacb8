//! Whether cost grows in proportion to what is asked for.

use std::fmt;

use crate::{
    load::Echoed,
    options::Options,
    rounds::{Row, Table},
    scenario::{self, Content, Echo, KIB, Size},
    servers::Server,
};

/// By how much more a unit may cost than at the step before. A quadratic cost would make it 4
/// to 16 times as much.
///
/// Where a unit costs raw TCP more, too, since the caches no longer hold everything or the
/// kernel has more to look through, it comes on top of that.
pub const TOLERANCE: f64 = 0.5;

/// Files that a process needs beside its connections.
const OTHER_FILES: usize = 64;

/// Payload of a fragment, in bytes.
const FRAGMENT: usize = 16;

/// What is increased.
#[derive(Clone, Debug)]
pub struct Axis {
    pub name: &'static str,
    unit: &'static str,
    steps: Vec<Step>,
    /// Why the last step is not the intended one.
    cut: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    /// Units in one message, or with one message on each connection.
    units: usize,
    echo: Echo,
}

impl Axis {
    /// All of them; `open_files` bounds the connections.
    pub fn all(open_files: usize) -> [Self; 3] {
        [
            Self::size(),
            Self::fragments(),
            Self::connections(open_files),
        ]
    }

    fn size() -> Self {
        const MIB: usize = KIB * KIB;
        let sizes = [1, 16, 256, 4 * KIB, 64 * KIB, MIB, 16 * MIB, 64 * MIB];
        Self {
            name: "message size",
            unit: "byte",
            steps: sizes
                .map(|size| Step {
                    units: size,
                    echo: scenario::echo(size, Content::Binary, 1, 1),
                })
                .into(),
            cut: None,
        }
    }

    fn fragments() -> Self {
        let counts = [1, 10, 100, 1000, 10_000, 100_000];
        Self {
            name: "fragments",
            unit: "fragment",
            steps: counts
                .map(|fragments| Step {
                    units: fragments,
                    echo: Echo {
                        fragments,
                        ..scenario::echo(fragments * FRAGMENT, Content::Binary, 1, 1)
                    },
                })
                .into(),
            cut: None,
        }
    }

    fn connections(open_files: usize) -> Self {
        let possible = open_files.saturating_sub(OTHER_FILES).max(1);
        let counts = [1, 10, 100, 1000, 10_000];
        let mut steps: Vec<_> = counts
            .map(|count: usize| count.min(possible))
            .map(|connections| Step {
                units: connections,
                echo: scenario::echo(32, Content::Binary, connections, 1),
            })
            .into();
        steps.dedup_by_key(|step| step.units);
        let cut = (possible < counts[counts.len() - 1]).then(|| {
            format!(
                "The open-file limit is {open_files}: {possible} connections are the most here."
            )
        });
        Self {
            name: "connections",
            unit: "connection",
            steps,
            cut,
        }
    }

    fn label(&self, step: Step) -> String {
        match self.unit {
            "byte" => Size(step.units).to_string(),
            _ => step.units.to_string(),
        }
    }
}

/// What each step of an axis cost.
#[derive(Clone, Debug)]
pub struct Growth {
    axis: Axis,
    /// One for each step, with a row for each server.
    tables: Vec<Table<Echoed>>,
}

impl Growth {
    pub fn measure(axis: Axis, options: &Options) -> Self {
        let table = |step: &Step| {
            let name = format!("{}: {}", axis.name, axis.label(*step));
            Table::of_echo(name, &step.echo, options)
        };
        let tables = axis.steps.iter().map(table).collect();
        Self { axis, tables }
    }

    /// Whether every server did every step, and none grew faster than its units.
    pub fn is_linear(&self) -> bool {
        let reference = self.costs(0);
        (0..self.servers().len()).all(|server| is_linear(&self.costs(server), &reference))
    }

    fn servers(&self) -> Vec<Server> {
        let rows = self.tables.first().map(|table| &table.rows);
        rows.into_iter().flatten().map(|row| row.server).collect()
    }

    /// Microseconds of CPU per unit at each step; `None` where the server failed.
    fn costs(&self, server: usize) -> Vec<Option<f64>> {
        let steps = self.axis.steps.iter().zip(&self.tables);
        steps
            .map(|(step, table)| {
                let cost = total_cost(*step, &table.rows[server])?;
                Some(cost / step.units as f64)
            })
            .collect()
    }

    fn fmt_server(&self, server: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Axis { name, unit, .. } = self.axis;
        writeln!(f, "## {}: {name}\n", self.servers()[server])?;
        writeln!(
            f,
            "| {name} | CPU (us) | per {unit} (ns) | growth | raw TCP's |"
        )?;
        writeln!(f, "|---|---|---|---|---|")?;
        let (costs, reference) = (self.costs(server), self.costs(0));
        for (index, step) in self.axis.steps.iter().enumerate() {
            let label = self.axis.label(*step);
            let Some(cost) = costs[index] else {
                writeln!(f, "| {label} | failed | - | - | - |")?;
                continue;
            };
            let total = cost * step.units as f64;
            write!(f, "| {label} | {total:.1} | {:.3} |", cost * 1e3)?;
            let (growth, allowed) = (growth(&costs, index), growth(&reference, index));
            match growth {
                Some(growth) if !is_within(growth, allowed) => {
                    write!(f, " **{growth:.3}, not linear** |")?;
                }
                growth => write!(f, " {} |", cell(growth))?,
            }
            writeln!(f, " {} |", cell(allowed))?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The reference, which comes first, is in the others' tables.
        for server in 1..self.servers().len() {
            self.fmt_server(server, f)?;
        }
        if let Some(cut) = &self.axis.cut {
            writeln!(f, "{cut}\n")?;
        }
        Ok(())
    }
}

/// Of one message, or of one on each connection, in microseconds.
fn total_cost(step: Step, row: &Row<Echoed>) -> Option<f64> {
    let per_message = row.median(|echoed| echoed.cpu_micros)?;
    Some(per_message * step.echo.connections as f64)
}

/// The cost of a unit at a step, divided by that at the step before it.
fn growth(costs: &[Option<f64>], step: usize) -> Option<f64> {
    let before = costs[step.checked_sub(1)?]?;
    Some(costs[step]? / before)
}

/// Whether a unit's cost grew no more than it may, given how the reference's did.
fn is_within(growth: f64, reference: Option<f64>) -> bool {
    growth <= (1.0 + TOLERANCE) * reference.unwrap_or(1.0).max(1.0)
}

fn is_linear(costs: &[Option<f64>], reference: &[Option<f64>]) -> bool {
    let complete = costs.iter().all(Option::is_some);
    let mut growths = (1..costs.len()).filter_map(|step| Some((step, growth(costs, step)?)));
    complete && growths.all(|(step, grown)| is_within(grown, growth(reference, step)))
}

fn cell(growth: Option<f64>) -> String {
    growth.map_or_else(|| "-".to_owned(), |growth| format!("{growth:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(of: impl Fn(f64) -> f64) -> Vec<Option<f64>> {
        let units = [1.0, 10.0, 100.0, 1000.0];
        units.map(|units| Some(of(units) / units)).into()
    }

    #[test]
    fn linear_is_what_grows_with_its_units() {
        let flat = costs(|units| units);
        for linear in [|units| units, |units| 50.0 + units] {
            assert!(is_linear(&costs(linear), &flat));
        }
        for more in [
            |units: f64| units * units,
            |units: f64| units * units.sqrt(),
        ] {
            assert!(!is_linear(&costs(more), &flat));
        }
        assert!(!is_linear(&[Some(1.0), None, Some(1.0)], &[Some(1.0); 3]));
    }

    #[test]
    fn what_raw_tcp_grows_by_is_no_fault() {
        assert!(!is_linear(&[Some(1.0), Some(2.0)], &[Some(1.0), Some(1.2)]));
        assert!(is_linear(&[Some(1.0), Some(2.0)], &[Some(1.0), Some(1.7)]));
        // A reference that becomes cheaper takes nothing away.
        assert!(is_linear(&[Some(1.0), Some(1.4)], &[Some(1.0), Some(0.5)]));
    }

    #[test]
    fn connections_stay_below_the_open_file_limit() {
        let axis = Axis::connections(1024);
        let counts: Vec<_> = axis.steps.iter().map(|step| step.units).collect();
        assert_eq!(counts, [1, 10, 100, 960]);
        assert!(axis.cut.is_some());
        assert_eq!(Axis::connections(20_000).cut, None);
    }
}
