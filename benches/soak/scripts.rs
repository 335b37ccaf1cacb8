//! What each kind of client does with its connection.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, interval_at, sleep};

use crate::{
    early,
    kinds::{KINDS, MESSAGE, Script, WRITE, Wrong},
    load::Load,
    opening::{left, open, text},
    options::Mode,
    peer::{Event, Peer},
    support::{
        BINARY, CLOSE, PING, TEXT, close_frame,
        deflate::{COMPRESSED_BINARY, deflated, json},
        frame, header,
    },
};

/// Between two messages of a busy client.
const PAUSE: Duration = Duration::from_secs(10);

/// What is sent, and expected back.
pub(crate) struct Texts {
    /// A frame, and its message.
    pub(crate) small: (Vec<u8>, Vec<u8>),
    big: (Vec<u8>, Vec<u8>),
    bomb: Vec<u8>,
}

impl Texts {
    pub(crate) fn new(mode: Mode) -> Self {
        let text = |len| {
            let message = json(len);
            let frame = if mode == Mode::Compressed {
                frame(COMPRESSED_BINARY, &deflated(&message))
            } else {
                frame(BINARY, &message)
            };
            (frame, message)
        };
        Self {
            small: text(120),
            big: text(256 << 10),
            bomb: frame(COMPRESSED_BINARY, &deflated(&vec![0; 2 << 20])),
        }
    }
}

/// A script runs on a connection from its beginning; yields what the client saw.
pub(crate) async fn run(load: &Arc<Load>, kind: usize, n: u64) -> Result<String, String> {
    let script = KINDS[kind].script;
    match script {
        Script::Begins(begin) | Script::Waits(begin) => {
            return early::without_request(load, kind, n, begin).await;
        }
        Script::Carrier(end) => return early::on_its_own(load, kind, n, end).await,
        Script::Refused => return early::refused(load, kind, n).await,
        Script::Leaves => return early::leaves(load, kind, n).await,
        _ => {}
    }
    let mut peer = open(load, kind, n).await?;
    if let Script::Idle | Script::Busy | Script::Subscriber | Script::Pings = script {
        load.stays();
    }
    let small = &load.texts.small;
    match script {
        Script::Idle => {
            peer.echo(&small.0, &small.1).await?;
            peer.forget();
            peer.until_end(true).await
        }
        Script::Busy => busy(load, peer, n).await,
        Script::Pings => pings(peer, n).await,
        Script::Subscriber => subscriber(peer).await,
        Script::Close(code) => {
            peer.echo(&small.0, &small.1).await?;
            close(peer, code).await
        }
        Script::Closed => {
            peer.echo(&small.0, &small.1).await?;
            peer.until_end(true).await
        }
        Script::Ends => {
            peer.echo(&small.0, &small.1).await?;
            peer.wire.end().await.map_err(text)?;
            peer.until_end(true).await
        }
        Script::Resets => {
            peer.echo(&small.0, &small.1).await?;
            peer.wire.reset();
            Ok(left())
        }
        Script::ResetsInMessage => {
            let (big, _) = &load.texts.big;
            peer.send(&big[..big.len() / 2]).await.map_err(text)?;
            peer.wire.reset();
            Ok(left())
        }
        Script::Wrong(wrong) => {
            let bytes = match wrong {
                Wrong::Garbage => load.garbage(),
                Wrong::Utf8 => frame(TEXT, b"caf\xe9"),
                Wrong::TooLarge => header(BINARY, 2 << 20),
                Wrong::Bomb => load.texts.bomb.clone(),
            };
            peer.send(&bytes).await.map_err(text)?;
            peer.until_end(false).await
        }
        Script::Flood => {
            let bytes = [close_frame(1000), frame(BINARY, &[7; 1000]).repeat(64)].concat();
            // Not all of it need be taken.
            let _ = peer.send(&bytes).await;
            peer.until_end(false).await
        }
        Script::Fragments => fragments(peer).await,
        Script::Big => {
            let (frame, message) = &load.texts.big;
            peer.echo(frame, message).await?;
            close(peer, Some(1000)).await
        }
        Script::Slow => {
            peer.pace = Some((8192, Duration::from_millis(50)));
            let mut received = 0;
            while received < 256 << 10 {
                match peer.event().await.map_err(text)? {
                    Event::Message(message) => received += message.len(),
                    other => return Err(format!("{other:?} in place of a message")),
                }
            }
            close(peer, Some(1000)).await
        }
        Script::Wedged => {
            sleep(Duration::from_secs(2 * WRITE)).await;
            Ok(peer.drain().await)
        }
        Script::Dead => {
            peer.answers_pings = false;
            peer.until_end(false).await
        }
        Script::Drips => drips(peer).await,
        Script::Leaves
        | Script::Refused
        | Script::Begins(_)
        | Script::Waits(_)
        | Script::Carrier(_)
        | Script::Shared => Err(String::from("no script for an open connection")),
    }
}

async fn close(mut peer: Peer, code: Option<u16>) -> Result<String, String> {
    let bytes = code.map_or_else(|| frame(CLOSE, &[]), close_frame);
    peer.send(&bytes).await.map_err(text)?;
    peer.until_end(false).await
}

async fn fragments(mut peer: Peer) -> Result<String, String> {
    let message = vec![7; 2000];
    for (n, piece) in message.chunks(100).enumerate() {
        let opcode = if n == 0 { 0x02 } else { 0 };
        let fin = if n == 19 { 0x80 } else { 0 };
        peer.send(&frame(fin | opcode, piece)).await.map_err(text)?;
        if n % 5 == 2 {
            peer.send(&frame(PING, &[7])).await.map_err(text)?;
            match peer.event().await.map_err(text)? {
                Event::Pong(payload) if payload == [7] => {}
                other => return Err(format!("{other:?} in place of a pong")),
            }
        }
    }
    match peer.event().await.map_err(text)? {
        Event::Message(echoed) if echoed == message => close(peer, Some(1000)).await,
        other => Err(format!("{other:?} in place of an echo")),
    }
}

async fn drips(mut peer: Peer) -> Result<String, String> {
    let bytes = frame(BINARY, &[7; 125]);
    peer.send(&bytes[..10]).await.map_err(text)?;
    let begin = Instant::now();
    let mut rest = bytes[10..110].iter();
    loop {
        // A byte a second, as long as the server lets it.
        match tokio::time::timeout(Duration::from_secs(1), peer.event()).await {
            Ok(event) => {
                let Event::Close(code) = event.map_err(text)? else {
                    return Err(String::from("no Close to a message that drips"));
                };
                let _ = peer.until_end(false).await?;
                return Ok(format!("Close {code}"));
            }
            Err(_) if begin.elapsed() > Duration::from_secs(5 * MESSAGE) => {
                return Err(String::from("may drip for ever"));
            }
            Err(_) => {
                let Some(&byte) = rest.next() else { continue };
                let _ = peer.send(&[byte]).await;
            }
        }
    }
}

/// So that not all do it at the same time.
fn ticks(n: u64) -> tokio::time::Interval {
    let first = PAUSE * u32::try_from(n * 37 % 1000).expect("below 1000") / 1000;
    interval_at(Instant::now() + first, PAUSE)
}

async fn busy(load: &Load, mut peer: Peer, n: u64) -> Result<String, String> {
    let mut ticks = ticks(n);
    let (frame, message) = &load.texts.small;
    loop {
        tokio::select! {
            event = peer.event() => match event.map_err(text)? {
                Event::Close(code) => return closed(peer, code).await,
                other => return Err(format!("{other:?} where nothing was sent")),
            },
            _ = ticks.tick() => {}
        }
        let sent = Instant::now();
        peer.send(frame).await.map_err(text)?;
        match peer.event().await.map_err(text)? {
            Event::Message(echoed) if echoed == *message => load.latency(sent.elapsed()),
            // It crossed the message.
            Event::Close(code) => return closed(peer, code).await,
            other => return Err(format!("{other:?} in place of an echo")),
        }
    }
}

async fn pings(mut peer: Peer, n: u64) -> Result<String, String> {
    let mut ticks = ticks(n);
    let mut sent = 0_u64;
    let mut answered = 0_u64;
    loop {
        tokio::select! {
            event = peer.event() => match event.map_err(text)? {
                Event::Close(code) => return closed(peer, code).await,
                Event::Pong(payload) if payload == sent.to_be_bytes() => answered += 1,
                other => return Err(format!("{other:?} where a pong may come")),
            },
            _ = ticks.tick() => {
                // On a machine that is busy it may still come.
                if answered < sent {
                    continue;
                }
                sent += 1;
                peer.send(&frame(PING, &sent.to_be_bytes())).await.map_err(text)?;
            }
        }
    }
}

/// The messages have numbers.
async fn subscriber(mut peer: Peer) -> Result<String, String> {
    let mut last = None;
    loop {
        match peer.event().await.map_err(text)? {
            Event::Message(message) => {
                let n = std::str::from_utf8(&message)
                    .ok()
                    .and_then(|n| n.parse::<u64>().ok());
                let n = n.ok_or("what was not published")?;
                if last.is_some_and(|last| n != last + 1) {
                    return Err(format!("message {n} after {last:?}"));
                }
                last = Some(n);
            }
            Event::Close(code) => return closed(peer, code).await,
            other => return Err(format!("{other:?} in place of what is published")),
        }
    }
}

/// The server has closed: the rest of it.
async fn closed(mut peer: Peer, code: u16) -> Result<String, String> {
    let _ = peer.send(&close_frame(code)).await;
    match peer.until_end(false).await?.as_str() {
        "end" => Ok(format!("Close {code}")),
        other => Ok(format!("Close {code}, then {other}")),
    }
}
