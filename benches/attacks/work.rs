//! Handlers that work for long on each of 100 messages that wait: when their answers arrive.

use std::{
    io::{Read, Write},
    thread,
    time::{Duration, Instant},
};

use tokio::runtime;
use tower_websock::{Config, DeflateConfig, Error, Message, WebSocket};

use crate::{
    attacker::{OFFER, open},
    millis,
    support::{BINARY, frame, serve},
};

/// Prints the table; returns whether the first answer of each row was in time, in one of some
/// attempts.
pub(crate) fn print(attempts: usize, is_quick: bool) -> bool {
    println!("| work on each | message | compression | first answer (ms) | 100th |");
    println!("|---|---|---|---|---|");
    let mut is_good = true;
    let works: &[u64] = if is_quick { &[5] } else { &[20, 5, 1] };
    for each in works.iter().copied().map(Duration::from_millis) {
        for (size, deflate) in [(32, false), (1000, false), (1000, true)] {
            is_good &= (0..attempts).any(|_| row(each, size, deflate));
        }
    }
    println!();
    is_good
}

/// Works so long on each message, and answers it.
async fn work(mut socket: WebSocket, each: Duration) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        let message: Message = message?;
        thread::sleep(each);
        socket.send(message).await?;
    }
    Ok(())
}

/// Prints when the first and the last answers arrive; returns whether the first was in time.
fn row(each: Duration, size: usize, deflate: bool) -> bool {
    let runtime = (runtime::Builder::new_multi_thread().worker_threads(1))
        .enable_all()
        .build()
        .unwrap();
    let mut config = Config::new();
    if deflate {
        config = config.deflate(DeflateConfig::new());
    }
    let addr = runtime.block_on(serve(move |socket: WebSocket| work(socket, each), config));
    let mut io = open(addr, "/", OFFER).unwrap();
    let begin = Instant::now();
    io.write_all(&frame(BINARY, &vec![7; size]).repeat(100))
        .unwrap();
    let mut head = [0; 4];
    let mut arrivals = Vec::new();
    for _ in 0..100 {
        io.read_exact(&mut head[..2]).unwrap();
        let mut len = usize::from(head[1]);
        if len == 126 {
            io.read_exact(&mut head[2..]).unwrap();
            len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        }
        io.read_exact(&mut vec![0; len]).unwrap();
        arrivals.push(begin.elapsed());
    }
    runtime.shutdown_background();
    let (first, last) = (arrivals[0], arrivals[99]);
    let deflate = if deflate { "on" } else { "off" };
    println!(
        "| {:.0} ms | {size} B | {deflate} | {:.1} | {:.1} |",
        millis(each),
        millis(first),
        millis(last)
    );
    first < 3 * each + Duration::from_millis(10)
}
