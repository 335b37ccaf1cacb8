//! The process beside a server: it starts it, holds its sockets, and measures.
//!
//! A process of its own, because one may not have open as many files as all servers have sockets.
//! It is told one command a line, and answers with one line each, the first of which says that
//! all is connected.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use super::{
    crowd::Crowd,
    figures::Slice,
    options::Options,
    scenario::{BURSTS, Coding, Scenario},
    servers::Server,
};
use crate::{
    Error,
    options::Waiting,
    process::{Process, allow_many_sockets, pin_client},
};

/// The first argument of such a process.
pub const DRIVE: &str = "drive";

/// A server does nothing for so long: what setting up left is done.
const REST: Duration = Duration::from_millis(50);

/// Time for the server to fall asleep, for the kernel accounts for what has run when it stops.
const SETTLE: Duration = Duration::from_millis(1);

/// Before something is measured.
const WARM_UP: Duration = Duration::from_millis(100);

/// A driver, as the process that compares sees it.
pub(super) struct Driver {
    child: Child,
    /// Until the driver is to end.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts a server and what drives it; says also what each idle socket weighs, in bytes of
    /// the server's private memory.
    pub(super) fn start(
        server: &Server,
        scenario: &Scenario,
        options: &Options,
    ) -> Result<(Self, f64), Error> {
        let mut child = Command::new(env::current_exe()?)
            .args([DRIVE, scenario.coding.name()])
            .args([scenario.sockets, scenario.wedged].map(|count| count.to_string()))
            .arg(if options.pinned { "pinned" } else { "unpinned" })
            .arg(match options.waiting {
                Waiting::Busy => "busy",
                Waiting::Sleeping => "sleeping",
            })
            .args(server.args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut driver = Self {
            commands: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().ok_or("no standard output")?),
            child,
        };
        let idle = driver.answer()?.parse()?;
        Ok((driver, idle))
    }

    /// Publishes bursts for a slice of the time.
    pub(super) fn slice(&mut self, burst: usize, time: Duration) -> Result<Slice, Error> {
        self.ask(&format!("{burst} {}", time.as_millis()))?.parse()
    }

    /// The server's private memory, in bytes.
    pub(super) fn memory(&mut self) -> Result<f64, Error> {
        Ok(self.ask("memory")?.parse()?)
    }

    fn ask(&mut self, command: &str) -> Result<String, Error> {
        let commands = self.commands.as_mut().ok_or("no standard input")?;
        writeln!(commands, "{command}")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        match line.trim().strip_prefix("failed: ") {
            Some(error) => Err(error.into()),
            None if line.is_empty() => Err("the driver ended".into()),
            None => Ok(line.trim().to_owned()),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It ends with its commands, and ends its server first.
        self.commands = None;
        let _ = self.child.wait();
    }
}

/// Drives a server, as the arguments say, until standard input ends.
pub fn drive(args: &[String]) -> Result<(), Error> {
    let failed = match Driven::start(args).and_then(Driven::serve) {
        Ok(()) => return Ok(()),
        Err(error) => error.to_string().replace('\n', " "),
    };
    println!("failed: {failed}");
    Ok(())
}

/// The server and its sockets, in the driver's process.
struct Driven {
    process: Process,
    crowd: Crowd,
}

impl Driven {
    fn start(args: &[String]) -> Result<Self, Error> {
        let [coding, sockets, wedged, pinned, waiting, server @ ..] = args else {
            return Err("expected a scenario and a server".into());
        };
        let scenario = Scenario {
            sockets: sockets.parse()?,
            coding: Coding::parse(coding)?,
            wedged: wedged.parse()?,
        };
        let server = Server::parse(server)?;
        let waiting = match waiting.as_str() {
            "busy" => Waiting::Busy,
            _ => Waiting::Sleeping,
        };
        allow_many_sockets()?;
        let pinned = pinned == "pinned" && pin_client()?;
        let mut process = Process::launch(server.command(scenario.coding)?, pinned)?;
        let publish = process.stdin().ok_or("no standard input")?;
        let addr = process.addr();
        let mut crowd = Crowd::new(addr, server.peer(), publish, scenario, waiting)?;

        crowd.connect_first()?;
        process.settle(REST)?;
        if server.delivers() {
            crowd.publish(1)?;
            crowd.fill()?;
            process.settle(REST)?;
        }
        let before = process.private_bytes()?;
        let sockets = crowd.connect_rest()?;
        process.settle(REST)?;
        let idle = (process.private_bytes()? as f64 - before as f64) / sockets as f64;
        let mut driven = Self { process, crowd };
        if server.delivers() {
            for burst in BURSTS {
                driven.slice(burst, WARM_UP)?;
            }
        }
        println!("{idle}");
        Ok(driven)
    }

    fn serve(mut self) -> Result<(), Error> {
        for command in io::stdin().lines() {
            match command?.split_once(' ') {
                Some((burst, millis)) => {
                    let time = Duration::from_millis(millis.parse()?);
                    println!("{}", self.slice(burst.parse()?, time)?);
                }
                None => println!("{}", self.process.private_bytes()?),
            }
        }
        Ok(())
    }

    fn slice(&mut self, burst: usize, time: Duration) -> Result<Slice, Error> {
        let burst = u8::try_from(burst)?;
        let mut latencies = Vec::new();
        let (cpu, bytes) = (self.process.cpu_time()?, self.crowd.bytes());
        let began = Instant::now();
        while latencies.is_empty() || began.elapsed() < time {
            let latency = self.crowd.publish(burst)?;
            latencies.push(u64::try_from(latency.as_nanos())?);
        }
        sleep(SETTLE);
        let cpu = self.process.cpu_time()? - cpu;
        Ok(Slice {
            cpu,
            bytes: self.crowd.bytes() - bytes,
            latencies,
        })
    }
}
