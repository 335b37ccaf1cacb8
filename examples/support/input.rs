//! The standard input of the examples.

use std::{
    io::{BufRead, stdin},
    thread,
};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The lines of the input, read by a thread that does not keep the process from ending: a
/// runtime would wait for the read of tokio's `Stdin`, and so for another line.
pub(crate) fn lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        let mut lines = stdin().lock().lines().map_while(Result::ok);
        while lines.next().is_some_and(|line| sender.send(line).is_ok()) {}
    });
    receiver
}
