//! The same for sockets that axum's extractor hands out, on hyper.

use axum::{Router, response::Response, routing::any};
use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};
use tower_websock::{
    Closure,
    axum::{WebSocket, WebSocketUpgrade},
};

use super::*;
use crate::support::raw::RawRequest;

/// Runs a cell in a route of axum's, with the defaults.
async fn in_axum<T, P>(cell: Cell, server: T, mut client: P)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    P: AsyncRead + AsyncWrite + Unpin,
{
    let (tell, mut told) = mpsc::unbounded_channel();
    let upgrade = move |upgrade: WebSocketUpgrade| {
        let tell = tell.clone();
        async move {
            let (response, accepting) = upgrade.accept().unwrap();
            let handler = move |socket: WebSocket| async move {
                cell.serve(socket.into_inner()).await;
            };
            let serving = accepting.supervise(handler);
            tokio::spawn(async move { tell.send(serving.await).unwrap() });
            Response::from(response)
        }
    };
    let app = Router::new().route("/ws", any(upgrade));
    let service = TowerToHyperService::new(app);
    let http = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    tokio::spawn(http.with_upgrades());
    client
        .write_all(&RawRequest::handshake().bytes())
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // The transport wakes nobody who reads.
        match client.read_u8().now_or_never() {
            Some(byte) => head.push(byte.unwrap()),
            None => tokio::time::sleep(TICK).await,
        }
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    cell.read(client).await;
    let closure: Closure = told.recv().await.unwrap().unwrap();
    cell.assert_closure(&closure);
}

/// 7.1.1: slow peers of a route lose nothing.
#[tokio::test(start_paused = true)]
async fn slow_peer_of_a_route_gets_everything() {
    let mut count = 0;
    for capacity in [64 * KIB, 3_919_872] {
        for (size, rate) in [(MIB, 50 * KIB), (12 * MIB, 256 * KIB), (32 * MIB, 4 * MIB)] {
            for closing in ALL {
                for pings in [false, true] {
                    let role = Role::Server;
                    let cell = Cell {
                        role,
                        closing,
                        size,
                        rate,
                        pings,
                    };
                    let (server, client) = transport(capacity);
                    in_axum(cell, server, client).await;
                    count += 1;
                }
            }
        }
    }
    println!("{count} sockets of axum's extractor: nothing lost");
}
