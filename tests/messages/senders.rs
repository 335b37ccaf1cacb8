//! Many tasks send to one connection.

use std::{collections::HashMap, time::Duration};

use futures_util::SinkExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
    time::timeout,
};
use tower_websock::{
    Config, Error, Message, PreparedMessage, SendHalf, SendTimeoutError, Sender, Subscribe, Topic,
    TrySendError, WebSocket,
};

use crate::support::*;

const TASKS: usize = 100;
const MESSAGES: usize = 1000;

/// So little is queued that senders wait all the time.
fn config() -> Config {
    Config::new().write_high_water(1000)
}

/// Sends all messages of a task, each in one of the ways that there are.
async fn send_all<T>(task: usize, mut half: SendHalf<T>, sender: Sender<T>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    for number in 0..MESSAGES {
        let message = Message::text(format!("{task}:{number}"));
        match (task + number) % 6 {
            0 => half.send(message).await.unwrap(),
            1 => sender.send(message).await.unwrap(),
            2 => SinkExt::send(&mut half, message).await.unwrap(),
            3 => half.feed(message).await.unwrap(),
            4 => send_in_time(&sender, message).await,
            _ => try_until_sent(&sender, message).await,
        }
    }
    half.flush().await.unwrap();
}

async fn send_in_time<T>(sender: &Sender<T>, mut message: Message)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let little = Duration::from_millis(1);
    while let Err(error) = sender.send_timeout(message, little).await {
        let SendTimeoutError::Timeout(given) = error else {
            panic!("{error}");
        };
        message = given;
    }
}

async fn try_until_sent<T>(sender: &Sender<T>, mut message: Message)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Err(error) = sender.try_send(message) {
        let TrySendError::Full(given) = error else {
            panic!("{error}");
        };
        message = given;
        tokio::task::yield_now().await;
    }
}

fn start_all<T>(half: &SendHalf<T>) -> JoinSet<()>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let sending = (0..TASKS).map(|task| send_all(task, half.clone(), half.sender()));
    sending.collect()
}

/// Counts what comes: each message once, those of a task in order.
#[derive(Default)]
struct Seen(HashMap<usize, usize>);

impl Seen {
    fn note(&mut self, text: &str) {
        let (task, number) = text.split_once(':').unwrap();
        let next = self.0.entry(task.parse().unwrap()).or_default();
        assert_eq!(number.parse(), Ok(*next), "{task}");
        *next += 1;
    }

    fn has_all(&self) -> bool {
        self.0.len() == TASKS && self.0.values().all(|count| *count == MESSAGES)
    }
}

/// 5.4: messages of many tasks arrive whole, once, and in the order of each task, though the peer is
/// slow and the handler does something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_many_tasks_arrive_in_the_order_of_each() {
    let (client, server) = tokio::io::duplex(700);
    let task = supervise(server, config(), async |socket| {
        let (half, mut recv) = socket.split();
        let sending = start_all(&half);
        while let Some(Ok(message)) = recv.recv().await {
            assert!(!message.is_data());
        }
        sending.join_all().await;
        Ok::<_, Error>(())
    });
    let mut peer = Peer::new(client);
    let mut seen = Seen::default();
    let all = timeout(Duration::from_secs(60), async {
        while !seen.has_all() {
            let (first, payload) = peer.read().await.unwrap();
            assert_eq!(first, TEXT);
            seen.note(str::from_utf8(&payload).unwrap());
        }
    });
    all.await.expect("no sender is left to wait");
    close_by_peer(peer, task).await;
}

/// The same without a supervisor, where the tasks drive the transport for each other.
#[cfg(feature = "client")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_many_tasks_leave_without_a_supervisor() {
    use tower_websock::WebSocket;

    for receives in [false, true] {
        let (client, server) = tokio::io::duplex(700);
        let (half, mut recv) = WebSocket::client(client, &config()).split();
        let sending = start_all(&half);
        // One more task waits for messages, or nobody does.
        let receiving = receives.then(|| tokio::spawn(async move { recv.recv().await }));
        let mut peer = WebSocket::server(server, &Config::new());
        let mut seen = Seen::default();
        let all = timeout(Duration::from_secs(60), async {
            while !seen.has_all() {
                let message = peer.recv().await.unwrap().unwrap();
                seen.note(message.to_text().unwrap());
            }
            sending.join_all().await;
        });
        all.await.expect("no sender is left to wait");
        if let Some(receiving) = receiving {
            peer.send("done".into()).await.unwrap();
            assert!(receiving.await.unwrap().unwrap().unwrap().is_data());
        }
    }
}

/// Halves and senders send what was prepared, and forward topics, as the socket does.
#[tokio::test]
async fn handles_send_prepared_messages_and_subscribe() {
    let (client, server) = tokio::io::duplex(4096);
    let socket = WebSocket::server(server, &Config::new());
    let prepared = PreparedMessage::text("prepared");
    let (mut half, mut receives) = socket.split();
    half.try_send_prepared(&prepared).unwrap();
    half.start_send_prepared(&prepared).unwrap();
    let topic = Topic::new();
    let sender = half.sender();
    let all = sender.subscribe(&topic);
    let none = sender.subscribe_with(&topic, Subscribe::new().filter(|_| false));
    topic.publish("published");
    half.flush().await.unwrap();
    // Without a supervisor, whoever receives forwards.
    tokio::spawn(async move { receives.recv().await.is_none() });
    let mut peer = Peer::new(client);
    for expected in ["prepared", "prepared", "published"] {
        peer.expect(TEXT, expected.as_bytes()).await;
    }
    assert_eq!(topic.subscribers(), 2);
    drop((all, none));
    assert_eq!(topic.subscribers(), 0);
}
