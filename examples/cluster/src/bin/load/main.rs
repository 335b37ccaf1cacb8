//! The clients of `tests/cluster/run`: they publish numbered messages, come back when their
//! connection is lost, and hold every message of their room in the end, or the run fails.
//!
//!     load ws://127.0.0.1:8080 --clients 300 --rooms 10 --redis redis://127.0.0.1
//!
//! When all are there, `open N` is printed. Each line of the input is the name of what happens
//! next. Then one more comes to each room, who publishes nothing and wants all that there is. At
//! the end of the input, nobody publishes any more, and what everybody holds is compared. The exit
//! status is 0 if that is right, and 1 if not.

mod client;
mod jitter;
mod record;
mod verdict;

use std::{
    env,
    error::Error,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    sync::watch,
    time::{Instant, sleep},
};

use crate::{
    client::{Client, Phase},
    record::Record,
};

/// How long it may take until the next message comes.
const PATIENCE: Duration = Duration::from_secs(30);
/// So long after nobody publishes, some may; and after everybody has everything, doubles count.
const LINGER: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(50);

pub(crate) type Records = Vec<Arc<Mutex<Record>>>;

struct Options {
    url: String,
    clients: usize,
    rooms: usize,
    every: Duration,
    redis: Option<String>,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = options()?;
    let (phases, phase) = watch::channel(Phase::named("calm"));
    let mut records = Records::new();
    let come = |records: &mut Records, count: usize, every: Option<Duration>| {
        for _ in 0..count {
            let number = records.len();
            let record = Arc::new(Mutex::new(Record::of(number % options.rooms)));
            records.push(record.clone());
            let client = Client {
                number,
                room: verdict::room(number % options.rooms),
                url: options.url.clone(),
                every,
                phase: phase.clone(),
                record,
            };
            tokio::spawn(client.run());
        }
    };
    come(&mut records, options.clients, Some(options.every));
    until(&records, |record| record.is_open).await;
    println!("open {}", options.clients);

    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        phases.send_replace(Phase::named(&line));
        come(&mut records, options.rooms, None);
    }
    phases.send_replace(Phase {
        name: String::from("end"),
        is_last: true,
    });
    // Who was about to publish has published.
    sleep(LINGER).await;
    until(&records, |record| record.unacknowledged == 0).await;
    let totals = verdict::totals(&records, options.rooms);
    until(&records, |record| {
        record.entries.len() >= totals[record.room]
    })
    .await;
    sleep(LINGER).await;

    let problems = verdict::judge(&records, options.rooms, options.redis.as_deref()).await?;
    for problem in problems.iter().take(20) {
        println!("WRONG: {problem}");
    }
    Ok(ExitCode::from(u8::from(!problems.is_empty())))
}

/// Waits until it is so with all of them, or nothing more has come for too long: then it shows in
/// the end.
async fn until(records: &Records, is_so: impl Fn(&Record) -> bool) {
    let (mut held, mut since) = (0, Instant::now());
    loop {
        let records = records
            .iter()
            .map(|record| record.lock().expect("nobody panics"));
        let (mut so, mut now_held) = (true, 0);
        for record in records {
            so &= is_so(&record);
            now_held += record.entries.len();
        }
        if now_held != held {
            (held, since) = (now_held, Instant::now());
        }
        if so || since.elapsed() > PATIENCE {
            return;
        }
        sleep(LOOK).await;
    }
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let mut options = Options {
        url: args.next().ok_or("ws://HOST:PORT is missing")?,
        clients: 300,
        rooms: 10,
        every: Duration::from_secs(2),
        redis: None,
    };
    while let Some(flag) = args.next() {
        let value = args.next().ok_or(format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--clients" => options.clients = value.parse()?,
            "--rooms" => options.rooms = value.parse()?,
            "--every" => options.every = Duration::try_from_secs_f64(value.parse()?)?,
            "--redis" => options.redis = Some(value),
            _ => return Err(format!("unknown option {flag}").into()),
        }
    }
    Ok(options)
}
