//! Upgrades that do not happen.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{io::duplex, sync::mpsc};
use tower_websock::{Config, UpgradeError};

use crate::support::{
    accept_and_report,
    raw::{Client, RawRequest, soon},
};

/// See `UpgradeError::Http`: without `with_upgrades` hyper has no connection to give.
#[tokio::test(start_paused = true)]
async fn connection_served_without_upgrades_is_reported() {
    let (client, server) = duplex(4096);
    let (sender, mut reports) = mpsc::unbounded_channel();
    let service = accept_and_report(Config::new(), sender);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    let connection = tokio::spawn(connection);
    let mut client = Client::new(client);
    client.send(RawRequest::handshake().bytes()).await;
    assert_eq!(client.response().await.status(), 101);
    let report = soon(reports.recv()).await.unwrap();
    assert!(matches!(report, Err(UpgradeError::Http(_))), "{report:?}");
    client.expect_end().await;
    connection.await.unwrap().unwrap();
}

/// See `UpgradeError::Http`: a peer that leaves before it has the response is reported.
#[tokio::test(start_paused = true)]
async fn peer_that_leaves_before_the_response_is_reported() {
    let (client, server) = duplex(4096);
    let (sender, mut reports) = mpsc::unbounded_channel();
    let service = accept_and_report(Config::new(), sender);
    let mut client = Client::new(client);
    client.send(RawRequest::handshake().bytes()).await;
    drop(client);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    connection.with_upgrades().await.unwrap_err();
    let report = soon(reports.recv()).await.unwrap();
    assert!(matches!(report, Err(UpgradeError::Http(_))), "{report:?}");
}
