//! Streams of one connection do not harm each other.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream::FusedStream;
use tokio::{sync::Semaphore, time::timeout};
use tower_websock::{Config, Error, WebSocket, close_code};

use crate::alloc::held;
use crate::report::{Amount::*, Report};
use crate::support::{
    BINARY, CLOSE, TEXT, echo, frame,
    http2::{Event, Raw, RawSocket, STREAM_WINDOW, close, serve},
    raw::soon,
};
use crate::tools::*;

use super::{busy_if_told, close_code_of, expect_echo};

/// Sends small messages to a handler that does not receive, until it is closed for that; returns the
/// code.
async fn overrun(slow: &mut RawSocket) -> usize {
    let mut sent = 0_usize;
    while sent < 10_000 && soon(slow.try_send(frame(TEXT, b"x"))).await {
        sent += 1;
        tokio::task::yield_now().await;
        if sent.is_multiple_of(50) {
            // So that little waits at our end.
            tokio::time::sleep(Duration::from_micros(10)).await;
        }
    }
    close_code_of(slow).await
}

/// h2 ends a connection with too many small DATA frames unread. A stream whose handler does
/// not receive them is closed before that, with 1008; the others go on.
pub(crate) fn abuse_29_small_frames_to_a_busy_handler(report: &mut Report) {
    live(async {
        let addr = serve(busy_if_told, Config::new()).await;
        let mut raw = Raw::connect(addr).await;
        let mut sibling = raw.open().await;
        let mut slow = raw.open().await;
        slow.send(frame(TEXT, b"busy")).await;
        let before = held();
        let code = overrun(&mut slow).await;
        let kept = held() - before;
        report.exactly("close code", Count(code), Count(1008));
        report.at_most("held then, by both ends", Bytes(kept), Bytes(1024 * KIB));
        expect_echo(report, "its sibling is alive", &mut sibling).await;
        expect_echo(report, "a new sibling is alive", &mut raw.open().await).await;
    });
}

/// The handler learns that it has lost messages, and why, also if it does so late.
pub(crate) fn abuse_29_handler_is_told_of_dropped_messages(report: &mut Report) {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let closed = Arc::new(Semaphore::new(0));
    let go_on = closed.clone();
    live(async {
        let addr = serve(
            move |mut socket: WebSocket| {
                let (tell, closed) = (tell.clone(), closed.clone());
                async move {
                    let _ = closed.acquire().await;
                    let first = socket.recv().await;
                    let was_terminated = socket.is_terminated();
                    let _ = tell.send((first, was_terminated, socket.recv().await));
                    Ok::<_, Error>(())
                }
            },
            Config::new(),
        )
        .await;
        let mut raw = Raw::connect(addr).await;
        let mut slow = raw.open().await;
        assert_eq!(overrun(&mut slow).await, close_code::POLICY.into());
        go_on.add_permits(1);
        let (first, was_terminated, then) = soon(told.recv()).await.unwrap();
        assert!(matches!(first, Some(Err(Error::Overrun))), "{first:?}");
        let errors = 1 + usize::from(!was_terminated || then.is_some());
        report.exactly("errors that say so", Count(errors), Count(1));
    });
}

/// A few thousand small messages wait for their handler.
pub(crate) fn abuse_29_small_frames_to_a_slow_handler(report: &mut Report) {
    const COUNT: usize = 5000;
    live(async {
        let addr = serve(
            async |socket: WebSocket| {
                tokio::time::sleep(Duration::from_millis(300)).await;
                echo(socket).await
            },
            Config::new(),
        )
        .await;
        let mut raw = Raw::connect(addr).await;
        let mut sibling = raw.open().await;
        let mut slow = raw.open().await;
        for number in 0..COUNT {
            slow.send(frame(TEXT, number.to_string().as_bytes())).await;
        }
        let mut echoed = 0;
        for number in 0..COUNT {
            let echo = Event::Frame(TEXT, number.to_string().into_bytes());
            echoed += usize::from(slow.next().await == echo);
        }
        report.exactly("messages echoed in order", Count(echoed), Count(COUNT));
        expect_echo(report, "its sibling is alive", &mut sibling).await;
        slow.send(frame(CLOSE, &close(1000))).await;
        assert_eq!(slow.next().await, Event::Frame(CLOSE, close(1000)));
    });
}

/// Large frames fill the stream's window, and no more than that of the connection's.
pub(crate) fn abuse_29_large_frames_to_busy_handlers(report: &mut Report) {
    const STREAMS: usize = 30;
    live(async {
        let addr = serve(busy_if_told, Config::new()).await;
        let mut raw = Raw::connect(addr).await;
        let mut sibling = raw.open().await;
        let mut stalled = Vec::new();
        for _ in 0..STREAMS {
            let mut slow = raw.open().await;
            slow.send(frame(TEXT, b"busy")).await;
            let mut sent = 0;
            let message = frame(BINARY, &[0; 16_000]);
            let patience = Duration::from_millis(20);
            while timeout(patience, slow.try_send(message.clone()))
                .await
                .is_ok()
            {
                sent += message.len();
                let (sent, bound) = (Bytes(sent as isize), Bytes(256 * KIB));
                report.at_most("taken of each of 30 streams", sent, bound);
            }
            stalled.push(slow);
        }
        expect_echo(report, "their sibling is alive", &mut sibling).await;
        expect_echo(report, "a new sibling is alive", &mut raw.open().await).await;
    });
}

/// What the handler does not receive of a large message waits in the stream's window, whatever
/// DATA frames it comes in: many small ones end the stream before they end the connection.
pub(crate) fn abuse_29_large_message_to_a_busy_handler(report: &mut Report) {
    const LEN: usize = 1_000_000;
    // What waits for the handler, the input, and what the stream's window lets in.
    const MOST: usize = 64 * 1024 + 65 * 1024 + STREAM_WINDOW as usize;
    live(async {
        let addr = serve(busy_if_told, Config::new()).await;
        let message = frame(BINARY, &vec![0; LEN]);
        for (first, then) in [
            (&[4014, 100][..], &[16_000][..]),
            (&[4014, 100], &[100]),
            (&[4014], &[16_000]),
            (&[100], &[100]),
            (&[20_000, 100], &[16_000, 100]),
            (&[60_000, 100], &[255]),
            (&[60_000, 5000, 100], &[16_000, 100, 100]),
        ] {
            let mut raw = Raw::connect(addr).await;
            let mut sibling = raw.open().await;
            let mut slow = raw.open().await;
            slow.send(frame(TEXT, b"busy")).await;
            // Small ones are always read; the others fill the window.
            let are_small = then.iter().all(|&len| len < 256);
            let patience = Duration::from_millis(if are_small { 10_000 } else { 50 });
            let mut rest = Bytes::from(message.clone());
            for &len in first.iter().chain(then.iter().cycle()) {
                if rest.is_empty() {
                    break;
                }
                let piece = rest.slice(..len.min(rest.len()));
                let sent = timeout(patience, slow.try_send(piece.clone())).await;
                if sent != Ok(true) {
                    break;
                }
                rest = rest.slice(piece.len()..);
                // Each is read by itself.
                tokio::task::yield_now().await;
            }
            let taken = message.len() - rest.len();
            if are_small {
                // What comes after the Close is dropped.
                let code = Count(close_code_of(&mut slow).await);
                report.exactly("close code of small DATA frames", code, Count(1008));
            } else {
                let what = "taken of 1 MB in large DATA frames";
                report.at_most(what, Bytes(taken as isize), Bytes(MOST as isize));
            }
            expect_echo(report, "its sibling is alive", &mut sibling).await;
        }
    });
}
