//! Command line of the examples.

use std::{env, io, process::exit};

use tokio::runtime::{Builder, Runtime};

const USAGE: &str = "\
Options:
  --addr HOST:PORT          where to listen (127.0.0.1:8888)
  --threads N               worker threads; 1 runs everything on one (one per core)
  --max-message-size BYTES  largest message accepted (67108864)
  --no-deflate              never compress messages";

/// What the command line says, or the defaults.
pub(crate) struct Options {
    pub(crate) addr: String,
    pub(crate) max_message_size: usize,
    /// Whether messages are compressed where the client offers it.
    pub(crate) deflate: bool,
    threads: Option<usize>,
}

/// Reads the command line; ends the process if it makes no sense.
pub(crate) fn from_args() -> Options {
    let mut options = Options {
        addr: String::from("127.0.0.1:8888"),
        max_message_size: 64 << 20,
        deflate: true,
        threads: None,
    };
    let mut args = env::args().skip(1);
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--addr" => options.addr = value(args.next(), &flag),
            "--threads" => options.threads = Some(value(args.next(), &flag)),
            "--max-message-size" => options.max_message_size = value(args.next(), &flag),
            "--no-deflate" => options.deflate = false,
            "--help" | "-h" => {
                println!("{USAGE}");
                exit(0);
            }
            _ => fail(&format!("unknown option {flag}")),
        }
    }
    options
}

impl Options {
    /// The runtime with as many threads as were asked for.
    pub(crate) fn runtime(&self) -> io::Result<Runtime> {
        let mut builder = match self.threads {
            Some(1) => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        if let Some(threads) = self.threads.filter(|&threads| threads > 1) {
            builder.worker_threads(threads);
        }
        builder.enable_all().build()
    }
}

fn value<T: std::str::FromStr>(text: Option<String>, flag: &str) -> T {
    text.and_then(|text| text.parse().ok())
        .unwrap_or_else(|| fail(&format!("{flag} needs a value")))
}

fn fail(problem: &str) -> ! {
    eprintln!("{problem}\n{USAGE}");
    exit(2);
}
