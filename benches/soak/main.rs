//! Thousands of connections for hours, and an account of each: `cargo bench --bench soak`.
//!
//!     cargo bench --bench soak -- --minutes 60 --mode plain
//!
//! A server, which is what `examples/production.rs` shows, runs in a process of its own. This one
//! opens connections that stay, and others that come and go, of all kinds: see `kinds.rs`. A line
//! has the server's figures of each minute. Then all connections end, and a balance sheet tells of
//! each kind how many were begun, and how the server and the client saw them end.
//!
//! Fails if the sheet does not balance, if connections, tasks, descriptors or heap are left, or if
//! RSS or heap have grown by more than 1 % an hour after the first tenth of the time; in less than
//! half an hour, by more than 8 MiB and 4 MiB. Latencies are told, and not judged. Linux only.

#![allow(
    clippy::cast_precision_loss,
    reason = "figures are rounded where they are shown"
)]

#[path = "../../tests/support/alloc.rs"]
mod alloc;
mod child;
mod early;
mod figures;
#[path = "../../examples/support/http_server.rs"]
mod http_server;
mod kinds;
mod load;
mod opening;
mod options;
mod peer;
mod scripts;
mod server;
mod sheet;
#[path = "../../tests/support/mod.rs"]
mod support;
mod tls;
mod wire;

use std::{env, fs, os::unix::process::CommandExt, process, sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval};

use self::{
    child::{SERVER, Server},
    figures::{Growth, Look, mib, percentile},
    load::Load,
    options::{Mode, Options},
    support::cpu::process_cpu_time,
};

/// Says that the limit of open files was raised.
const RAISED: &str = "SOAK_RAISED";
/// Files that are not for connections that stay.
const OTHER_FILES: usize = 500;
/// Below this, growth is judged by bytes.
const SHORT: f64 = 30.0 * 60.0;
const MAX_PERCENT: f64 = 1.0;

fn main() {
    let options = options::from_args();
    if env::var_os(SERVER).is_some() {
        return server::run(options.mode, options.time);
    }
    if env::var_os(RAISED).is_none() {
        raise_limit();
    }
    let problems = conduct(options);
    for problem in &problems {
        println!("PROBLEM {problem}");
    }
    let verdict = if problems.is_empty() {
        "passed"
    } else {
        "FAILED"
    };
    println!("soak: {verdict}");
    process::exit(i32::from(!problems.is_empty()));
}

/// Becomes the same program with the highest limit of open files that is allowed.
fn raise_limit() {
    let program = env::current_exe().expect("this program");
    let error = process::Command::new("sh")
        .args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"", "sh"])
        .arg(program)
        .args(env::args_os().skip(1))
        .env(RAISED, "1")
        .exec();
    eprintln!("the limit of open files stays: {error}");
}

/// Of open files.
fn limit() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").expect("Linux");
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    soft.and_then(|soft| soft.parse().ok())
        .unwrap_or(usize::MAX)
}

#[tokio::main(flavor = "current_thread")]
async fn conduct(mut options: Options) -> Vec<String> {
    let limit = limit();
    // Each that comes and goes lives for some seconds in the mean.
    let other_files = OTHER_FILES + 5 * options.churn as usize;
    if options.mode != Mode::Http2 {
        options.connections = options.connections.min(limit.saturating_sub(other_files));
    }
    println!(
        "soak: {} minutes, mode {:?}, {} connections stay (limit of open files: {limit}), \
         {} a second come and go, seed {}",
        options.time.as_secs_f64() / 60.0,
        options.mode,
        options.connections,
        options.churn,
        options.seed
    );
    let (mut server, load) = Server::start(&options).await;
    load.rehearse().await;
    let mut problems = server.quiet(None).await.1;
    let base = server.look().await;
    println!(
        "at rest: RSS {:.1} MiB, heap {:.2} MiB, {} files, {} tasks",
        mib(base.rss as f64),
        mib(base.heap as f64),
        base.files,
        base.tasks
    );
    let begin = Instant::now();
    load.open(options.connections).await;
    println!(
        "{} connections opened in {:.1} s",
        options.connections,
        begin.elapsed().as_secs_f64()
    );
    let samples = watch(&mut server, &options, &load).await;
    if !load.finish().await {
        problems.push(String::from("clients that come and go have not gone"));
    }

    let before = server.look().await;
    let drained = server.ask("drain").await;
    if !load.finish_all().await {
        problems.push(String::from("clients have not left"));
    }
    let (end, left) = server.quiet(Some(base)).await;
    problems.extend(left);
    if drained != format!("{} 0 0", options.connections)
        || before.open != options.connections as u64
    {
        problems.push(format!(
            "drained (clean, cut, handlers that run): {drained}, of {}",
            before.open
        ));
    }
    problems.extend(sheet::print(
        options.mode,
        &load.books(),
        &server.books().await,
    ));
    println!(
        "drained: {drained} (clean, cut, handlers that run); left: {} WebSockets, {} of HTTP, \
         {} files of {}, {} tasks of {}, heap {:+.2} MiB, RSS {:+.1} MiB",
        end.open,
        end.http,
        end.files,
        base.files,
        end.tasks,
        base.tasks,
        mib(end.heap as f64 - base.heap as f64),
        mib(end.rss as f64 - base.rss as f64)
    );
    problems.extend(judge(&samples));
    problems
}

/// How RSS and heap grow after the first tenth of the time.
fn judge(samples: &[(f64, Look)]) -> Vec<String> {
    let mut problems = Vec::new();
    let later = &samples[samples.len() / 10..];
    for (name, most) in [("RSS", 8.0), ("heap", 4.0)] {
        let figure = |look: &Look| if name == "RSS" { look.rss } else { look.heap };
        let points = later.iter().map(|(at, look)| (*at, figure(look) as f64));
        let growth = Growth::of(&points.collect::<Vec<_>>());
        let (percent, more) = (growth.percent_an_hour(), mib(growth.bytes()));
        println!(
            "{name}: {:.1} MiB in the mean, slope {percent:+.2} % an hour, {more:+.2} MiB in {:.1} minutes",
            mib(growth.mean),
            growth.time / 60.0
        );
        let is_short = growth.time < SHORT;
        if is_short && more > most {
            problems.push(format!("{name} has grown by {more:.2} MiB, above {most}"));
        } else if !is_short && percent > MAX_PERCENT {
            problems.push(format!(
                "{name} grows by {percent:.2} % an hour, above {MAX_PERCENT}"
            ));
        }
    }
    problems
}

/// Connections come and go. The figures of each second, and a line each minute.
async fn watch(server: &mut Server, options: &Options, load: &Arc<Load>) -> Vec<(f64, Look)> {
    println!(
        "| minute | RSS MiB | heap MiB | files | tasks | open | HTTP | opened | closed \
         | echo p50 ms | p99 | max | server CPU % | load CPU % |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let churn = tokio::spawn(load.clone().churn(options.churn, options.time));
    let mut samples = Vec::new();
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let begin = Instant::now();
    load.latencies();
    let mut line = Line::new(server.look().await);
    while begin.elapsed() < options.time {
        seconds.tick().await;
        let look = server.look().await;
        samples.push((begin.elapsed().as_secs_f64(), look));
        if line.begin.elapsed() >= options.every || begin.elapsed() >= options.time {
            line = line.print(begin, look, load.latencies());
        }
    }
    churn.await.expect("the load");
    samples
}

/// A line of figures: since when.
struct Line {
    begin: Instant,
    look: Look,
    cpu: Duration,
}

impl Line {
    fn new(look: Look) -> Self {
        Self {
            begin: Instant::now(),
            look,
            cpu: process_cpu_time(),
        }
    }

    /// Prints what has been since then; the next line begins.
    fn print(self, begin: Instant, look: Look, mut latencies: Vec<Duration>) -> Self {
        latencies.sort();
        let next = Self::new(look);
        let time = (next.begin - self.begin).as_secs_f64();
        let closed = look.ended - self.look.ended;
        let opened = (closed + look.open).saturating_sub(self.look.open);
        println!(
            "| {:.1} | {:.1} | {:.2} | {} | {} | {} | {} | {opened} | {closed} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} |",
            begin.elapsed().as_secs_f64() / 60.0,
            mib(look.rss as f64),
            mib(look.heap as f64),
            look.files,
            look.tasks,
            look.open,
            look.http,
            percentile(&latencies, 50),
            percentile(&latencies, 99),
            percentile(&latencies, 100),
            (look.cpu - self.look.cpu) as f64 / 10.0 / time,
            next.cpu.saturating_sub(self.cpu).as_secs_f64() * 100.0 / time,
        );
        next
    }
}
