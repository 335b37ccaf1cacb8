//! Upgrades that do not happen.

use std::{convert::Infallible, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{io::duplex, sync::mpsc, time::Instant};
use tower_websock::{Config, ResponseBody, UpgradeError, WebSocketUpgrade};

use crate::support::{
    echo,
    raw::{Client, RawRequest, soon},
};

/// A hyper service that accepts every handshake and tells what became of it.
fn accept_and_report(
    config: Config,
    reports: mpsc::UnboundedSender<Result<(), UpgradeError>>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<ResponseBody>,
    Error = Infallible,
    Future: Send,
> {
    service_fn(move |request: Request<Incoming>| {
        let mut parts = request.into_parts().0;
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let (response, accepting) = upgrade.config(config.clone()).accept().unwrap();
        let reports = reports.clone();
        tokio::spawn(async move {
            let result = accepting.supervise(echo).await;
            reports.send(result.map(drop)).unwrap();
        });
        std::future::ready(Ok(response))
    })
}

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

/// See `Config::upgrade_timeout`: a peer that does not take the response is not waited for.
#[tokio::test(start_paused = true)]
async fn peer_that_does_not_take_the_response_is_given_up() {
    for (config, seconds) in [
        (Config::new(), 10),
        (Config::new().upgrade_timeout(Duration::from_secs(3)), 3),
    ] {
        // The response does not fit.
        let (client, server) = duplex(16);
        let (sender, mut reports) = mpsc::unbounded_channel();
        let service = accept_and_report(config, sender);
        let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
        let connection = tokio::spawn(connection.with_upgrades());
        let start = Instant::now();
        let mut client = Client::new(client);
        client.send(RawRequest::handshake().bytes()).await;
        let report = soon(reports.recv()).await.unwrap();
        assert!(matches!(report, Err(UpgradeError::TimedOut)), "{report:?}");
        assert_eq!(start.elapsed().as_secs(), seconds);
        // Who takes it later finds nobody behind it.
        assert_eq!(client.response().await.status(), 101);
        client.expect_end().await;
        connection.await.unwrap().unwrap();
    }
}
