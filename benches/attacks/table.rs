//! The table: a row for each attack.

use crate::{
    attack::{Attack, Bounds},
    measure::Measured,
    millis,
};

pub(crate) fn print_head(scenes: &[(usize, usize)]) {
    let scenes: Vec<_> = scenes
        .iter()
        .map(|(threads, attackers)| {
            let threads = if *threads == 1 {
                "1 thread"
            } else {
                "2 threads"
            };
            format!("{threads}, {attackers} of them")
        })
        .collect();
    println!(
        "| rows | attack | {} | held, KiB each | a byte | CPU, ns a byte | bounds |",
        scenes.join(" | ")
    );
    println!(
        "|---|---|{}---:|---:|---:|---|",
        "---:|".repeat(scenes.len())
    );
}

pub(crate) struct Row {
    rows: &'static str,
    name: &'static str,
    bounds: Option<Bounds>,
    /// The victim's latencies in each scene.
    latencies: Vec<String>,
    /// The largest of all scenes: KiB for each attacker, bytes and nanoseconds for each byte.
    worst: [f64; 3],
}

impl Row {
    pub(crate) fn of(attack: &Attack) -> Self {
        Self {
            rows: attack.rows,
            name: attack.name,
            bounds: Some(attack.bounds),
            latencies: Vec::new(),
            worst: [0.0; 3],
        }
    }

    /// Without attackers.
    pub(crate) fn alone(scenes: &[Measured]) -> Self {
        Self {
            rows: "",
            name: "(nobody)",
            bounds: None,
            latencies: scenes.iter().map(latencies).collect(),
            worst: [0.0; 3],
        }
    }

    pub(crate) fn add(&mut self, scene: &Measured) {
        self.latencies.push(latencies(scene));
        let figures = [scene.held(), scene.held_a_byte(), scene.cpu_a_byte()];
        for (worst, figure) in self.worst.iter_mut().zip(figures) {
            *worst = worst.max(figure);
        }
    }

    pub(crate) fn print(&self) {
        let [held, held_a_byte, cpu] = self.worst.map(figure);
        let bounds = self.bounds.map_or_else(String::new, |bounds| {
            format!(
                "{:.0} ms, {:.0} KiB, {:.0} ns",
                millis(bounds.p99),
                bounds.held,
                bounds.cpu
            )
        });
        println!(
            "| {} | {} | {} | {held} | {held_a_byte} | {cpu} | {bounds} |",
            self.rows,
            self.name,
            self.latencies.join(" | ")
        );
    }
}

/// At the 50th and the 99th percentile, in milliseconds.
fn latencies(scene: &Measured) -> String {
    let [p50, p99] = [50, 99].map(|percent| millis(scene.at(percent)));
    format!("{p50:.2} / {p99:.2}")
}

fn figure(figure: f64) -> String {
    match figure {
        figure if !figure.is_finite() || figure == 0.0 => String::from("-"),
        figure if figure < 0.01 => String::from("< 0.01"),
        figure if figure < 10.0 => format!("{figure:.2}"),
        figure => format!("{figure:.0}"),
    }
}
