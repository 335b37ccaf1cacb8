//! What is handed back.

use futures_util::{SinkExt, StreamExt, future::join};

use super::*;

/// More messages than are taken from a connection that still brings some.
const MANY: usize = 200;

/// A socket that has fed so many messages to a server that takes none of them.
async fn stuck(
    servers: &mut Servers,
    builder: ReconnectingBuilder<Connector<DuplexStream>>,
    count: usize,
) -> (Socket, WebSocket<DuplexStream>) {
    servers.expect([Outcome::Opens(1)]);
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    let server = servers.next();
    for number in 0..count {
        socket.feed(text(number)).await.expect("fed");
    }
    assert!(poll(socket.flush()).is_pending());
    (socket, server)
}

/// All of it, in order, once.
#[tokio::test(start_paused = true)]
async fn what_was_not_flushed_is_handed_back_in_order() {
    let (mut servers, builder) = servers();
    let (mut socket, server) = stuck(&mut servers, builder, 100).await;
    assert_eq!(socket.take_unsent(), [], "the connection is open");
    drop(server);
    let (_, unsent) = expect_lost(&mut socket).await;
    assert_eq!(unsent, texts(0..100));
    assert_eq!(socket.take_unsent(), []);
    expect_open(&mut socket, 2).await;
    drop(servers.next());
    let (_, unsent) = expect_lost(&mut socket).await;
    assert_eq!(unsent, []);
}

/// What was flushed is not.
#[tokio::test(start_paused = true)]
async fn what_was_flushed_is_not_handed_back() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    for number in 0..10 {
        socket.feed(text(number)).await.expect("fed");
    }
    socket.flush().await.expect("flushed");
    socket.send(text(10)).await.expect("sent");
    // Whoever waits to receive flushes, too.
    socket.feed(text(11)).await.expect("fed");
    assert!(poll(socket.recv()).is_pending());
    drop(servers.next());
    let (_, unsent) = expect_lost(&mut socket).await;
    assert_eq!(unsent, []);
}

/// 5.5.1: a server that has sent its Close need not read what comes then.
#[tokio::test(start_paused = true)]
async fn what_crosses_the_servers_close_is_handed_back() {
    for code in [1001, 1008] {
        let (mut servers, builder) = servers();
        let mut socket = builder.build();
        expect_open(&mut socket, 1).await;
        socket.feed(text(1)).await.expect("fed");
        socket.feed(text(2)).await.expect("fed");
        let closing = close(servers.next(), code);
        tokio::task::yield_now().await;
        let unsent = match socket.recv().await.expect("an end") {
            Ok(Event::Lost { unsent, .. }) => unsent,
            Err(stopped) => stopped.unsent,
            other => panic!("{other:?}"),
        };
        assert_eq!(unsent, texts(1..=2), "{code}");
        closing.await.expect("closed");
    }
}

/// 5.5.1: nor is it flushed while it is unknown, for all the messages before, how the connection ends.
#[tokio::test(start_paused = true)]
async fn what_is_sent_before_an_end_behind_many_messages_is_handed_back() {
    let lifetime = Duration::from_secs(10);
    let (ours, theirs) = duplex(1 << 16);
    let mut server = WebSocket::server(theirs, &Config::new());
    let config = Config::new().max_lifetime(Some(lifetime));
    let mut ours = Some(WebSocket::client(ours, &config));
    let connect = move |_| std::future::ready(ours.take().ok_or_else(unreachable));
    let mut socket = Reconnecting::over(connect).build();
    expect_open(&mut socket, 1).await;
    for number in 0..MANY {
        server.feed(text(number)).await.expect("fed");
    }
    let close = Message::Close(Some(CloseFrame::new(1011, "")));
    server.send(close).await.expect("sent");
    socket.feed(text(1)).await.expect("fed");
    tokio::time::sleep(lifetime).await;
    assert!(socket.feed(text(2)).await.is_err());
    for _ in 0..3 {
        let flushed = socket.flush().await;
        assert!(matches!(flushed, Err(SendError::Lost(None))), "{flushed:?}");
    }
    for number in 0..MANY {
        expect_message(&mut socket, text(number)).await;
    }
    let (why, unsent) = expect_lost(&mut socket).await;
    assert_eq!(why.code(), Some(1011));
    assert_eq!(unsent, [text(1)]);
    socket.flush().await.expect("nothing to flush");
}

/// A future that was dropped has queued its message or not; one that it has queued comes back.
#[tokio::test(start_paused = true)]
async fn message_of_a_dropped_future_is_handed_back() {
    let (mut servers, builder) = servers();
    let (mut socket, server) = stuck(&mut servers, builder, 1).await;
    assert!(poll(socket.send(text(1))).is_pending());
    drop(server);
    let (_, unsent) = expect_lost(&mut socket).await;
    assert_eq!(unsent, texts(0..2));
}

/// Nothing overtakes what is to be taken back.
#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_it_is_taken_back() {
    let (mut servers, builder) = servers();
    let (mut socket, server) = stuck(&mut servers, builder, 3).await;
    drop(server);
    for _ in 0..3 {
        assert!(matches!(socket.flush().await, Err(SendError::Lost(None))));
        let sent = socket.send(text(9)).await;
        assert!(matches!(sent, Err(SendError::Lost(Some(back))) if back == text(9)));
    }
    assert_eq!(socket.take_unsent(), texts(0..3));
    assert!(socket.flush().await.is_ok());
    socket.send(text(9)).await.expect("sent");
    assert_eq!(servers.next().recv().await.unwrap().unwrap(), text(9));
    let (_, unsent) = expect_lost(&mut socket).await;
    assert_eq!(unsent, []);
    expect_open(&mut socket, 2).await;
}

/// A sink has no message to give back: it tells once, and waits for who receives.
#[tokio::test(start_paused = true)]
async fn sink_tells_once_and_waits() {
    let (mut servers, builder) = servers();
    let (mut socket, server) = stuck(&mut servers, builder, 3).await;
    drop(server);
    assert!(matches!(
        SinkExt::flush(&mut socket).await,
        Err(SendError::Lost(None))
    ));
    let (mut sink, mut stream) = socket.split();
    let (sent, unsent) = join(sink.send(text(9)), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        match stream.next().await.expect("an end") {
            Ok(Event::Lost { unsent, .. }) => unsent,
            other => panic!("{other:?}"),
        }
    })
    .await;
    sent.expect("sent");
    assert_eq!(unsent, texts(0..3));
    assert_eq!(servers.next().recv().await.unwrap().unwrap(), text(9));
}

/// The last connection hands back, too.
#[tokio::test(start_paused = true)]
async fn end_hands_back() {
    let (mut servers, builder) = servers();
    let builder = builder.rule(|_, _| Decision::Stop);
    let (mut socket, server) = stuck(&mut servers, builder, 3).await;
    drop(server);
    let stopped = expect_stopped(&mut socket).await;
    assert_eq!(stopped.unsent, texts(0..3));
}
