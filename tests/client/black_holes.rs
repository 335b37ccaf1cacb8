//! Addresses that swallow packets.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

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

/// A server that answers with 1xx without end gets no more time than others.
#[tokio::test]
async fn endless_informational_answers_end_at_the_deadline() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut io, _) = listener.accept().unwrap();
        // What comes before the request is no answer to it.
        assert!(io.read(&mut [0; 1024]).unwrap() > 0);
        let answers = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000);
        let began = Instant::now();
        while io.write_all(answers.as_bytes()).is_ok() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "it is still read"
            );
        }
    });
    let config = Config::new().upgrade_timeout(Duration::from_millis(300));
    let builder = Builder::new().config(config);
    let error = builder.connect(&format!("ws://{address}/")).await;
    assert!(
        matches!(error, Err(Error::TimedOut(Stage::Answer))),
        "{error:?}"
    );
    server.join().unwrap();
}
