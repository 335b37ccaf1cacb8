//! The server's process, as the load's sees it.

use std::{env, process::Stdio, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{sleep, timeout},
};

use crate::{
    figures::Look,
    load::Load,
    options::{Mode, Options},
    sheet::Recorded,
    tls,
};

/// Says that this process is the server.
pub(crate) const SERVER: &str = "SOAK_SERVER";
/// What may be left of the heap: queues and tables that keep the room that they had.
const LEFT: u64 = 1 << 20;
/// What the server's two threads keep of compressors: 32 each, of a third of a MiB.
const COMPRESSORS: u64 = 22 << 20;
const QUIET: Duration = Duration::from_secs(180);

/// The process of the server.
pub(crate) struct Server {
    /// Killed if this one fails.
    _child: Child,
    stdin: ChildStdin,
    /// What may be left of the heap.
    spare: u64,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    pub(crate) async fn start(options: &Options) -> (Self, Arc<Load>) {
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args(env::args_os().skip(1))
            .env(SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a server");
        let stdin = child.stdin.take().expect("piped");
        let stdout = child.stdout.take().expect("piped");
        let mut server = Self {
            _child: child,
            stdin,
            spare: match options.mode {
                Mode::Compressed => LEFT + COMPRESSORS,
                _ => LEFT,
            },
            lines: BufReader::new(stdout).lines(),
        };
        let line = server.line().await;
        let (addr, certificate) = line.split_once(' ').expect("an address");
        let tls = (options.mode == Mode::Tls).then(|| tls::connector(certificate));
        let addr = addr.parse().expect("an address");
        (server, Load::new(options.mode, addr, tls, options.seed))
    }

    async fn line(&mut self) -> String {
        let line = self.lines.next_line().await.expect("the server's output");
        line.expect("the server has ended")
    }

    pub(crate) async fn ask(&mut self, what: &str) -> String {
        let line = format!("{what}\n");
        self.stdin
            .write_all(line.as_bytes())
            .await
            .expect("a server");
        self.line().await
    }

    pub(crate) async fn look(&mut self) -> Look {
        Look::read(&self.ask("look").await)
    }

    pub(crate) async fn books(&mut self) -> Recorded {
        let mut recorded = Recorded::default();
        let mut line = self.ask("books").await;
        while line != "." {
            recorded.add(&line);
            line = self.line().await;
        }
        recorded
    }

    /// Waits until nobody is there and all is as it was; and what is left, if not.
    pub(crate) async fn quiet(&mut self, base: Option<Look>) -> (Look, Vec<String>) {
        let mut last = self.look().await;
        let spare = self.spare;
        let left = |look: &Look| {
            let base = base.unwrap_or(Look {
                heap: u64::MAX - spare,
                files: u64::MAX,
                tasks: u64::MAX,
                ..Look::default()
            });
            [
                ("WebSockets", look.open, 0),
                ("connections of HTTP", look.http, 0),
                ("files", look.files, base.files),
                ("tasks", look.tasks, base.tasks),
                ("bytes of heap", look.heap, base.heap + spare),
            ]
            .into_iter()
            .filter(|(_, is, most)| is > most)
            .map(|(what, is, most)| format!("{is} {what} are left, of {most}"))
            .collect::<Vec<_>>()
        };
        let quiet = async {
            while !left(&last).is_empty() {
                sleep(Duration::from_millis(100)).await;
                last = self.look().await;
            }
        };
        let _ = timeout(QUIET, quiet).await;
        // What is dropped last may still hold something.
        sleep(Duration::from_millis(300)).await;
        let last = self.look().await;
        (last, left(&last))
    }
}
