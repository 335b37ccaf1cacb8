//! A client that connects again: what is typed is sent, line by line, and what comes is printed.
//!
//!     cargo run --features client --example reconnecting -- ws://127.0.0.1:8888/ws
//!
//! Stop the server and start it again. What was typed meanwhile is sent then, and so is what did
//! not leave. The end of the input closes the connection.

#[path = "support/input.rs"]
mod input;

use std::{collections::VecDeque, env, error::Error};

use tower_websock::{
    Message,
    client::{
        Builder, Retry,
        reconnecting::{Event, SendError, State},
    },
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let uri = env::args().nth(1).ok_or("ws://HOST:PORT/PATH is missing")?;
    let mut socket = Builder::new()
        .reconnecting(uri)
        .retry(Retry::new().max_retries(Some(20)))
        .on_state(|state| match state {
            State::Connecting(attempt) => eprintln!("connecting, attempt {}", attempt.number()),
            State::Open { number } => eprintln!("connection {number} is open"),
            State::Waiting { wait, why } => eprintln!("{why}; again in {wait:.1?}"),
            _ => {}
        })
        .build();
    let mut lines = input::lines();
    // What was sent, and did not leave.
    let mut again = VecDeque::new();
    loop {
        let line = tokio::select! {
            event = socket.recv() => match event {
                Some(Ok(Event::Message(Message::Text(text)))) => {
                    println!("{text}");
                    continue;
                }
                // It was sent before what is in `again`.
                Some(Ok(Event::Lost { unsent, .. })) => {
                    again = unsent.into_iter().chain(again).collect();
                    continue;
                }
                Some(Ok(_)) => continue,
                Some(Err(stopped)) => return Err(stopped.into()),
                None => return Ok(()),
            },
            Some(line) = async { again.pop_front() }, if socket.is_open() => line,
            line = lines.recv(), if again.is_empty() && socket.is_open() => match line {
                Some(line) => line.into(),
                None => Message::Close(None),
            },
        };
        let sent = socket.send(line).await;
        if let Some(line) = sent.err().and_then(SendError::into_message) {
            again.push_front(line);
        }
    }
}
