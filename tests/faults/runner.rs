//! Plays the sessions on all processors, and prints a table.

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use crate::{
    fault::Fault, mounts::Mount, panics, script::Script, scripts::SCRIPTS, session::Session,
    support::words::Words,
};

/// Of the faults of a session, one in so many is played unless all are asked for.
const STRIDE: usize = 7;
/// The same where hyper speaks HTTP/2, which costs much more.
const STRIDE_OF_HTTP2: usize = 60;

/// Failures of one session that are told.
const TOLD: usize = 3;

/// Which faults to play.
#[derive(Clone, Copy, Default)]
struct Choice {
    every: bool,
    only: Option<Fault>,
}

#[derive(Clone)]
struct Entry {
    name: String,
    script: &'static Script,
    mount: Mount,
    /// Where among the faults to begin.
    offset: usize,
}

/// A line of the table, and what failed.
struct Row {
    operations: usize,
    faults: usize,
    runs: usize,
    failures: Vec<String>,
}

impl Choice {
    /// Takes a word of the command line that is for it.
    fn take(&mut self, word: &str, words: &mut dyn Iterator<Item = String>) -> bool {
        match word {
            "--every" => self.every = true,
            "--fault" => {
                let fault = words.next().expect("--fault has a value");
                self.only = Some(fault.parse().expect("--fault"));
            }
            _ => return false,
        }
        true
    }

    /// Which of the faults of a session are played.
    fn of(self, entry: &Entry, faults: Vec<Fault>) -> Vec<Fault> {
        if let Some(fault) = self.only {
            return vec![fault];
        }
        let stride = match entry.mount {
            _ if self.every => 1,
            mount if mount.is_http2() => STRIDE_OF_HTTP2,
            _ => STRIDE,
        };
        faults
            .into_iter()
            .skip(entry.offset % stride)
            .step_by(stride)
            .collect()
    }
}

pub(crate) fn main() -> ExitCode {
    let mut choice = Choice::default();
    let asked = Words::of_the_command_line(|word, words| choice.take(word, words));
    let entries: Vec<_> = entries()
        .into_iter()
        .filter(|entry| asked.want(&entry.name))
        .collect();
    if asked.list() {
        for entry in &entries {
            println!("{}: test", entry.name);
        }
        return ExitCode::SUCCESS;
    }
    panics::watch();
    let begin = Instant::now();
    let rows = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Nothing is kept of other sessions on a thread of its own.
                    let row = thread::scope(|scope| {
                        scope
                            .spawn(|| play(entry, choice))
                            .join()
                            .expect("it tells")
                    });
                    rows.lock()
                        .expect("no thread panics")
                        .push((entry.name.clone(), row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("no thread panics");
    rows.sort_by_key(|(name, _)| entries.iter().position(|entry| entry.name == *name));
    let failed = print(&rows);
    println!("in {:.1?}", begin.elapsed());
    ExitCode::from(if failed == 0 { 0 } else { 101 })
}

/// All that can be played.
fn entries() -> Vec<Entry> {
    let all = Mount::ALL.iter().flat_map(|(mount, mount_name)| {
        let suiting = SCRIPTS.iter().filter(|script| mount.suits(script));
        suiting.map(move |script| (format!("{mount_name}/{}", script.name), script, *mount))
    });
    all.enumerate()
        .map(|(offset, (name, script, mount))| Entry {
            name,
            script,
            mount,
            offset,
        })
        .collect()
}

fn play(entry: &Entry, choice: Choice) -> Row {
    let mut row = Row {
        operations: 0,
        faults: 0,
        runs: 0,
        failures: Vec::new(),
    };
    let mut session = match Session::new(entry.script, entry.mount) {
        Ok(session) => session,
        Err(wrong) => {
            row.failures.push(format!(
                "{}: without a fault:\n  {}",
                entry.name,
                wrong.join("\n  ")
            ));
            return row;
        }
    };
    row.operations = session.operations();
    let faults = session.faults();
    row.faults = faults.len();
    for fault in choice.of(entry, faults) {
        row.runs += 1;
        let wrong = session.run(fault);
        if !wrong.is_empty() {
            row.failures.push(format!(
                "{}: {fault}:\n  {}\n  to repeat: cargo test --all-features --test faults -- \
                 --exact {} --fault {fault}",
                entry.name,
                wrong.join("\n  "),
                entry.name,
            ));
        }
    }
    row
}

/// Returns how many runs have failed.
fn print(rows: &[(String, Row)]) -> usize {
    println!(
        "\n{:<36} {:>10} {:>10} {:>10} {:>7}",
        "session", "operations", "faults", "runs", "failed"
    );
    let mut sum = [0; 4];
    for (name, row) in rows {
        let counts = [row.operations, row.faults, row.runs, row.failures.len()];
        line(name, counts);
        for (sum, count) in sum.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    line(&format!("{} sessions", rows.len()), sum);
    for (_, row) in rows {
        for failure in row.failures.iter().take(TOLD) {
            println!("\nFAILED: {failure}");
        }
        if row.failures.len() > TOLD {
            println!("and {} more", row.failures.len() - TOLD);
        }
    }
    sum[3]
}

fn line(name: &str, [operations, faults, runs, failed]: [usize; 4]) {
    println!("{name:<36} {operations:>10} {faults:>10} {runs:>10} {failed:>7}");
}
