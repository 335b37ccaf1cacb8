//! Closing a connection by its number, whatever its handler does.

use std::thread;

use futures_util::FutureExt;
use tokio::{io::AsyncReadExt, sync::oneshot, time::timeout};
use tower_websock::{ConnectionId, Error, InvalidClose, Message};

use super::*;

/// The number of the only one.
fn only(connections: &Connections) -> ConnectionId {
    let mut all = connections.iter();
    let id = all.next().unwrap().id();
    assert!(all.next().is_none());
    id
}

/// The peer is told, answers, and everything is over.
async fn is_closed_in_order(connections: &Connections, mut peer: Peer<DuplexStream>, task: Task) {
    peer.expect_close(close_code::POLICY).await;
    peer.send(&close_frame(close_code::POLICY)).await;
    peer.expect_end().await;
    drop(peer);
    assert!(task.await.unwrap().unwrap().is_clean());
    assert!(connections.is_empty());
}

/// 7.1.2: a handler that receives sees the end of its stream.
#[tokio::test(start_paused = true)]
async fn idle_handler_sees_the_end() {
    let connections = Connections::new();
    let (peer, task) = open(&connections, async |mut socket: WebSocket| {
        let frame = CloseFrame::new(close_code::POLICY, "");
        let last = socket.recv().await.unwrap().unwrap();
        assert_eq!(last, Message::Close(Some(frame)));
        assert!(socket.recv().await.is_none());
    });
    settle().await;
    assert!(connections.close(only(&connections), thrown_out()).unwrap());
    is_closed_in_order(&connections, peer, task).await;
}

/// A handler that awaits something else has no part in it, and its place is free meanwhile.
#[tokio::test(start_paused = true)]
async fn busy_handler_is_not_waited_for() {
    let connections = Connections::new();
    let (mut peer, task) = open(&connections, hold);
    settle().await;
    assert!(connections.close(only(&connections), thrown_out()).unwrap());
    peer.expect_close(close_code::POLICY).await;
    peer.send(&close_frame(close_code::POLICY)).await;
    peer.expect_end().await;
    drop(peer);
    settle().await;
    assert!(connections.is_empty() && !task.is_finished());
    task.abort();
}

/// One that only sends, in its own task or in another, is told when it waits for room.
#[tokio::test(start_paused = true)]
async fn sender_that_waits_for_room_sees_the_end() {
    async fn flood(mut sender: tower_websock::SendHalf) -> Error {
        loop {
            if let Err(error) = sender.send(Message::binary(vec![0; 1 << 14])).await {
                return error;
            }
        }
    }
    for elsewhere in [false, true] {
        let connections = Connections::new();
        let (tell, told) = oneshot::channel();
        let (mut peer, task) = open(&connections, move |socket: WebSocket| async move {
            let (sender, _) = socket.split();
            let error = if elsewhere {
                tokio::spawn(flood(sender)).await.unwrap()
            } else {
                flood(sender).await
            };
            tell.send(error).unwrap();
        });
        settle().await;
        assert!(connections.close(only(&connections), thrown_out()).unwrap());
        let error = timeout(secs(1), told).await.unwrap().unwrap();
        assert!(matches!(error, Error::Closed), "{error:?}");
        // What was sent before comes first.
        while peer.read().await.unwrap().0 == BINARY {}
        peer.send(&close_frame(close_code::POLICY)).await;
        peer.expect_end().await;
        drop(peer);
        task.await.unwrap().unwrap();
        assert!(connections.is_empty());
    }
}

/// A socket without a supervisor is woken wherever it waits, and writes the frame.
#[tokio::test(start_paused = true)]
async fn unsupervised_socket_is_woken_wherever_it_waits() {
    #[derive(Clone, Copy, PartialEq)]
    enum Waits {
        Recv,
        Send,
        Closed,
        SplitRecv,
        /// For nothing: its user does something else, and only looks at it to send.
        Elsewhere,
    }
    for waits in [
        Waits::Recv,
        Waits::Send,
        Waits::Closed,
        Waits::SplitRecv,
        Waits::Elsewhere,
    ] {
        let connections = Connections::new();
        let (mut peer, accepting) = admit(&connections, None).unwrap();
        let user = tokio::spawn(async move {
            let mut socket = accepting.socket().await.unwrap();
            assert_eq!(socket.id().unwrap().get(), 1);
            match waits {
                Waits::Recv => {}
                Waits::Send => {
                    while socket.send(Message::binary(vec![0; 1 << 14])).await.is_ok() {}
                }
                Waits::Closed => socket.closed().await,
                Waits::Elsewhere => {
                    tokio::time::sleep(secs(10)).await;
                    assert!(socket.send("late".into()).await.is_err());
                }
                Waits::SplitRecv => {
                    let (_sender, mut receiver) = socket.split();
                    while let Some(Ok(_)) = receiver.recv().await {}
                    return;
                }
            }
            while let Some(Ok(_)) = socket.recv().await {}
            assert!(socket.closure().unwrap().is_clean());
        });
        settle().await;
        assert!(connections.close(only(&connections), thrown_out()).unwrap());
        while timeout(secs(1), peer.read()).await.unwrap().unwrap().0 == BINARY {}
        peer.send(&close_frame(close_code::POLICY)).await;
        peer.expect_end().await;
        drop(peer);
        user.await.unwrap();
        assert!(connections.is_empty());
    }
}

/// A connection that is accepted, and not open yet, is closed when it opens.
#[tokio::test(start_paused = true)]
async fn connection_that_is_about_to_open_is_closed_at_once() {
    let connections = Connections::new();
    let (peer, accepting) = admit(&connections, None).unwrap();
    let id = accepting.id().unwrap();
    assert_eq!(connections.iter().next().unwrap().opened_at(), None);
    assert!(connections.close(id, thrown_out()).unwrap());
    // The first order counts.
    let other = CloseFrame::new(close_code::AWAY, "");
    assert!(connections.close(id, other).unwrap());
    let task = tokio::spawn(accepting.supervise(async |mut socket: WebSocket| {
        assert!(socket.is_closed());
        let sent = socket.send("too late".into()).await;
        assert!(matches!(sent, Err(Error::Closed)));
    }));
    is_closed_in_order(&connections, peer, task).await;

    // Without a supervisor, too.
    let (mut peer, accepting) = admit(&connections, None).unwrap();
    assert!(
        connections
            .close(accepting.id().unwrap(), thrown_out())
            .unwrap()
    );
    let mut socket = accepting.socket().await.unwrap();
    assert!(socket.recv().now_or_never().is_none());
    peer.expect_close(close_code::POLICY).await;
}

/// 7.4: a frame that must not be sent is sent to nobody; a number that is nobody's is said so.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_closed_is_told() {
    let connections = Connections::new();
    let (mut peer, task) = open(&connections, hold);
    settle().await;
    let id = only(&connections);
    let invalid = connections.close(id, CloseFrame::new(1005, ""));
    assert_eq!(invalid, Err(InvalidClose::Code(1005)));
    assert!(peer.io.read_u8().now_or_never().is_none());
    let nobody = ConnectionId::try_from(id.get() + 1).unwrap();
    assert_eq!(connections.close(nobody, thrown_out()), Ok(false));
    task.abort();
    let _ = task.await;
    assert_eq!(connections.close(id, thrown_out()), Ok(false));
    assert!(ConnectionId::try_from(0).is_err());
}

/// It needs no runtime.
#[tokio::test]
async fn any_thread_can_close() {
    let connections = Connections::new();
    let (mut peer, task) = open(&connections, hold);
    let (mut other, accepting) = admit(&connections, None).unwrap();
    let mut socket = accepting.socket().await.unwrap();
    let user = tokio::spawn(async move { while let Some(Ok(_)) = socket.recv().await {} });
    settle().await;
    let shared = connections.clone();
    thread::spawn(move || {
        for connection in shared.iter() {
            assert!(shared.close(connection.id(), thrown_out()).unwrap());
        }
    })
    .join()
    .unwrap();
    for peer in [&mut peer, &mut other] {
        peer.expect_close(close_code::POLICY).await;
    }
    user.abort();
    task.abort();
}
