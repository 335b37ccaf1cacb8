//! Handlers that wait for something to send.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::{Instant, sleep, timeout},
};
use tower_websock::{Config, Error, Message, SendHalf, WebSocket};

use crate::support::*;

use super::millis;

const HANDLERS: usize = 30;

/// How a peer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    Close,
    Fin,
    Reset,
    Violation,
}

const LEAVING: [Leaving; 4] = [
    Leaving::Close,
    Leaving::Fin,
    Leaving::Reset,
    Leaving::Violation,
];

/// What a handler waits with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Whole,
    /// The receiving half was dropped.
    Half,
    /// It is kept and not used.
    BothHalves,
    /// The half that sends is in another task, the handler is over.
    Elsewhere,
}

const WAITING: [Waiting; 4] = [
    Waiting::Whole,
    Waiting::Half,
    Waiting::BothHalves,
    Waiting::Elsewhere,
];

/// Waits for a channel that nobody sends to, or for the end.
async fn push<T: AsyncRead + AsyncWrite + Unpin>(mut send: SendHalf<T>) {
    let (_kept, mut news) = mpsc::channel::<Message>(1);
    loop {
        tokio::select! {
            item = news.recv() => send.send(item.unwrap()).await.unwrap(),
            () = send.closed() => break,
        }
    }
    assert!(send.is_closed());
    assert!(matches!(send.send("x".into()).await, Err(Error::Closed)));
}

async fn wait<T>(mut socket: WebSocket<T>, waiting: Waiting, tell: UnboundedSender<()>)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    assert!(!socket.is_closed());
    tell.send(()).unwrap();
    match waiting {
        Waiting::Whole => {
            socket.closed().await;
            assert!(socket.is_closed());
        }
        Waiting::Half => {
            let (send, _) = socket.split();
            push(send).await;
        }
        Waiting::BothHalves => {
            let (send, _recv) = socket.split();
            push(send).await;
        }
        Waiting::Elsewhere => {
            let (send, _) = socket.split();
            tokio::spawn(async move {
                push(send).await;
                tell.send(()).unwrap();
            });
            return;
        }
    }
    tell.send(()).unwrap();
}

/// Handlers that wait, connected to `HANDLERS` peers; all tell when they begin and end.
async fn connect_all(
    addr: SocketAddr,
    told: &mut UnboundedReceiver<()>,
    shake_hands: bool,
) -> Vec<Peer<TcpStream>> {
    let mut peers = Vec::new();
    for _ in 0..HANDLERS {
        peers.push(if shake_hands {
            Peer::connect(addr).await
        } else {
            Peer::new(TcpStream::connect(addr).await.unwrap())
        });
        told.recv().await.unwrap();
    }
    peers
}

/// All peers leave. Returns when the last handler knew it.
async fn leave_all(
    peers: Vec<Peer<TcpStream>>,
    leaving: Leaving,
    told: &mut UnboundedReceiver<()>,
) -> Duration {
    let begin = Instant::now();
    let mut kept = Vec::new();
    for mut peer in peers {
        match leaving {
            Leaving::Close => peer.send(&close_frame(1000)).await,
            Leaving::Fin => peer.io.shutdown().await.unwrap(),
            Leaving::Reset => {
                #[allow(deprecated, reason = "resetting is the point")]
                peer.io.set_linger(Some(Duration::ZERO)).unwrap();
                continue;
            }
            Leaving::Violation => peer.send(&[0xF1]).await,
        }
        kept.push(peer);
    }
    for _ in 0..HANDLERS {
        timeout(Duration::from_secs(10), told.recv())
            .await
            .expect("a handler stays")
            .unwrap();
    }
    let took = begin.elapsed();
    for mut peer in kept {
        match leaving {
            Leaving::Close => peer.expect_close(1000).await,
            Leaving::Violation => peer.expect_close(1002).await,
            Leaving::Fin | Leaving::Reset => {}
        }
    }
    took
}

/// 7.1: handlers that wait for a channel alone learn at once that the peer has closed, left or failed,
/// without a message to send.
#[tokio::test]
async fn handlers_that_wait_for_a_channel_learn_of_the_end() {
    for waiting in WAITING {
        for leaving in LEAVING {
            let (tell, mut told) = mpsc::unbounded_channel();
            let handler = move |socket: WebSocket| wait(socket, waiting, tell.clone());
            let addr = serve(handler, Config::new()).await;
            let peers = connect_all(addr, &mut told, true).await;
            let took = leave_all(peers, leaving, &mut told).await;
            println!("supervised, {waiting:?}, {leaving:?}: {HANDLERS} of {HANDLERS} in {took:?}");
            assert!(took < millis(900), "{waiting:?} {leaving:?} {took:?}");
        }
    }
}

/// The same without a supervisor, where nobody reads but who waits.
#[tokio::test]
async fn tasks_without_a_supervisor_learn_of_the_end() {
    for waiting in WAITING {
        for leaving in LEAVING {
            let (tell, mut told) = mpsc::unbounded_channel();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            tokio::spawn(async move {
                loop {
                    let (io, _) = listener.accept().await.unwrap();
                    let socket = WebSocket::server(io, &Config::new());
                    tokio::spawn(wait(socket, waiting, tell.clone()));
                }
            });
            let peers = connect_all(addr, &mut told, false).await;
            let took = leave_all(peers, leaving, &mut told).await;
            println!("by hand, {waiting:?}, {leaving:?}: {HANDLERS} of {HANDLERS} in {took:?}");
            assert!(took < millis(900), "{waiting:?} {leaving:?} {took:?}");
        }
    }
}

/// 5.5.1: who has received something may still answer it; when it has not come back for more after a
/// second, `closed` is ready.
#[tokio::test(start_paused = true)]
async fn closed_leaves_a_second_to_answer_what_was_received() {
    let serving = |mut socket: WebSocket| async move {
        assert!(socket.recv().await.unwrap().unwrap().is_data());
        let begin = Instant::now();
        let closed = timeout(millis(500), socket.closed());
        assert!(closed.await.is_err());
        socket.send("answer".into()).await.unwrap();
        socket.closed().await;
        assert_eq!(begin.elapsed().as_millis() / 10, 100);
        assert!(matches!(
            socket.recv().await,
            Some(Ok(Message::Close(Some(_))))
        ));
    };
    let (mut peer, task) = pair(serving);
    let request = [frame(TEXT, b"request"), close_frame(1000)].concat();
    peer.send(&request).await;
    peer.expect(TEXT, b"answer").await;
    peer.expect_close(1000).await;
    assert!(end_of(peer, task).await.is_clean());
}

/// Our own Close, a handler's end and a lost supervisor are ends, too.
#[tokio::test(start_paused = true)]
async fn every_end_is_told() {
    for way in 0..4 {
        let (tell, mut told) = mpsc::unbounded_channel();
        let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
            if way == 0 {
                socket.send(Message::Close(None)).await.unwrap();
                socket.closed().await;
                tell.send(()).unwrap();
                return Ok(());
            }
            let (mut send, recv) = socket.split();
            if way == 1 {
                send.start_close(None).unwrap();
            }
            tokio::spawn(async move {
                send.closed().await;
                tell.send(()).unwrap();
                drop((send, recv));
            });
            sleep(millis(100)).await;
            if way == 2 {
                return Err("broken");
            }
            sleep(millis(100_000)).await;
            Ok(())
        });
        if way == 3 {
            sleep(millis(200)).await;
            task.abort();
        } else {
            assert_eq!(peer.read().await.unwrap().0, CLOSE, "{way}");
        }
        let told = timeout(millis(1000), told.recv()).await;
        assert!(told.is_ok(), "{way}");
        task.abort();
    }
}

/// The client's role has it, too.
#[cfg(feature = "client")]
#[tokio::test(start_paused = true)]
async fn client_that_only_sends_learns_of_the_end() {
    let (mut client, mut server) = WebSocket::pair(&Config::new());
    client.send("hello".into()).await.unwrap();
    assert!(server.recv().await.unwrap().unwrap().is_data());
    let closing = async {
        let frame = tower_websock::CloseFrame::new(1000, "");
        server.close(Some(frame)).await.unwrap()
    };
    let waiting = async {
        client.closed().await;
        client.close(None).await.unwrap()
    };
    let (ours, theirs) = tokio::join!(closing, waiting);
    assert!(ours.is_clean() && theirs.is_clean());
}
