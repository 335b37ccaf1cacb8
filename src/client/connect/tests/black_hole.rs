//! An address that swallows packets.

use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::super::tcp::connect;

/// RFC 8305: an address that swallows packets costs its head start.
#[tokio::test]
async fn black_hole_costs_its_head_start() {
    // Linux drops what does not fit into a listener's queue.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let hole = socket.listen(1).expect("a listener");
    let hole_address = hole.local_addr().expect("bound");
    let mut queue = Vec::new();
    while let Ok(queued) = {
        let queued = TcpStream::connect(hole_address);
        tokio::time::timeout(Duration::from_millis(100), queued).await
    } {
        queue.push(queued.expect("there was room"));
    }

    let live = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let live_address = live.local_addr().expect("bound");
    let began = Instant::now();
    let addresses = vec![hole_address, hole_address, live_address];
    let io = connect(addresses).await.expect("one lives");
    assert_eq!(io.peer_addr().expect("connected"), live_address);
    assert!(io.nodelay().expect("connected"));
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(500), "{took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}
