//! A silent peer of halves that live in tasks of their own (RFC 6455, section 5.5.2).

use std::{future::pending, time::Duration};

use tokio::{
    io::{DuplexStream, duplex},
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::Instant,
};
use tower_websock::{Closure, Config, Error, KeepAlive, Loss, RecvHalf, SendHalf, WebSocket};

use crate::support::*;

const INTERVAL: Duration = Duration::from_secs(20);
const TIMEOUT: Duration = Duration::from_secs(10);
/// As late as a ping may be that is to be sent at another time than others.
const LATE: Duration = Duration::from_millis(625);

fn config() -> Config {
    Config::new().keep_alive(KeepAlive::new().interval(INTERVAL).timeout(TIMEOUT))
}

/// What the tasks of the halves do.
#[derive(Clone, Copy, Debug)]
enum Way {
    BothWait,
    /// The half that sends is only kept.
    OneReceives,
    /// The half that receives is only kept.
    OneAwaitsTheEnd,
    /// There is none that receives.
    OneIsDropped,
}

const WAYS: [Way; 4] = [
    Way::BothWait,
    Way::OneReceives,
    Way::OneAwaitsTheEnd,
    Way::OneIsDropped,
];

/// Puts the halves into their tasks; each that waits tells when that was over.
fn spread<T>(way: Way, socket: WebSocket<T>, tell: UnboundedSender<Instant>)
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (send, recv): (SendHalf<T>, RecvHalf<T>) = socket.split();
    let told = tell.clone();
    tokio::spawn(async move {
        let mut recv = recv;
        match way {
            Way::BothWait | Way::OneReceives => {
                let end = recv.recv().await;
                assert!(
                    matches!(end, Some(Err(Error::Lost(Loss::NoPong)))),
                    "{end:?}"
                );
                told.send(Instant::now()).unwrap();
            }
            Way::OneAwaitsTheEnd => pending().await,
            Way::OneIsDropped => drop(recv),
        }
    });
    tokio::spawn(async move {
        let mut send = send;
        if matches!(way, Way::OneReceives) {
            pending::<()>().await;
        }
        send.closed().await;
        tell.send(Instant::now()).unwrap();
        assert_eq!(send.closure(), Some(Closure::Lost(Loss::NoPong)));
    });
}

/// Answers three pings, and then nothing; when it answered last.
async fn answer_thrice(peer: &mut Peer<DuplexStream>) -> Instant {
    for _ in 0..3 {
        let before = Instant::now();
        let (first, payload) = peer.read().await.unwrap();
        let after = before.elapsed();
        assert!(
            first == PING && after >= INTERVAL && after <= INTERVAL + LATE,
            "{after:?}"
        );
        peer.send(&frame(PONG, &payload)).await;
    }
    Instant::now()
}

/// Whatever the halves do, supervised or not: the peer is pinged, lives as long as it answers, and
/// is given up when it does not, at its time. All who wait learn of it, none that receives gets a
/// pong.
#[tokio::test(start_paused = true)]
async fn dead_peer_of_halves_in_other_tasks_is_given_up() {
    for way in WAYS {
        for supervised in [true, false] {
            let (tell, mut told) = unbounded_channel();
            let (client, server) = duplex(1 << 16);
            let mut peer = Peer::new(client);
            let task = if supervised {
                let handler = async move |socket: WebSocket| spread(way, socket, tell);
                Some(supervise(server, config(), handler))
            } else {
                spread(way, WebSocket::server(server, &config()), tell);
                None
            };
            let last = answer_thrice(&mut peer).await;
            let waiting = if matches!(way, Way::BothWait) { 2 } else { 1 };
            for _ in 0..waiting {
                let at = told.recv().await.unwrap();
                let took = at - last;
                assert!(
                    took.abs_diff(INTERVAL + TIMEOUT) <= Duration::from_millis(2),
                    "{way:?}, supervised: {supervised}: {took:?}"
                );
            }
            let (first, _) = peer.read().await.unwrap();
            assert_eq!(first, PING, "the one that was not answered");
            peer.expect_end().await;
            if let Some(task) = task {
                assert_eq!(task.await.unwrap(), Closure::Lost(Loss::NoPong));
            }
        }
    }
}
