//! A place is taken when a request is accepted, and free again on every way out.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use tokio::time::{Instant, sleep};
use tower_websock::{OriginPolicy, Subprotocol};

use super::*;

/// Ends a connection in one way; its place must be free then.
async fn leave<H, F>(way: &str, handler: H, end: impl AsyncFnOnce(Peer<DuplexStream>, &Task))
where
    H: FnOnce(WebSocket) -> F + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    let connections = Connections::new().max(1);
    let (peer, task) = open(&connections, handler);
    settle().await;
    assert_eq!(connections.len(), 1, "{way}");
    assert!(admit(&connections, None).is_err(), "{way}");
    end(peer, &task).await;
    settle().await;
    assert_eq!(connections.len(), 0, "{way}");
    assert!(admit(&connections, None).is_ok(), "{way}");
    task.abort();
}

/// The peer closes after this.
async fn until_told(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if message.is_text() {
            return;
        }
    }
}

async fn tell(peer: &mut Peer<DuplexStream>) {
    peer.send(&frame(TEXT, b"now")).await;
}

#[tokio::test(start_paused = true)]
async fn abuse_17_place_is_free_again_on_every_way_out() {
    leave("returns", until_told, async |mut peer, _| {
        tell(&mut peer).await;
        answer(peer).await;
    })
    .await;
    leave(
        "fails",
        async |socket: WebSocket| {
            until_told(socket).await;
            Err::<(), _>("failed")
        },
        async |mut peer, _| {
            tell(&mut peer).await;
            assert_eq!(answer(peer).await, Some(close_code::ERROR));
        },
    )
    .await;
    leave(
        "panics",
        async |socket: WebSocket| {
            until_told(socket).await;
            std::panic::resume_unwind(Box::new(()));
        },
        async |mut peer, _| {
            tell(&mut peer).await;
            assert_eq!(answer(peer).await, Some(close_code::ERROR));
        },
    )
    .await;
    leave("is aborted", hold, async |_, task| task.abort()).await;
    leave("peer closes", echo, async |mut peer, _| {
        peer.send(&close_frame(1000)).await;
        peer.expect_close(1000).await;
    })
    .await;
    leave("peer vanishes", echo, async |peer, _| drop(peer)).await;
    leave("peer vanishes from a busy one", hold, async |peer, _| {
        drop(peer);
        sleep(secs(60)).await;
    })
    .await;
    leave("peer breaks the protocol", echo, async |mut peer, _| {
        peer.send(&[0xFF, 0x80, 0, 0, 0, 0]).await;
        peer.expect_close(close_code::PROTOCOL).await;
    })
    .await;
    leave("peer never answers", until_told, async |mut peer, _| {
        tell(&mut peer).await;
        peer.expect_close(1000).await;
        sleep(secs(60)).await;
        drop(peer);
    })
    .await;
}

/// A half that is kept for ever keeps no place.
#[tokio::test(start_paused = true)]
async fn half_that_outlives_its_connection_keeps_no_place() {
    let kept = Arc::new(Mutex::new(None));
    let connections = Connections::new();
    let (peer, task) = open(&connections, {
        let kept = kept.clone();
        async move |socket: WebSocket| {
            let (sender, receiver) = socket.split();
            assert_eq!(sender.id(), receiver.id());
            *kept.lock().unwrap() = Some(sender);
        }
    });
    settle().await;
    assert_eq!(connections.len(), 1);
    drop(peer);
    task.await.unwrap().unwrap();
    assert!(connections.is_empty());
    let id = kept.lock().unwrap().as_ref().unwrap().id();
    assert_eq!(id.unwrap().to_string(), "1");
}

/// Without a supervisor the transport goes with the socket, or with its closing.
#[tokio::test(start_paused = true)]
async fn unsupervised_socket_has_its_place_as_long_as_its_transport() {
    let connections = Connections::new();
    let (_peer, accepting) = admit(&connections, None).unwrap();
    let socket = accepting.socket().await.unwrap();
    assert_eq!(connections.len(), 1);
    let (sender, receiver) = socket.split();
    drop(receiver);
    assert_eq!(connections.len(), 1);
    drop(sender);
    assert_eq!(connections.len(), 0);

    let (peer, accepting) = admit(&connections, None).unwrap();
    let peer = tokio::spawn(answer(peer));
    let mut socket = accepting.socket().await.unwrap();
    assert!(socket.close(thrown_out()).await.unwrap().is_clean());
    assert_eq!(connections.len(), 0);
    drop((socket, peer));
}

/// What is accepted and never opened gives its place back, when that is known.
#[tokio::test(start_paused = true)]
async fn failed_upgrade_gives_its_place_back() {
    let connections = Connections::new();
    let (_, accepting) = admit(&connections, None).unwrap();
    assert_eq!(connections.len(), 1);
    drop(accepting);
    assert_eq!(connections.len(), 0);

    // Its transport is never there.
    let (mut parts, ()) = handshake().into_parts();
    let (io, _release) = ProvidedIo::held(duplex(64).0);
    parts.extensions.insert(io);
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let upgrade = upgrade.connections(&connections);
    let (_, accepting) = upgrade.accept::<()>().unwrap();
    assert_eq!(connections.len(), 1);
    let start = Instant::now();
    let failed = accepting.supervise(hold).await;
    assert!(matches!(failed, Err(UpgradeError::TimedOut)), "{failed:?}");
    assert_eq!(start.elapsed(), Config::new().get_upgrade_timeout());
    assert_eq!(connections.len(), 0);
}

/// A request that is refused for another reason takes no place.
#[tokio::test]
async fn refused_request_takes_no_place() {
    let connections = Connections::new();
    let upgrade = || {
        let (mut parts, ()) = handshake().into_parts();
        let origin = "https://evil.example".parse().unwrap();
        parts.headers.insert("origin", origin);
        parts.extensions.insert(ProvidedIo::new(duplex(64).0));
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        upgrade.connections(&connections)
    };
    let refused = upgrade().accept::<()>().unwrap_err();
    assert_eq!(refused, Rejection::Origin);
    let selected = Subprotocol::try_from("chat").unwrap();
    let upgrade = upgrade().origin(OriginPolicy::any());
    let refused = upgrade.select_subprotocol(Some(selected)).accept::<()>();
    assert_eq!(refused.unwrap_err(), Rejection::SubprotocolNotOffered);
    assert!(connections.is_empty());
    // Nor does it use up a number.
    let (_peer, accepting) = admit(&connections, None).unwrap();
    assert!(accepting.id().unwrap().get() <= 2);
}

/// Places are counted in all and by key; a limit of zero refuses all, and limits can change.
#[tokio::test]
async fn limits_hold_in_all_and_by_key() {
    let connections = Connections::new().max(3).max_per_key(2).retry_after(7);
    let key = |address: &str| Some(address.parse::<IpAddr>().unwrap().into());
    let (retry_after, mut open) = (7, Vec::new());
    open.push(admit(&connections, key("192.0.2.1")).unwrap());
    open.push(admit(&connections, key("::ffff:192.0.2.1")).unwrap());
    let refused = admit(&connections, key("192.0.2.1")).map(drop);
    assert_eq!(refused, Err(Rejection::TooManyOfKey { retry_after }));
    assert_eq!(connections.len(), 2);
    open.push(admit(&connections, key("192.0.2.2")).unwrap());
    // In all before by key.
    let refused = admit(&connections, key("192.0.2.1")).map(drop);
    assert_eq!(refused, Err(Rejection::TooManyConnections { retry_after }));

    let address: IpAddr = "192.0.2.1".parse().unwrap();
    assert_eq!(connections.len_of(address), 2);
    drop(open.remove(0));
    assert_eq!(connections.len_of(address), 1);
    open.push(admit(&connections, key("192.0.2.1")).unwrap());

    let connections = connections.max(0);
    open.clear();
    assert_eq!(connections.len_of(address), 0);
    let refused = admit(&connections, None).map(drop);
    assert_eq!(refused, Err(Rejection::TooManyConnections { retry_after }));
    // Of all clones, and for those without a key by `max` alone.
    let connections = connections.clone().max(1).max_per_key(0);
    let refused = admit(&connections, key("192.0.2.1")).map(drop);
    assert_eq!(refused, Err(Rejection::TooManyOfKey { retry_after }));
    assert!(admit(&connections, None).is_ok());
}

/// The list tells of each connection what is known, oldest first, however many there are.
#[tokio::test(start_paused = true)]
async fn list_is_complete() {
    let connections = Connections::new();
    let mut open = Vec::new();
    for user in 0..1000_u64 {
        open.push(admit(&connections, Some(user.into())).unwrap());
    }
    let listed: Vec<_> = connections.iter().collect();
    assert_eq!(listed.len(), connections.len());
    for (connection, user) in listed.iter().zip(0..) {
        assert_eq!(connection.id().get(), user + 1);
        assert_eq!(connection.key(), Some(&user.into()));
        assert_eq!(connection.opened_at(), None);
        assert!(connection.stats().is_none());
    }
    sleep(secs(1)).await;
    let (mut peer, accepting) = open.remove(500);
    let mut socket = accepting.socket().await.unwrap();
    peer.send(&frame(TEXT, b"hello")).await;
    socket.recv().await.unwrap().unwrap();
    let listed = connections.iter().nth(500).unwrap();
    assert_eq!(listed.opened_at(), Some(Instant::now().into_std()));
    let stats = listed.stats().unwrap();
    assert_eq!(stats.received.payload_bytes, 5);
    assert_eq!(stats.received, socket.stats().received);
    // Some leave while the list is read.
    let mut list = connections.iter();
    assert_eq!(list.next().unwrap().id().get(), 1);
    open.clear();
    let rest: Vec<_> = list.map(|connection| connection.id()).collect();
    assert_eq!(rest.last(), Some(&socket.id().unwrap()));
    assert!(rest.is_sorted() && rest.len() < 100);
}

/// A connection that belongs to nobody has no number.
#[tokio::test]
async fn connection_of_nobody_has_no_number() {
    let (mut peer, task) = pair(async |mut socket: WebSocket| {
        assert_eq!(socket.id(), None);
        socket.send("hello".into()).await.unwrap();
        hold(socket).await;
    });
    peer.expect(TEXT, b"hello").await;
    task.abort();
}
