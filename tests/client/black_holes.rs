//! Addresses that swallow packets.

use std::time::Duration;

use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tower_websock::{
    Config,
    client::{Builder, Error, Proxy, Stage},
};

/// What swallows packets is bounded by `upgrade_timeout`, and the stage is told.
#[tokio::test]
async fn black_hole_does_not_hang() {
    // Linux drops what does not fit into a listener's queue.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let hole = socket.listen(1).unwrap();
    let address = hole.local_addr().unwrap();
    let mut queue = Vec::new();
    let wait = Duration::from_millis(100);
    while let Ok(queued) = timeout(wait, TcpStream::connect(address)).await {
        queue.push(queued.unwrap());
    }
    let config = Config::new().upgrade_timeout(wait);
    let builder = Builder::new().config(config);
    let error = builder.connect(&format!("ws://{address}/")).await;
    assert!(
        matches!(error, Err(Error::TimedOut(Stage::Connect))),
        "{error:?}"
    );
    let proxy = Proxy::http(&address.to_string()).unwrap();
    let error = builder.proxy(proxy).connect("ws://localhost/").await;
    assert!(
        matches!(error, Err(Error::TimedOut(Stage::Proxy))),
        "{error:?}"
    );
    // No time at all is no hang either.
    let config = Config::new().upgrade_timeout(Duration::ZERO);
    let builder = Builder::new().config(config);
    let error = builder.connect(&format!("ws://{address}/")).await;
    assert!(matches!(error, Err(Error::TimedOut(_))), "{error:?}");
}
