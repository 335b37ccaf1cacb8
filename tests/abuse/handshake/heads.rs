//! Heads that drip, that never end, and that many others came before.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tower::Layer;
use tower_websock::{Config, UpgradeError, WebSocket, WebSocketLayer};

use crate::alloc::{held, peak_of};
use crate::report::{Amount::*, Report};
use crate::support::{
    accept_and_report, echo,
    raw::{Client, RawRequest},
};
use crate::tools::*;

/// The layer on hyper, in memory; counts the handlers that run. Any other request is answered "plain".
fn start(
    http: &http1::Builder,
) -> (
    DuplexStream,
    JoinHandle<hyper::Result<()>>,
    Arc<AtomicUsize>,
) {
    let (client, server) = duplex(4096);
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let handler = move |socket: WebSocket| {
        counter.fetch_add(1, Ordering::Relaxed);
        echo(socket)
    };
    let plain = tower::service_fn(async |_: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(String::from("plain")))
    });
    let service = WebSocketLayer::new(handler).path("/ws").layer(plain);
    let service = TowerToHyperService::new(service);
    let connection = http.serve_connection(TokioIo::new(server), service);
    (client, tokio::spawn(connection.with_upgrades()), calls)
}

/// hyper gives up a head that drips, if it has a timer; nothing of ours runs for it.
pub(crate) fn abuse_01_slowloris_head(report: &mut Report) {
    paused(async {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(secs(10));
        let (mut client, connection, calls) = start(&http);
        let begin = Instant::now();
        let head = RawRequest::handshake().bytes();
        let drip = async {
            for byte in &head[..head.len() - 1] {
                if client.write_all(&[*byte]).await.is_err() {
                    break;
                }
                sleep(secs(1)).await;
                let tasks = Count(tasks());
                report.at_most("tasks, that of the connection", tasks, Count(1));
            }
        };
        tokio::select! {
            () = drip => panic!("the whole head was read"),
            ended = connection => assert!(ended.unwrap().is_err()),
        }
        let took = Time(begin.elapsed());
        report.at_most("time until the connection is closed", took, Time(secs(11)));
        report.exactly(
            "handlers run",
            Count(calls.load(Ordering::Relaxed)),
            Count(0),
        );
    });
}

/// See `Config::upgrade_timeout`: a peer that does not take the response is not waited for.
pub(crate) fn abuse_02_response_never_taken(report: &mut Report) {
    for (config, seconds) in [
        (Config::new(), 10),
        (Config::new().upgrade_timeout(secs(3)), 3),
    ] {
        paused(async {
            // The response does not fit.
            let (client, server) = duplex(16);
            let (sender, mut reports) = mpsc::unbounded_channel();
            let service = accept_and_report(config, sender);
            let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
            let connection = tokio::spawn(connection.with_upgrades());
            let begin = Instant::now();
            let mut client = Client::new(client);
            client.send(RawRequest::handshake().bytes()).await;
            let told = reports.recv().await.unwrap();
            assert!(matches!(told, Err(UpgradeError::TimedOut)), "{told:?}");
            let took = Time(secs(begin.elapsed().as_secs()));
            let what = format!("time until it is given up, upgrade_timeout {seconds} s");
            report.exactly(what, took, Time(secs(seconds)));
            settle().await;
            // hyper has its own reasons to wait.
            report.exactly("tasks left, that of hyper", Count(tasks()), Count(1));
            // Who takes it later finds nobody behind it.
            assert_eq!(client.response().await.status(), 101);
            client.expect_end().await;
            connection.await.unwrap().unwrap();
        });
    }
}

/// A head of 64 KiB, byte by byte: four times as many bytes cost four times as much.
pub(crate) fn rustsec_2023_0065_head_byte_by_byte(report: &mut Report) {
    let (ratio, once) = growth(|times| {
        let mut request = RawRequest::handshake();
        for _ in 0..4 * times {
            request = request.with("X-Padding", "x".repeat(4083));
        }
        let head = request.bytes();
        live(async {
            let (client, _, calls) = start(&http1::Builder::new());
            let mut client = Client::new(client);
            for byte in head.chunks(1) {
                client.send(byte).await;
                tokio::task::yield_now().await;
            }
            assert_eq!(client.response().await.status(), 101);
            client.close().await;
            assert_eq!(calls.load(Ordering::Relaxed), 1);
        });
    });
    report.at_most("t(4n)/t(n) of 16 KiB", ratio, FOURFOLD);
    let each = once / (16 << 10);
    report.at_most(
        "time of each byte, without optimisation",
        Time(each),
        Time(micros(100)),
    );
}

/// A head without an end is cut off by hyper.
pub(crate) fn cve_2026_54465_endless_head(report: &mut Report) {
    paused(async {
        let (client, connection, calls) = start(&http1::Builder::new());
        let (mut from, mut to) = tokio::io::split(client);
        let head = RawRequest::handshake().bytes();
        let header = format!("X: {}\r\n", "x".repeat(8000));
        let write = async {
            let mut written = 0;
            let mut next = &head[..head.len() - 2];
            while to.write_all(next).await.is_ok() {
                written += next.len();
                next = header.as_bytes();
            }
            written
        };
        let read = async {
            let mut response = String::new();
            from.read_to_string(&mut response).await.unwrap();
            response
        };
        let ((written, response, closed), peak) =
            peak_of(async { tokio::join!(write, read, connection) }).await;
        assert!(response.starts_with("HTTP/1.1 431 "), "{response}");
        closed.unwrap().unwrap_err();
        report.at_most(
            "bytes taken until 431",
            Bytes(written as isize),
            Bytes(1 << 20),
        );
        report.at_most("peak", Bytes(peak), Bytes(1 << 20));
        report.exactly(
            "handlers run",
            Count(calls.load(Ordering::Relaxed)),
            Count(0),
        );
    });
}

/// Requests that are no handshakes leave no trace in the layer.
pub(crate) fn cve_2026_100658_pipelined_requests(report: &mut Report) {
    const REQUESTS: usize = 10_000;
    live(async {
        let (client, _connection, calls) = start(&http1::Builder::new());
        let mut client = Client::new(client);
        let plain = RawRequest::line("GET /plain HTTP/1.1").with("Host", "localhost");
        let plain = plain.bytes().repeat(10);
        let mut before = 0;
        for batch in 0..REQUESTS / 10 {
            if batch == 100 {
                before = held();
            }
            client.send(&plain).await;
            for _ in 0..10 {
                assert_eq!(client.response().await.body(), b"plain");
            }
        }
        let what = "held more after 10,000 requests than after 1,000";
        report.at_most(what, Bytes(held() - before), Bytes(KIB));
        client.upgrade(&RawRequest::handshake()).await;
        client.close().await;
        report.exactly(
            "handlers run",
            Count(calls.load(Ordering::Relaxed)),
            Count(1),
        );
    });
}
