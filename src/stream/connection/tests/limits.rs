//! Deadlines of an open connection: of a message, of our output, and of its life.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, advance};

use super::harness::{
    Io, MILLISECOND, STEP, Supervised, Task, Wire, binary, client_with, config, frame, kept_ticket,
    ping,
};
use crate::{
    config::{Config, KeepAlive},
    message::{CloseFrame, Message},
    protocol::{Batch, Closure, Compress, Initiator, Loss},
    stream::{error::Error, handle::Handle},
    wire::{ProtocolError, close_code},
};

const TIMEOUT: Duration = Duration::from_secs(10);
const TOO_SLOW: ProtocolError = ProtocolError::MessageTimeout;

fn unwatched() -> Config {
    config().keep_alive(KeepAlive::OFF).write_timeout(None)
}

fn hurried() -> Config {
    unwatched().message_timeout(Some(TIMEOUT))
}

fn recv(handle: &Handle<Io>, batch: &mut Batch, cx: &mut Context<'_>) {
    while let Poll::Ready(Some(Ok(_))) = handle.poll_recv::<Error>(cx, batch) {}
}

fn nothing(_: &Handle<Io>, _: &mut Batch, _: &mut Context<'_>) {}

/// A Close with this code and some reason.
#[track_caller]
fn assert_closes(written: &[u8], code: u16, reason: &str) {
    let body = [&code.to_be_bytes(), reason.as_bytes()].concat();
    assert_eq!(written, [&[0x88, body.len() as u8], &body[..]].concat());
}

const REASON: &str = "message took too long (message_timeout)";

/// 10.4: bytes that drip, and pings among them, do not give a message more time. It is counted
/// from the first byte of its first header.
#[tokio::test(start_paused = true)]
async fn dripping_message_fails_at_its_deadline() {
    let frames = [
        binary(100),
        [frame(0x02, b"abc"), ping(), frame(0x00, b"d")].concat(),
    ];
    for (bytes, is_received) in frames
        .iter()
        .flat_map(|bytes| [(bytes, true), (bytes, false)])
    {
        let wire = Wire::new();
        let mut server = Supervised::configured(wire.clone(), hurried());
        let poll = |server: &mut Supervised| {
            let _ = server.poll_with(if is_received { recv } else { nothing });
        };
        poll(&mut server);
        advance(TIMEOUT).await;
        let began = Instant::now();
        let mut bytes = bytes.iter().chain(&[0; 100]);
        while began.elapsed() < TIMEOUT {
            assert!(server.closure().is_none());
            wire.send(&[*bytes.next().unwrap()]);
            poll(&mut server);
            advance(TIMEOUT / 20).await;
        }
        assert!(server.task.wakes() > 0);
        wire.written();
        poll(&mut server);
        assert_eq!(server.closure(), Some(Closure::Failed(TOO_SLOW)));
        assert_closes(&wire.written(), 1008, REASON);
        if !is_received {
            let mut last = server.recv();
            while matches!(last, Poll::Ready(Some(Ok(_)))) {
                last = server.recv();
            }
            assert!(matches!(
                last,
                Poll::Ready(Some(Err(Error::Protocol(TOO_SLOW))))
            ));
            assert!(matches!(server.recv(), Poll::Ready(None)));
        }
        // 7.1.1: the transport ends in order.
        assert!(wire.is_shut());
        wire.end();
        assert!(server.poll().is_ready());
    }
}

#[tokio::test(start_paused = true)]
async fn message_has_all_of_its_time() {
    let wire = Wire::new();
    let mut server = Supervised::configured(wire.clone(), hurried());
    let message = binary(2);
    wire.send(&message[..1]);
    assert!(server.recv().is_pending());
    assert!(!server.pass(TIMEOUT - MILLISECOND).await);
    wire.send(&message[1..]);
    assert!(matches!(server.recv(), Poll::Ready(Some(Ok(_)))));
    // And then nothing is waited for.
    assert!(server.recv().is_pending());
    server.pass(10 * TIMEOUT).await;
    assert_eq!(server.closure(), None);
}

/// Another one is always under way when the last one is complete.
#[tokio::test(start_paused = true)]
async fn each_message_has_its_own_time() {
    let frames = [binary(3), ping(), [binary(3), ping()].concat()];
    let acts = [recv, nothing] as [fn(&Handle<Io>, &mut Batch, &mut Context<'_>); 2];
    for (act, message) in acts
        .iter()
        .flat_map(|act| frames.iter().map(move |f| (act, f)))
    {
        let wire = Wire::new();
        let mut server = Supervised::configured(wire.clone(), hurried());
        wire.send(&message[..1]);
        let _ = server.poll_with(act);
        for _ in 0..20 {
            server.live(TIMEOUT - 2 * STEP, act, |_| false).await;
            wire.send(&message[1..]);
            wire.send(&message[..1]);
            let _ = server.poll_with(act);
            assert_eq!(server.closure(), None);
        }
        server.live(TIMEOUT, act, |_| false).await;
        assert_eq!(server.closure(), Some(Closure::Failed(TOO_SLOW)));
    }
}

/// A peer is not to blame for what we do not read.
#[tokio::test(start_paused = true)]
async fn message_that_is_not_read_has_no_deadline() {
    let wire = Wire::new();
    let mut server = Supervised::configured(wire.clone(), hurried());
    wire.send(&binary(1000).repeat(200));
    assert!(server.poll().is_pending());
    assert!(wire.unread() > 0);
    server.live(5 * TIMEOUT, nothing, |_| false).await;
    assert_eq!(server.closure(), None);
    // It is read again, and what is under way then has its time.
    wire.send(&binary(1000)[..900]);
    while wire.unread() > 0 {
        let _ = server.poll_with(recv);
    }
    server.live(TIMEOUT - 2 * STEP, recv, |_| false).await;
    assert_eq!(server.closure(), None);
    server.live(3 * STEP, recv, |_| false).await;
    assert_eq!(server.closure(), Some(Closure::Failed(TOO_SLOW)));
}

/// A client that does nothing for a while cannot know what has come meanwhile.
#[tokio::test(start_paused = true)]
async fn client_fails_a_message_that_it_waits_for() {
    for is_away in [false, true] {
        let wire = Wire::new();
        let client = client_with(&wire, hurried());
        let (task, mut batch) = (Task::new(), Batch::default());
        let mut recv = || task.poll(|cx| client.poll_recv::<Error>(cx, &mut batch));
        wire.send(&[0x82, 5, 7]);
        assert!(recv().is_pending());
        if is_away {
            advance(5 * TIMEOUT).await;
            assert!(recv().is_pending());
        }
        advance(TIMEOUT - MILLISECOND).await;
        assert!(recv().is_pending());
        assert!(wire.written().is_empty());
        advance(MILLISECOND).await;
        let end = recv();
        assert!(
            matches!(end, Poll::Ready(Some(Err(Error::Protocol(TOO_SLOW))))),
            "{end:?}"
        );
        assert_eq!(wire.written()[6..8], 1008_u16.to_be_bytes());
    }
}

/// As long as the transport takes a byte now and then, output may wait.
#[tokio::test(start_paused = true)]
async fn output_that_nobody_takes_ends_the_connection() {
    let wire = Wire::full();
    let config = unwatched().write_timeout(Some(TIMEOUT));
    let mut server = Supervised::configured(wire.clone(), config);
    assert!(server.recv().is_pending());
    // Nothing waits yet.
    assert!(!server.pass(5 * TIMEOUT).await);
    server.send(binary(100).into()).unwrap();
    for _ in 0..5 {
        server.pass(TIMEOUT - MILLISECOND).await;
        assert!(!wire.is_dropped());
        wire.take(1);
        assert!(server.poll().is_pending());
    }
    server.pass(TIMEOUT - MILLISECOND).await;
    assert!(!wire.is_dropped());
    assert!(server.pass(MILLISECOND).await);
    assert!(wire.is_dropped());
    let end = server.recv();
    assert!(matches!(
        end,
        Poll::Ready(Some(Err(Error::Lost(Loss::WriteStalled))))
    ));
    assert!(matches!(server.recv(), Poll::Ready(None)));
    assert_eq!(server.closure(), Some(Closure::Lost(Loss::WriteStalled)));
}

#[tokio::test(start_paused = true)]
async fn output_that_left_has_no_deadline() {
    let wire = Wire::full();
    let config = unwatched().write_timeout(Some(TIMEOUT));
    let mut server = Supervised::configured(wire.clone(), config);
    server.send("a".into()).unwrap();
    server.pass(TIMEOUT / 2).await;
    wire.take(usize::MAX);
    assert!(server.recv().is_pending());
    assert_eq!(wire.written(), b"\x81\x01a");
    server.pass(5 * TIMEOUT).await;
    assert!(!wire.is_dropped());
}

/// What a client left to wait may have had room all the time.
#[tokio::test(start_paused = true)]
async fn client_that_was_away_tries_again_before_it_gives_up() {
    for has_room in [true, false] {
        let wire = Wire::full();
        let client = client_with(&wire, unwatched().write_timeout(Some(TIMEOUT)));
        let task = Task::new();
        let send = || {
            let mut message = Some(Message::text("a"));
            task.poll(|cx| {
                client.with(|conn| {
                    conn.poll_send(cx, &mut kept_ticket(), &mut message, Compress::IfAgreed)
                })
            })
        };
        assert!(send().is_pending());
        if has_room {
            wire.take(usize::MAX);
        }
        advance(10 * TIMEOUT).await;
        assert!(send().is_ready());
        assert_eq!(wire.is_dropped(), !has_room);
    }
}

/// 7.4.1: 1001. The handler receives until the peer's Close, as after any of ours.
#[tokio::test(start_paused = true)]
async fn connection_has_its_time_to_live() {
    let wire = Wire::new();
    let config = unwatched().max_lifetime(Some(16 * TIMEOUT));
    let mut server = Supervised::configured(wire.clone(), config);
    assert!(server.recv().is_pending());
    let over = server.live(15 * TIMEOUT - STEP, recv, |_| false).await;
    assert_eq!((over, wire.written().len()), (None, 0));
    server.live(TIMEOUT + STEP, recv, |_| false).await;
    assert_closes(&wire.written(), 1001, "going away");
    assert!(matches!(server.send("a".into()), Err(Error::Closed)));
    wire.send(&[binary(1), frame(0x88, &1001_u16.to_be_bytes())].concat());
    assert!(matches!(
        server.recv(),
        Poll::Ready(Some(Ok(Message::Binary(_))))
    ));
    assert!(matches!(
        server.recv(),
        Poll::Ready(Some(Ok(Message::Close(_))))
    ));
    assert!(matches!(server.recv(), Poll::Ready(None)));
    let (initiator, frame) = (
        Initiator::Local,
        Some(CloseFrame::new(close_code::AWAY, "")),
    );
    let Some(closure) = server.closure() else {
        panic!("it is open");
    };
    let sent = CloseFrame::new(close_code::AWAY, "going away");
    assert_eq!(
        (closure.code(), closure.reason()),
        (sent.code, sent.reason.clone())
    );
    let sent = Some(sent);
    let clean = Closure::Clean {
        initiator,
        frame,
        sent,
    };
    assert_eq!(closure, clean);
}

/// Longer than the timer is ever set for, and longer than it can tell.
#[tokio::test(start_paused = true)]
async fn long_life_is_as_long_as_it_is_said() {
    let day = Duration::from_secs(24 * 3600);
    let wire = Wire::new();
    let config = unwatched().max_lifetime(Some(160 * day));
    let mut server = Supervised::configured(wire.clone(), config);
    assert!(server.recv().is_pending());
    for _ in 0..150 {
        server.pass(day).await;
        assert!(wire.written().is_empty());
    }
    for _ in 0..10 {
        server.pass(day).await;
    }
    assert_closes(&wire.written(), 1001, "going away");
}

/// Each at least a millisecond, and then it ends.
#[tokio::test(start_paused = true)]
async fn times_of_zero_are_a_millisecond() {
    let zero = Some(Duration::ZERO);
    let ends = [
        (unwatched().message_timeout(zero), 1008),
        (unwatched().max_lifetime(zero), 1001),
        (unwatched().write_timeout(zero), 0),
    ];
    for (config, code) in ends {
        let wire = if code == 0 { Wire::full() } else { Wire::new() };
        let mut server = Supervised::configured(wire.clone(), config);
        wire.send(&[0x82]);
        server.send("a".into()).unwrap();
        wire.written();
        assert!(server.recv().is_pending());
        assert!(wire.written().is_empty() && !wire.is_dropped());
        server.pass(MILLISECOND).await;
        if code == 0 {
            assert!(wire.is_dropped());
        } else {
            assert_eq!(wire.written()[2..4], u16::to_be_bytes(code));
        }
    }
}

/// Set together, each passes at its time, and that of the others is not touched.
#[tokio::test(start_paused = true)]
async fn all_deadlines_together() {
    let wire = Wire::new();
    let config = config()
        .keep_alive(KeepAlive::new().interval(TIMEOUT).timeout(TIMEOUT))
        .message_timeout(Some(3 * TIMEOUT))
        .write_timeout(Some(2 * TIMEOUT))
        .max_lifetime(Some(16 * TIMEOUT));
    let mut server = Supervised::configured(wire.clone(), config);
    assert!(server.recv().is_pending());
    let began = Instant::now();
    let mut pings = 0;
    // A peer that answers each ping, one byte of the same message a time, up to its deadline.
    server.pass(TIMEOUT / 2).await;
    wire.send(&[0x82]);
    let _ = server.poll_with(recv);
    while server.closure().is_none() {
        advance(STEP).await;
        tokio::task::yield_now().await;
        if server.task.wakes() > 0 {
            let _ = server.poll_with(recv);
        }
        let written = wire.written();
        if written.first() == Some(&0x89) {
            pings += 1;
            wire.send(&[0xFE]);
            let _ = server.poll_with(recv);
        } else if !written.is_empty() {
            assert_closes(&written, 1008, REASON);
        }
    }
    assert_eq!(pings, 2);
    assert_eq!(server.closure(), Some(Closure::Failed(TOO_SLOW)));
    let took = began.elapsed();
    assert!(
        took.abs_diff(TIMEOUT / 2 + 3 * TIMEOUT) <= 2 * STEP,
        "{took:?}"
    );
}

/// The supervisor's own output too, where no other timer runs: pongs, while the handler waits for
/// something else.
#[tokio::test(start_paused = true)]
async fn pongs_that_nobody_takes_have_their_deadline() {
    let wire = Wire::full();
    let config = unwatched().write_timeout(Some(TIMEOUT));
    let mut server = Supervised::configured(wire.clone(), config);
    let _ = server.poll();
    wire.send(&ping());
    let _ = server.poll();
    let over = server.live(2 * TIMEOUT, nothing, |server| server.wire.is_dropped());
    let after = over.await.expect("nobody takes them");
    assert!(after >= TIMEOUT && after <= TIMEOUT + 2 * STEP, "{after:?}");
}
