//! The measurement of one scene: a server, a victim, and attackers.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    SERVER,
    attack::{Attack, Bounds},
    attacker::{self, Target},
    millis,
    support::{BINARY, frame},
};

/// Before latencies count.
const WARM: Duration = Duration::from_millis(200);
/// Of the victim for an echo.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two messages of the victim.
const PAUSE: Duration = Duration::from_millis(2);

pub(crate) struct Measured {
    /// The victim's, sorted.
    latencies: Vec<Duration>,
    /// That the victim has had in all.
    echoes: usize,
    attackers: usize,
    /// Bytes of the attackers.
    sent: u64,
    /// Bytes by which the server's heap has grown at its peak.
    held: i64,
    /// The server's, in nanoseconds.
    cpu: u64,
}

impl Measured {
    pub(crate) fn of(
        attack: Option<&Attack>,
        threads: usize,
        attackers: usize,
        time: Duration,
    ) -> Self {
        let (mut server, addr) = Server::start(threads);
        let mut victim = Victim::new(addr);
        // It has all that it needs then.
        victim.echo_for(10 * PAUSE);
        server.mark();
        let (_, cpu_before) = server.look();
        let target = Target {
            addr,
            sent: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        };
        thread::scope(|scope| {
            for _ in 0..attackers {
                let attack = attack.expect("an attack for the attackers");
                let target = &target;
                scope.spawn(move || attacker::run(target, attack));
            }
            let warm = victim.echo_for(WARM).len();
            let mut latencies = victim.echo_for(time);
            latencies.sort();
            let (held, cpu) = server.look();
            let sent = target.sent.load(Ordering::Relaxed);
            target.stop.store(true, Ordering::Relaxed);
            Self {
                echoes: warm + latencies.len(),
                latencies,
                attackers,
                sent,
                held,
                cpu: cpu - cpu_before,
            }
        })
    }

    /// Does not count what the victim costs when it is alone.
    pub(crate) fn without(mut self, alone: &Self) -> Self {
        let each = alone.cpu / alone.echoes.max(1) as u64;
        self.cpu = self.cpu.saturating_sub(each * self.echoes as u64);
        self
    }

    /// Latency at a percentile.
    pub(crate) fn at(&self, percent: usize) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[last * percent / 100]
    }

    /// KiB for each attacker.
    pub(crate) fn held(&self) -> f64 {
        self.held.max(0) as f64 / 1024.0 / self.attackers.max(1) as f64
    }

    /// Bytes held for each byte that was sent.
    pub(crate) fn held_a_byte(&self) -> f64 {
        self.held.max(0) as f64 / self.sent as f64
    }

    /// Nanoseconds for each byte that was sent.
    pub(crate) fn cpu_a_byte(&self) -> f64 {
        self.cpu as f64 / self.sent as f64
    }

    pub(crate) fn is_within(&self, bounds: &Bounds) -> bool {
        // Of nothing sent, the figures for each byte are none.
        let is_cheap = self.sent == 0 || self.cpu_a_byte() <= bounds.cpu;
        self.at(99) <= bounds.p99 && self.held() <= bounds.held && is_cheap
    }

    /// What it is, beside what it may be.
    pub(crate) fn excess(&self, bounds: &Bounds) -> String {
        format!(
            "p99 {:.2} ms (at most {:.0}), {:.0} KiB held (at most {:.0}), {:.1} ns a byte (at most {:.0})",
            millis(self.at(99)),
            millis(bounds.p99),
            self.held(),
            bounds.held,
            self.cpu_a_byte(),
            bounds.cpu
        )
    }
}

struct Victim {
    io: TcpStream,
    /// It waited for an echo in vain.
    is_lost: bool,
}

impl Victim {
    fn new(addr: SocketAddr) -> Self {
        let io = attacker::open(addr, "/echo", "").expect("a server");
        io.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self { io, is_lost: false }
    }

    /// The latencies of its echoes.
    fn echo_for(&mut self, time: Duration) -> Vec<Duration> {
        let message = frame(BINARY, &[7; 32]);
        let mut latencies = Vec::new();
        let begin = Instant::now();
        while begin.elapsed() < time && !self.is_lost {
            let sent = Instant::now();
            self.io.write_all(&message).expect("a server");
            self.is_lost = self.io.read_exact(&mut [0; 34]).is_err();
            latencies.push(sent.elapsed());
            thread::sleep(PAUSE);
        }
        if latencies.is_empty() {
            latencies.push(PATIENCE);
        }
        latencies
    }
}

/// Its process, which is killed when this is dropped.
struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(threads: usize) -> (Self, SocketAddr) {
        let mut child = Command::new(env::current_exe().expect("this program"))
            .env(SERVER, threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut server = Self {
            child,
            stdin,
            stdout,
        };
        let addr = server.line().parse().expect("an address");
        (server, addr)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a line");
        line.trim().to_owned()
    }

    fn mark(&mut self) {
        self.stdin.write_all(b"mark\n").expect("a server");
        self.line();
    }

    /// Bytes above the mark at most, and processor time.
    fn look(&mut self) -> (i64, u64) {
        self.stdin.write_all(b"look\n").expect("a server");
        let line = self.line();
        let (held, cpu) = line.split_once(' ').expect("two figures");
        (
            held.parse().expect("bytes"),
            cpu.parse().expect("nanoseconds"),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
