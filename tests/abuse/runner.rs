//! Runs the catalogue and prints its table.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::{catalogue::CATALOGUE, entry::Check, report::Report, support::words::Words};

/// No test takes so long, even on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn main() -> ExitCode {
    let asked = Words::of_the_command_line(|_, _| false);
    let wanted: Vec<_> = CATALOGUE
        .iter()
        .filter(|entry| asked.want(entry.name()))
        .collect();
    if asked.list() {
        for entry in wanted {
            if let Check::Here(_) = entry.check {
                println!("{}: test", entry.name());
            }
        }
        return ExitCode::SUCCESS;
    }
    let begin = Instant::now();
    let (mut tests, mut figures, mut failed) = (0, 0, Vec::new());
    println!(
        "\n{:<19} {:<72} {:>14} {:>11}",
        "row, advisory", "test, and what is bounded", "bound", "measured"
    );
    for entry in wanted {
        let mut of = entry.of.iter();
        let mut line = |text: &str| println!("{:<19} {text}", of.next().unwrap_or(&""));
        match entry.check {
            Check::Here(run) => {
                let (report, is_right) = isolated(run);
                line(entry.name());
                tests += 1;
                for figure in report.figures() {
                    line(&format!("  {figure}"));
                }
                figures += report.figures().len();
                if !is_right {
                    line("  FAILED");
                    failed.push(entry.name());
                }
            }
            Check::There(file) => {
                line(entry.name());
                line(&format!("  in {file}"));
                if !is_in(entry.name(), file) {
                    line("  FAILED: it is not");
                    failed.push(entry.name());
                }
            }
            Check::None(why) => line(&format!("does not apply: {why}")),
        }
        for advisory in of {
            println!("{advisory}");
        }
    }
    println!(
        "\n{tests} tests, {figures} figures, {} failed, in {:.1?}",
        failed.len(),
        begin.elapsed()
    );
    for name in &failed {
        println!("    FAILED: {name}");
    }
    ExitCode::from(if failed.is_empty() { 0 } else { 101 })
}

/// Runs a test on a thread of its own; returns what it reported, and whether it passed. One that hangs
/// is left behind.
fn isolated(run: fn(&mut Report)) -> (Report, bool) {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut report = Report::default();
        let passed = catch_unwind(AssertUnwindSafe(|| run(&mut report))).is_ok();
        let _ = tell.send((report, passed));
    });
    told.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        eprintln!("it takes more than {PATIENCE:?}");
        (Report::default(), false)
    })
}

/// Whether a file of the package has a function of this name.
fn is_in(name: &str, file: &str) -> bool {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path).unwrap_or_default();
    source.contains(&format!("fn {name}("))
}
