//! Requests that look like handshakes, and pages that have no business here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{HeaderValue, Request, Version, header, request::Parts};
use tokio::io::duplex;
use tower::ServiceExt;
use tower_websock::{Connections, Drain, ProvidedIo, WebSocket, WebSocketService};

use crate::alloc::held;
use crate::report::{Amount::*, Report};
use crate::tools::*;

use super::{parts, verdict, with};

/// Names that are methods elsewhere are names: ignored as extensions, offered as subprotocols.
pub(crate) fn nsp_550_odd_names(report: &mut Report) {
    let names = [
        "constructor",
        "__proto__",
        "toString",
        "hasOwnProperty",
        "null",
        "0",
        "*",
    ];
    let mut accepted = 0;
    for name in names {
        for value in [
            name.to_owned(),
            format!("{name}; {name}=\"{name}\""),
            format!("permessage-deflate; {name}"),
            format!("permessage-deflate; {name}={name}, {name}"),
        ] {
            let parts = with(&header::SEC_WEBSOCKET_EXTENSIONS, value.as_bytes());
            accepted += usize::from(verdict(parts).is_ok());
        }
        let parts = with(&header::SEC_WEBSOCKET_PROTOCOL, name.as_bytes());
        accepted += usize::from(verdict(parts).is_ok());
    }
    let all = Count(5 * names.len());
    report.exactly("handshakes accepted", Count(accepted), all);
}

/// Drafts of the protocol, and requests that do not ask for an upgrade, open nothing.
pub(crate) fn cve_2026_59898_draft_handshakes(report: &mut Report) {
    let [version, upgrade, connection] = [
        header::SEC_WEBSOCKET_VERSION,
        header::UPGRADE,
        header::CONNECTION,
    ];
    let mut refused = 0;
    for (name, value) in [
        (&version, Some("0")),
        (&version, Some("7")),
        (&version, Some("8")),
        (&version, Some("12")),
        (&version, Some("14")),
        (&version, Some("013")),
        (&version, None),
        (&upgrade, Some("websocketx")),
        (&upgrade, Some("xwebsocket")),
        (&upgrade, None),
        (&connection, Some("notupgrade")),
        (&connection, Some("keep-alive")),
        (&connection, None),
        (&header::SEC_WEBSOCKET_KEY, None),
    ] {
        let mut parts = parts();
        parts.headers.remove(name);
        if let Some(value) = value {
            parts.headers.insert(name, HeaderValue::from_static(value));
        }
        refused += usize::from(verdict(parts).is_err());
    }
    report.exactly("handshakes refused", Count(refused), Count(14));
}

/// 10.2: pages of other origins open no connection, over either version of HTTP, whatever they make
/// their origin look like.
pub(crate) fn abuse_19_foreign_pages(report: &mut Report) {
    let foreign: [&[&str]; 14] = [
        &["null"],
        &["https://evil.com"],
        &["http://localhost.evil.com"],
        &["http://evillocalhost"],
        &["http://evil.com#localhost"],
        &["http://localhost@evil.com"],
        &["http://evil.com/localhost"],
        &["http://localhost:8080"],
        &["http://sub.localhost"],
        &["http://local-host"],
        &["file://"],
        &["localhost"],
        &["http://localhost", "http://localhost"],
        &["http://localhost", "http://evil.com"],
    ];
    let own: [&[&str]; 3] = [&[], &["http://localhost"], &["HTTP://LOCALHOST"]];
    let calls = Arc::new(AtomicUsize::new(0));
    for &version in VERSIONS {
        let (mut refused, mut accepted) = (0, 0);
        live(async {
            for (origins, is_own) in foreign
                .iter()
                .map(|origins| (origins, false))
                .chain(own.iter().map(|origins| (origins, true)))
            {
                let mut parts = request_of(version);
                for origin in *origins {
                    let origin = HeaderValue::from_static(origin);
                    parts.headers.append(header::ORIGIN, origin);
                }
                let counter = calls.clone();
                let service = WebSocketService::new(move |_: WebSocket| {
                    counter.fetch_add(1, Ordering::Relaxed);
                    async {}
                });
                let response = service
                    .oneshot(Request::from_parts(parts, ()))
                    .await
                    .unwrap();
                settle().await;
                let handlers = calls.swap(0, Ordering::Relaxed);
                assert_eq!(handlers, usize::from(is_own), "{origins:?}");
                refused += usize::from(response.status() == 403);
                accepted += handlers;
            }
        });
        let all = Count(foreign.len());
        report.exactly(
            format!("foreign pages refused, {version:?}"),
            Count(refused),
            all,
        );
        let all = Count(own.len());
        report.exactly(
            format!("own pages accepted, {version:?}"),
            Count(accepted),
            all,
        );
    }
}

const VERSIONS: &[Version] = &[
    Version::HTTP_11,
    #[cfg(feature = "http2")]
    Version::HTTP_2,
];

fn request_of(version: Version) -> Parts {
    match version {
        #[cfg(feature = "http2")]
        Version::HTTP_2 => {
            let request = Request::connect("http://localhost/ws")
                .version(Version::HTTP_2)
                .extension(hyper::ext::Protocol::from_static("websocket"))
                .extension(ProvidedIo::new(duplex(64).0))
                .header("sec-websocket-version", "13");
            request.body(()).unwrap().into_parts().0
        }
        _ => {
            let mut parts = parts();
            parts.extensions.insert(ProvidedIo::new(duplex(64).0));
            parts
        }
    }
}

/// A flood of connections: those beyond `max` are refused with 503, before they are upgraded, and cost
/// nothing; the places of the others come back.
pub(crate) fn abuse_17_connection_flood(report: &mut Report) {
    const MAX: usize = 50;
    const REQUESTS: usize = 1000;
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    live(async {
        let connections = Connections::new().max(MAX);
        let handler = move |socket: WebSocket| {
            counter.fetch_add(1, Ordering::Relaxed);
            crate::support::hold(socket)
        };
        let service = WebSocketService::new(handler).connections(&connections);
        let (mut peers, mut refused, mut told, mut before) = (Vec::new(), 0, 0, 0);
        for request in 0..REQUESTS {
            if request == REQUESTS / 2 {
                settle().await;
                before = held();
            }
            let mut parts = parts();
            let (client, server) = duplex(64);
            parts.extensions.insert(ProvidedIo::new(server));
            let request = Request::from_parts(parts, ());
            let response = service.clone().oneshot(request).await.unwrap();
            if response.status() == 101 {
                peers.push(client);
            } else {
                refused += usize::from(response.status() == 503);
                told += usize::from(response.headers().contains_key(header::RETRY_AFTER));
            }
        }
        settle().await;
        report.exactly("requests accepted of 1,000", Count(peers.len()), Count(MAX));
        report.exactly("refused with 503", Count(refused), Count(REQUESTS - MAX));
        report.exactly("with Retry-After", Count(told), Count(REQUESTS - MAX));
        report.exactly(
            "handlers run",
            Count(calls.load(Ordering::Relaxed)),
            Count(MAX),
        );
        report.at_most(
            "held more by 500 refusals",
            Bytes(held() - before),
            Bytes(KIB),
        );
        // Their handlers look at nothing, so that they are cut.
        drop(peers);
        let at_once = Drain::new().deadline(Duration::ZERO);
        let drained = connections.drain(at_once).await;
        report.exactly("connections cut by a drain", Count(drained.cut), Count(MAX));
        settle().await;
        report.exactly(
            "places taken when they are gone",
            Count(connections.len()),
            Count(0),
        );
    });
}
