//! What a stream is sent, and what it does not take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tower_websock::{Config, Error, Message, WebSocket};

use crate::alloc::held;
use crate::report::{Amount::*, Report};
use crate::support::{
    PING, TEXT, echo, frame,
    http2::{Raw, serve},
    raw::soon,
};
use crate::tools::*;

use super::{busy_if_told, close_code_of, expect_echo};

/// A peer that never opens its window holds up its own stream, with bounded memory.
pub(crate) fn abuse_08_peer_never_reads_over_http2(report: &mut Report) {
    const STREAMS: usize = 20;
    live(async {
        let addr = serve(
            async |mut socket: WebSocket| {
                let message = socket.recv().await.unwrap()?;
                if message == Message::text("flood") {
                    loop {
                        socket.send(Message::binary(vec![0; 1000])).await?;
                    }
                }
                echo(socket).await
            },
            Config::new(),
        )
        .await;
        // The window of a stream: the first flood fills it.
        let mut raw = Raw::connect_with(addr, 1000).await;
        let mut sibling = raw.open().await;
        sibling.send(frame(TEXT, b"no flood")).await;
        let mut floods = Vec::new();
        let before = held();
        for _ in 0..STREAMS {
            let mut flood = raw.open().await;
            flood.send(frame(TEXT, b"flood")).await;
            floods.push(flood);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        expect_echo(report, "their sibling is alive", &mut sibling).await;
        let each = (held() - before) / STREAMS.cast_signed();
        report.at_most("held for each of 20 streams", Bytes(each), Bytes(256 * KIB));
    });
}

/// A peer that pings and opens no window is owed the pongs that fit, and the newest one.
pub(crate) fn abuse_07_ping_flood_over_http2(report: &mut Report) {
    const COUNT: usize = 20_000;
    live(async {
        let addr = serve(echo, Config::new()).await;
        let mut raw = Raw::connect_with(addr, 0).await;
        let mut flood = raw.open().await;
        let mut sibling = raw.open().await;
        sibling.send(frame(TEXT, b"hello")).await;
        let pings = frame(PING, &[b'p'; 125]).repeat(100);
        let before = held();
        for _ in 0..COUNT / 100 {
            flood.send(pings.clone()).await;
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let kept = held() - before;
        let what = "held after 20,000 pings, by both ends";
        report.at_most(what, Bytes(kept), Bytes(512 * KIB));
        let window = sibling.recv.flow_control().available_capacity();
        assert_eq!(window, 0, "nobody can have been answered");
    });
}

/// The limits hold on a stream: its Close tells which, and its siblings go on.
pub(crate) fn abuse_06_empty_continuations_over_http2(report: &mut Report) {
    const MAX: usize = 1000;
    live(async {
        let addr = serve(echo, Config::new().max_fragments(MAX)).await;
        let mut raw = Raw::connect(addr).await;
        let mut sibling = raw.open().await;
        let mut endless = raw.open().await;
        let fragments = [frame(0x01, b""), frame(0x00, b"").repeat(MAX)].concat();
        endless.send(fragments).await;
        let code = close_code_of(&mut endless).await;
        report.exactly("close code of the 1,001st", Count(code), Count(1009));
        expect_echo(report, "its sibling is alive", &mut sibling).await;
    });
}

/// h2 takes so many empty DATA frames on a connection, read or not, and then ends it with all its
/// streams. Nothing is held for them, no handler is left, and other connections go on.
pub(crate) fn rustsec_2026_0258_empty_data_frames(report: &mut Report) {
    const COUNT: usize = 50_000;
    for (what, is_busy) in [("a handler that receives", false), ("a busy one", true)] {
        live(async {
            let config = Config::new().close_timeout(Duration::from_millis(100));
            let addr = serve(busy_if_told, config).await;
            let mut elsewhere = Raw::connect(addr).await;
            let mut other = elsewhere.open().await;
            let mut raw = Raw::connect(addr).await;
            let mut flood = raw.open().await;
            if is_busy {
                flood.send(frame(TEXT, b"busy")).await;
            }
            let before = held();
            let (mut sent, mut most) = (0, 0);
            while sent < COUNT && flood.send.send_data(Bytes::new(), false).is_ok() {
                sent += 1;
                if sent.is_multiple_of(10) {
                    tokio::time::sleep(Duration::from_micros(10)).await;
                    most = most.max(held() - before);
                }
            }
            let whom = format!("empty DATA frames to {what}");
            let (sent, most) = (Count(sent), Bytes(most));
            report.at_most(
                format!("{whom} until the connection ends"),
                sent,
                Count(5000),
            );
            report.at_most(
                format!("held meanwhile, by both ends: {whom}"),
                most,
                Bytes(128 * KIB),
            );
            expect_echo(report, "another connection is alive", &mut other).await;
        });
    }
}

/// A peer without a window does not keep a handler's task for ever. (Its stream stays, with what hyper
/// holds for it: hyper does not reset a stream that it waits to write to.)
pub(crate) fn abuse_31_closing_without_a_window(report: &mut Report) {
    let patience = Duration::from_millis(100);
    let config = Config::new().close_timeout(patience);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let ended = Arc::new(AtomicUsize::new(0));
    let counter = ended.clone();
    live(async {
        let addr = serve(
            move |mut socket: WebSocket| {
                let (tell, counter) = (tell.clone(), counter.clone());
                async move {
                    for _ in 0..50 {
                        socket.feed(Message::binary(vec![0; 1000])).await?;
                    }
                    let begin = std::time::Instant::now();
                    let closed = socket.close(None).await;
                    counter.fetch_add(1, Ordering::Relaxed);
                    let _ = tell.send((closed, begin.elapsed()));
                    Ok::<_, Error>(())
                }
            },
            config,
        )
        .await;
        let mut raw = Raw::connect_with(addr, 0).await;
        let _socket = raw.open().await;
        let (closed, took) = soon(told.recv()).await.unwrap();
        assert!(!closed.unwrap().is_clean());
        report.at_least("time until it is given up", Time(took), Time(patience));
        report.exactly(
            "handlers that ended",
            Count(ended.load(Ordering::Relaxed)),
            Count(1),
        );
    });
}

/// A bomb on a stream is refused as on a connection of its own, and its siblings go on.
#[cfg(feature = "deflate")]
pub(crate) fn abuse_13_deflate_bomb_over_http2(report: &mut Report) {
    use crate::support::{
        deflate::{BROWSER, COMPRESSED_BINARY, deflated},
        http2::RawSocket,
    };

    const LIMIT: usize = 1 << 20;
    // 32 KiB for 32 MiB.
    let bomb = frame(COMPRESSED_BINARY, &deflated(&vec![0; 32 << 20]));
    live(async {
        let deflate = tower_websock::DeflateConfig::new();
        let config = Config::new().max_message_size(LIMIT).deflate(deflate);
        let addr = serve(echo, config).await;
        let mut raw = Raw::connect(addr).await;
        let mut sibling = raw.open().await;
        let mut request = Raw::handshake();
        let offer = http::HeaderValue::from_static(BROWSER);
        request
            .headers_mut()
            .insert("sec-websocket-extensions", offer);
        let (response, send) = raw.request(request, false);
        let response = soon(response).await.unwrap();
        assert!(response.headers().contains_key("sec-websocket-extensions"));
        let mut socket = RawSocket::of(response, send);
        let (code, peak) = crate::alloc::peak_of(async {
            socket.send(bomb).await;
            close_code_of(&mut socket).await
        })
        .await;
        report.exactly("close code", Count(code), Count(1009));
        let what = "peak of 32 KiB for 32 MiB, limit 1 MiB, with both ends";
        report.at_most(what, Bytes(peak), Bytes(2 * LIMIT as isize + 512 * KIB));
        expect_echo(report, "its sibling is alive", &mut sibling).await;
    });
}

/// A peer that never opens its window has its handler's task for `write_timeout`, and no longer.
pub(crate) fn abuse_31_window_that_never_opens(report: &mut Report) {
    let patience = Duration::from_millis(200);
    let config = Config::new().write_timeout(Some(patience));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    live(async {
        let addr = serve(
            move |mut socket: WebSocket| {
                let tell = tell.clone();
                async move {
                    let begin = std::time::Instant::now();
                    while socket.send(Message::binary(vec![0; 1000])).await.is_ok() {}
                    let _ = tell.send(begin.elapsed());
                }
            },
            config,
        )
        .await;
        let mut raw = Raw::connect_with(addr, 0).await;
        let before = held();
        let _socket = raw.open().await;
        let took = soon(told.recv()).await.unwrap();
        report.at_least("time until it is cut", Time(took), Time(patience));
        let what = "held for the stream, by both ends";
        report.at_most(what, Bytes(held() - before), Bytes(256 * KIB));
    });
}
