//! Runs a script with every drop, and prints what was done.

use std::{fmt::Write, rc::Rc, time::Duration};

use tokio::{
    runtime::Builder,
    task::LocalSet,
    time::{Instant, timeout},
};

use crate::{
    alloc,
    cut::{Cut, When},
    session::{HOUSES, House, Place, Scale, Script},
};

/// Calls that are each dropped after so many polls.
const EACH: usize = 3;

/// Only a session that hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// More runs than a thread needs to keep all that it may: 32 states of each codec.
const RUNS_TO_FILL: usize = 100;

/// A future, and a script in which it is dropped.
pub(crate) struct Entry {
    /// As the test of the list finds it in the sources.
    pub(crate) name: &'static str,
    pub(crate) script: Script,
    pub(crate) houses: &'static [House],
    pub(crate) scales: &'static [Scale],
    pub(crate) clock: Clock,
}

/// What tells a session the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// It stands still while anybody has work to do.
    Virtual,
    /// That of the system, for sessions that use the system's sockets.
    System,
}

pub(crate) const SCALES: &[Scale] = &[Scale::Small, Scale::Large, Scale::Deflated];

impl Clock {
    /// How much longer a session may take than without a drop: less than any deadline of its own.
    const fn slack(self) -> Duration {
        match self {
            Clock::Virtual => Duration::from_millis(500),
            Clock::System => Duration::from_secs(5),
        }
    }
}

impl Entry {
    /// In every house, at every scale.
    pub(crate) const fn new(name: &'static str, script: Script) -> Self {
        Self {
            name,
            script,
            houses: HOUSES,
            scales: SCALES,
            clock: Clock::Virtual,
        }
    }

    /// What only passes calls on.
    pub(crate) const fn thin(name: &'static str, script: Script) -> Self {
        Self {
            name,
            script,
            houses: &[House::Server, House::Handler],
            scales: &[Scale::Small],
            clock: Clock::Virtual,
        }
    }

    /// What has one place, or makes its own.
    pub(crate) const fn alone(name: &'static str, script: Script) -> Self {
        Self {
            name,
            script,
            houses: &[House::Client],
            scales: &[Scale::Small],
            clock: Clock::Virtual,
        }
    }
}

impl Entry {
    /// The same over the system's sockets.
    pub(crate) const fn live(name: &'static str, script: Script) -> Self {
        let mut entry = Self::alone(name, script);
        entry.clock = Clock::System;
        entry
    }
}

/// What is asked for: `CANCEL=future/house/scale/when`, of which the last ones may be missing.
struct Wanted(Vec<String>);

impl Wanted {
    fn read() -> Self {
        let wanted = std::env::var("CANCEL").unwrap_or_default();
        Self(wanted.split('/').map(str::to_owned).collect())
    }

    fn has(&self, index: usize, name: &str) -> bool {
        let wanted = self.0.get(index).map_or("", String::as_str);
        wanted.is_empty() || wanted == name
    }

    fn when(&self) -> Option<When> {
        self.0.get(3).map(|when| When::parse(when).expect("a time"))
    }
}

/// Tells how to repeat what panicked.
struct Failed<'a>(&'a str, Place, When);

impl Drop for Failed<'_> {
    fn drop(&mut self) {
        let Self(name, place, when) = self;
        println!(
            "to repeat: CANCEL='{name}/{place}/{when}' \
             cargo test --all-features --test cancellation dropped -- --nocapture"
        );
    }
}

/// Runs these, and prints a line for each future.
pub(crate) fn run(entries: &[Entry]) {
    let wanted = Wanted::read();
    let mut table = String::new();
    let mut lines: Vec<(&str, [usize; 3])> = Vec::new();
    for entry in entries.iter().filter(|entry| wanted.has(0, entry.name)) {
        let mut sum = [0; 3];
        for &house in entry.houses {
            for &scale in entry.scales {
                let is_wanted =
                    wanted.has(1, &format!("{house:?}")) && wanted.has(2, &format!("{scale:?}"));
                if is_wanted {
                    let place = Place { house, scale };
                    let done = every(entry, place, wanted.when());
                    for (sum, done) in sum.iter_mut().zip(done) {
                        *sum += done;
                    }
                }
            }
        }
        match lines.iter_mut().find(|(name, _)| *name == entry.name) {
            Some((_, line)) => line.iter_mut().zip(sum).for_each(|(a, b)| *a += b),
            None => lines.push((entry.name, sum)),
        }
    }
    for (name, [polls, runs, drops]) in lines {
        writeln!(table, "{name:<52} {polls:>6} {runs:>6} {drops:>7}").unwrap();
    }
    let [future, polls, runs, drops] = ["future", "polls", "runs", "drops"];
    println!("\n{future:<52} {polls:>6} {runs:>6} {drops:>7}\n{table}");
}

/// One run without a drop, then one for each poll, in all ways. Returns how many polls there
/// were, how many runs, and how many drops.
fn every(entry: &Entry, place: Place, only: Option<When>) -> [usize; 3] {
    let once = |when, limit| {
        let failed = Failed(entry.name, place, when);
        let done = leaking_nothing(entry, place, when, limit);
        std::mem::forget(failed);
        done
    };
    let (polls, _, took) = once(When::Never, PATIENCE);
    let mut whens = vec![When::Unpolled];
    whens.extend((1..=EACH).map(When::Each));
    whens.extend((1..=polls).flat_map(|poll| [When::After(poll), When::Woken(poll)]));
    if let Some(only) = only {
        whens = vec![only];
    }
    let mut drops = 0;
    for &when in &whens {
        drops += once(when, took + entry.clock.slack()).1;
    }
    [polls, whens.len(), drops]
}

/// One run. What the thread keeps for the next connections has a bound, so a run that leaves
/// something is made again: one that leaks does so each time.
fn leaking_nothing(
    entry: &Entry,
    place: Place,
    when: When,
    limit: Duration,
) -> (usize, usize, Duration) {
    for _ in 0..RUNS_TO_FILL {
        let before = alloc::held();
        let done = one(entry, place, when, limit);
        if alloc::held() <= before {
            return done;
        }
    }
    panic!("each run leaves something");
}

/// Returns the polls that were counted, the drops, and how long it took: at most `limit`.
fn one(entry: &Entry, place: Place, when: When, limit: Duration) -> (usize, usize, Duration) {
    let cut = Rc::new(Cut::new(when));
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(entry.clock == Clock::Virtual)
        .build()
        .unwrap();
    let local = LocalSet::new();
    let took = runtime.block_on(local.run_until(async {
        let begin = Instant::now();
        let session = timeout(PATIENCE, (entry.script)(place, cut.clone())).await;
        assert!(session.is_ok(), "it hangs");
        begin.elapsed()
    }));
    // A wake that was lost is made up for by the next deadline, or by none.
    assert!(took <= limit, "it takes {took:?}, more than {limit:?}");
    (cut.polls(), cut.drops(), took)
}
