//! What attacks do to others, and what they cost: `cargo bench --bench attacks`.
//!
//! Attackers send what is dear to receive, to hold or to answer. Another connection of the same
//! server sends a small message every two milliseconds. The table has the latencies of its echoes,
//! how far the server's heap has grown, for each attacker and for each byte that they sent, and
//! how long its processors worked for such a byte: without what the victim costs. Before it stands
//! when the answers of handlers arrive that work for long.
//!
//! - `--quick`: three attackers and one thread only, for a shorter time
//! - `--markdown`: the table of attacks only
//! - `--only NAME`: attacks that have that in their name
//!
//! Fails if a row exceeds its bounds three times in a row. `tests/abuse` has the rows of which no
//! load is needed to see that they are bounded.

#![allow(
    clippy::cast_precision_loss,
    reason = "figures are rounded where they are shown"
)]

#[path = "../../tests/support/alloc.rs"]
mod alloc;
mod attack;
mod attacker;
mod catalogue;
#[path = "../../examples/support/http_server.rs"]
mod http_server;
mod measure;
mod server;
mod streams;
#[path = "../../tests/support/mod.rs"]
mod support;
mod table;
mod work;

use std::{env, process::exit, time::Duration};

use self::{measure::Measured, table::Row};

/// Of how many threads this process is the server.
const SERVER: &str = "ATTACKS_SERVER";
/// The machine may be busy with something else.
const ATTEMPTS: usize = 3;

#[derive(Default)]
struct Options {
    is_quick: bool,
    is_markdown: bool,
    only: String,
}

impl Options {
    fn from_args() -> Self {
        let mut options = Self::default();
        let mut args = env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                // cargo's.
                "--bench" => {}
                "--quick" => options.is_quick = true,
                "--markdown" => options.is_markdown = true,
                "--only" => options.only = args.next().unwrap_or_default(),
                _ => {
                    eprintln!(
                        "cargo bench --bench attacks -- [--quick] [--markdown] [--only NAME]"
                    );
                    exit(2);
                }
            }
        }
        options
    }

    /// Threads of the server, and attackers.
    fn scenes(&self) -> &'static [(usize, usize)] {
        if self.is_quick {
            &[(1, 3)]
        } else {
            &[(1, 1), (1, 3), (2, 1), (2, 3)]
        }
    }

    fn time(&self) -> Duration {
        Duration::from_millis(if self.is_quick { 400 } else { 1000 })
    }
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn main() {
    if let Ok(threads) = env::var(SERVER) {
        return server::run(threads.parse().expect("a number"));
    }
    let options = Options::from_args();
    let mut is_good = true;
    if !options.is_markdown && options.only.is_empty() {
        is_good &= work::print(ATTEMPTS, options.is_quick);
    }
    table::print_head(options.scenes());
    let alone: Vec<Measured> = options
        .scenes()
        .iter()
        .map(|(threads, _)| Measured::of(None, *threads, 0, options.time()))
        .collect();
    Row::alone(&alone).print();
    let mut exceeded = Vec::new();
    let attacks = catalogue::attacks();
    for attack in attacks
        .iter()
        .filter(|attack| attack.name.contains(&options.only))
    {
        let mut row = Row::of(attack);
        for ((threads, attackers), alone) in options.scenes().iter().zip(&alone) {
            let mut attempt = 1;
            let measured = loop {
                let measured = Measured::of(Some(attack), *threads, *attackers, options.time());
                let measured = measured.without(alone);
                if measured.is_within(&attack.bounds) || attempt == ATTEMPTS {
                    break measured;
                }
                attempt += 1;
            };
            if !measured.is_within(&attack.bounds) {
                let scene = format!("{} ({threads} threads, {attackers} attackers)", attack.name);
                exceeded.push(format!("{scene}: {}", measured.excess(&attack.bounds)));
            }
            row.add(&measured);
        }
        row.print();
    }
    for excess in &exceeded {
        eprintln!("EXCEEDED {excess}");
    }
    assert!(exceeded.is_empty(), "an attack has done more than it may");
    assert!(is_good, "a handler's first answer came too late");
}
