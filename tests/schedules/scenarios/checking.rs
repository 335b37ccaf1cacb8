//! Runs a scenario in many schedules, and says how many.
//!
//! | variable | what it sets |
//! |---|---|
//! | `SCHEDULES` | how many schedules each scenario is run in; 1,000 |
//! | `SCHEDULES_SEED` | what the random ones are made of; 1 |
//! | `SCHEDULES_REPLAY` | the one schedule to run, as a failure printed it |

use std::{
    env,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::Instant,
};

use shuttle::{
    Config, MaxSteps, Runner,
    scheduler::{DfsScheduler, PctScheduler, RandomScheduler, ReplayScheduler, Scheduler},
};

/// Preemptions of a schedule that is made by PCT.
const DEPTH: usize = 3;

/// No scenario needs so many: one that does goes in a circle.
const STEPS: usize = 20_000;

/// Schedules of a small scenario take so much less time than those of others.
const SHARE: usize = 20;

/// Runs a scenario in so many schedules as are asked for: half of them choose anew at each step, the
/// others interrupt a thread of a random rank a few times only.
pub(crate) fn check(name: &str, scenario: fn()) {
    if is_replayed(name, scenario) {
        return;
    }
    let began = Instant::now();
    let (most, seed) = (number("SCHEDULES", 1000), number("SCHEDULES_SEED", 1));
    let half = most.div_ceil(2);
    let seed = seed as u64;
    let random = run(name, RandomScheduler::new_from_seed(seed, half), scenario);
    let pct = run(
        name,
        PctScheduler::new_from_seed(seed, DEPTH, half),
        scenario,
    );
    let took = began.elapsed().as_secs_f64();
    println!("schedules: {random} random, {pct} PCT, {took:.1} s: {name}");
}

/// Runs a small scenario in all schedules that there are, or in the first `SHARE` times as many as are
/// asked for.
pub(crate) fn check_all(name: &str, scenario: fn()) {
    if is_replayed(name, scenario) {
        return;
    }
    let began = Instant::now();
    let most = number("SCHEDULES", 1000) * SHARE;
    let found = run(name, DfsScheduler::new(Some(most), false), scenario);
    let kind = if found < most { "all" } else { "first" };
    let took = began.elapsed().as_secs_f64();
    println!("schedules: {found} {kind}, {took:.1} s: {name}");
}

fn is_replayed(name: &str, scenario: fn()) -> bool {
    let Ok(schedule) = env::var("SCHEDULES_REPLAY") else {
        return false;
    };
    let mut replay = ReplayScheduler::new_from_encoded(&schedule);
    // What has been mended goes on.
    replay.set_allow_incomplete();
    run(name, replay, scenario);
    println!("schedules: 1 replayed: {name}");
    true
}

fn run(name: &str, scheduler: impl Scheduler + 'static, scenario: fn()) -> usize {
    // Time is that of this runtime, which nobody drives: it stands still.
    let time = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    // Its end wakes who waits for a timer, of which there are none, unless a schedule has failed.
    let time = ManuallyDrop::new(time);
    let entered = time.enter();
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    config.silence_warnings = true;
    let runner = Runner::new(scheduler, config);
    let count = catch_unwind(AssertUnwindSafe(|| runner.run(scenario))).unwrap_or_else(|panic| {
        eprintln!("To repeat it: tests/schedules/run --replay {name} SCHEDULE");
        eprintln!(
            "where SCHEDULE is what stands between the quotes of the failing schedule above."
        );
        resume_unwind(panic)
    });
    drop(entered);
    drop(ManuallyDrop::into_inner(time));
    count
}

fn number(variable: &str, default: usize) -> usize {
    let Ok(value) = env::var(variable) else {
        return default;
    };
    let value = value.replace(['_', ','], "");
    value
        .parse()
        .unwrap_or_else(|_| panic!("{variable} is no number: {value}"))
}
