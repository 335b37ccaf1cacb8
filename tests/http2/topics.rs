//! Streams of one connection that are subscribed to a topic: one that does not read stalls none of
//! its siblings, whatever its policy (RFC 9113, section 5.2).

use tower_websock::{Lag, Subscribe, Topic, TopicConfig};

use super::{
    raw::{Event, Raw, RawSocket},
    support::{CLOSE, TEXT, frame},
    *,
};

const MESSAGES: usize = 2000;
const RING: usize = 50;

/// A message of 200 bytes.
fn message(number: usize) -> String {
    format!("{number:0200}")
}

/// Subscribes as its first message says.
async fn subscriber(mut socket: WebSocket, topic: Topic) -> Result<(), Error> {
    let wanted = socket.recv().await.unwrap()?.into_text().unwrap();
    let lag = match &*wanted {
        "skip" => Lag::Skip,
        "latest" => Lag::Latest,
        _ => Lag::Close {
            messages: 40,
            time: Duration::MAX,
        },
    };
    let _subscription = socket.subscribe_with(&topic, Subscribe::new().lag(lag));
    socket.send("subscribed".into()).await?;
    while let Some(message) = socket.recv().await {
        message?;
    }
    Ok(())
}

async fn subscribe(raw: &mut Raw, lag: &str) -> RawSocket {
    let mut socket = raw.open().await;
    socket.send(frame(TEXT, lag.as_bytes())).await;
    assert_eq!(
        socket.next().await,
        Event::Frame(TEXT, b"subscribed".into())
    );
    socket
}

/// The numbers of the messages that come, until `last`, or the code of a Close.
async fn rest(socket: &mut RawSocket, last: usize) -> (Vec<usize>, Option<u16>) {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        match socket.next().await {
            Event::Frame(TEXT, data) => {
                numbers.push(String::from_utf8(data).unwrap().parse().unwrap());
            }
            Event::Frame(CLOSE, data) => {
                return (numbers, Some(u16::from_be_bytes([data[0], data[1]])));
            }
            other => panic!("{other:?}"),
        }
    }
    (numbers, None)
}

/// Each gets what its policy allows, once it reads again.
#[tokio::test(start_paused = true)]
async fn wedged_streams_stall_no_sibling() {
    let topic = Topic::with_config(TopicConfig::new().capacity(RING));
    let room = topic.clone();
    let handler = move |socket| subscriber(socket, room.clone());
    let config = Config::new().write_high_water(4096);
    let layer = WebSocketLayer::new(handler).config(config);
    let (io, server) = tokio::io::duplex(64 << 10);
    tokio::spawn(serve_over(server, layer.layer(service_fn(inner))));
    // Each stream may send 20,000 bytes that nobody reads.
    let mut raw = Raw::over(io, 20_000).await;
    let mut wedged = Vec::new();
    for lag in ["skip", "latest", "close"] {
        wedged.push(subscribe(&mut raw, lag).await);
    }
    let mut alive = subscribe(&mut raw, "close").await;
    assert_eq!(topic.subscribers(), 4);

    for number in 0..MESSAGES {
        topic.publish(message(number));
        let got = alive.next().await;
        assert_eq!(got, Event::Frame(TEXT, message(number).into_bytes()));
        assert!(topic.stats().held_messages <= RING + 1);
    }
    let stats = topic.stats();
    assert_eq!((stats.closed, stats.subscribers), (1, 3));

    let last = MESSAGES - 1;
    let [skipping, latest, closed] = &mut wedged[..] else {
        unreachable!()
    };
    let (numbers, code) = rest(skipping, last).await;
    let before = numbers.len() - RING;
    assert_eq!(code, None);
    assert!(numbers[..before].iter().copied().eq(0..before));
    assert!(
        numbers[before..]
            .iter()
            .copied()
            .eq(MESSAGES - RING..MESSAGES)
    );
    assert!((50..200).contains(&before), "{before}");

    let (numbers, code) = rest(latest, last).await;
    let before = numbers.len() - 1;
    assert_eq!(code, None);
    assert!(numbers[..before].iter().copied().eq(0..before));
    assert!((50..200).contains(&before), "{before}");

    let (numbers, code) = rest(closed, last).await;
    assert_eq!(code, Some(1013));
    assert!(numbers.iter().copied().eq(0..numbers.len()));
    assert!((50..200).contains(&numbers.len()), "{}", numbers.len());
    assert_eq!(topic.stats().held_messages, 0);
}
