//! Sending, with and without a connection.

use futures_util::{SinkExt, StreamExt, future::join};

use super::*;
use crate::Error;

/// Whoever sends first connects, and the event is kept for who receives.
#[tokio::test(start_paused = true)]
async fn sending_connects() {
    let (mut servers, builder) = servers();
    servers.expect([Outcome::Unreachable, Outcome::Refused(503)]);
    let mut socket = builder.build();
    socket.send(text(1)).await.expect("sent");
    assert!(!socket.is_open(), "its event was not received");
    let mut server = servers.next();
    assert_eq!(server.recv().await.unwrap().unwrap(), text(1));
    expect_open(&mut socket, 1).await;
    assert!(socket.is_open());
}

/// A program that only sends finds the next connection by itself, and its message is never lost.
#[tokio::test(start_paused = true)]
async fn program_that_only_sends_goes_on() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    for number in 0..20 {
        let mut message = text(number);
        while let Err(error) = socket.send(message).await {
            assert!(matches!(error, SendError::Lost(Some(_))), "{error:?}");
            message = error.into_message().expect("it is given back");
        }
        if let Ok(mut server) = servers.opened.try_recv() {
            assert_eq!(server.recv().await.unwrap().unwrap(), text(number));
        }
    }
    assert!(servers.attempts() > 10);
    assert!(poll(socket.recv()).is_ready());
}

/// 5.5.2: a ping is answered, so it need not be received before the next connection.
#[tokio::test(start_paused = true)]
async fn unread_pings_and_pongs_hold_up_nothing() {
    for notice in [Message::Ping("a".into()), Message::Pong("a".into())] {
        for as_a_sink in [true, false] {
            let (mut servers, builder) = servers();
            let mut socket = builder.build();
            for connection in 1..=3 {
                socket.send(text(0)).await.expect("sent");
                let mut server = servers.next();
                assert_eq!(server.recv().await.unwrap().unwrap(), text(0));
                server.send(notice.clone()).await.expect("sent");
                // It reads ahead.
                socket.send(text(1)).await.expect("sent");
                while server.recv().await.unwrap().unwrap() != text(1) {}
                drop(server);
                assert_eq!(servers.attempts(), connection);
            }
            if as_a_sink {
                SinkExt::send(&mut socket, text(2)).await.expect("sent");
            } else {
                socket.send(text(2)).await.expect("sent");
            }
            assert_eq!(servers.next().recv().await.unwrap().unwrap(), text(2));
            let (_, unsent) = expect_lost(&mut socket).await;
            assert_eq!(unsent, []);
            expect_open(&mut socket, 4).await;
        }
    }
}

/// A message that the transport did not take comes back with the error, and not a second time.
#[tokio::test(start_paused = true)]
async fn message_under_way_is_given_back() {
    let (mut servers, builder) = servers();
    servers.expect([Outcome::Opens(16)]);
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    let server = servers.next();
    let message = Message::binary(vec![7; 100]);
    let (sent, ()) = join(socket.send(message.clone()), async { drop(server) }).await;
    assert!(matches!(sent, Err(SendError::Lost(Some(back))) if back == message));
    let (_, unsent) = expect_lost(&mut socket).await;
    assert_eq!(unsent, []);
    socket.send(message).await.expect("sent");
    expect_open(&mut socket, 2).await;
}

/// A task that receives itself is not left to wait for what only it can do.
#[tokio::test(start_paused = true)]
async fn sending_fails_while_messages_of_the_last_connection_wait() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    socket.send(text(0)).await.expect("sent");
    let mut server = servers.next();
    for number in 1..=3 {
        server.send(text(number)).await.expect("sent");
    }
    // It reads ahead.
    socket.send(text(4)).await.expect("sent");
    drop(server);
    for _ in 0..3 {
        let sent = socket.send(text(5)).await;
        assert!(matches!(sent, Err(SendError::ReceiveFirst(Some(back))) if back == text(5)));
    }
    assert_eq!(servers.attempts(), 1);
    expect_open(&mut socket, 1).await;
    for number in 1..=3 {
        expect_message(&mut socket, text(number)).await;
    }
    socket.send(text(6)).await.expect("sent");
    let (_, unsent) = expect_lost(&mut socket).await;
    assert_eq!(unsent, []);
    expect_open(&mut socket, 2).await;
}

/// A program that only sends learns what it must do: with each message that it sends, or after a
/// time as a sink.
#[tokio::test(start_paused = true)]
async fn unread_messages_are_no_endless_wait() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    socket.send(text(0)).await.expect("sent");
    let mut server = servers.next();
    server.send(text(1)).await.expect("sent");
    // It reads ahead.
    socket.send(text(2)).await.expect("sent");
    drop(server);
    for _ in 0..3 {
        let began = Instant::now();
        let fed = socket.feed(text(3)).await;
        assert!(matches!(fed, Err(SendError::ReceiveFirst(Some(back))) if back == text(3)));
        assert_eq!(began.elapsed(), Duration::ZERO);
        let sent = SinkExt::send(&mut socket, text(3)).await;
        assert!(matches!(sent, Err(SendError::ReceiveFirst(None))));
        assert_eq!(began.elapsed().as_secs(), 30);
        socket.flush().await.expect("nothing to flush");
    }
    assert_eq!(servers.attempts(), 1);
    expect_open(&mut socket, 1).await;
    expect_message(&mut socket, text(1)).await;
    SinkExt::send(&mut socket, text(3)).await.expect("sent");
    assert_eq!(servers.next().recv().await.unwrap().unwrap(), text(3));
}

/// A sink waits as long as another task receives, however slowly.
#[tokio::test(start_paused = true)]
async fn sink_waits_for_who_receives_slowly() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    socket.send(text(0)).await.expect("sent");
    let mut server = servers.next();
    for number in 1..=5 {
        server.send(text(number)).await.expect("sent");
    }
    // It reads ahead.
    socket.send(text(6)).await.expect("sent");
    drop(server);
    let (mut sink, mut stream) = socket.split();
    let receiving = async {
        let mut received = Vec::new();
        while received.len() < 5 {
            tokio::time::sleep(Duration::from_secs(20)).await;
            if let Some(Ok(Event::Message(message))) = stream.next().await {
                received.push(message);
            }
        }
        received
    };
    let (sent, received) = join(sink.send(text(7)), receiving).await;
    sent.expect("sent");
    assert_eq!(received, texts(1..=5));
    assert_eq!(servers.next().recv().await.unwrap().unwrap(), text(7));
}

/// A loop that does nothing but try again leaves others their turn.
#[tokio::test(start_paused = true)]
async fn trying_again_at_once_starves_nobody() {
    let (mut servers, builder) = servers();
    servers.expect([Outcome::Opens(16)]);
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    let server = servers.next();
    assert!(poll(socket.send(Message::binary(vec![7; 100]))).is_pending());
    drop(server);
    let trying = tokio::spawn(async move { while socket.send(text(1)).await.is_err() {} });
    tokio::task::yield_now().await;
    trying.abort();
    assert!(trying.await.unwrap_err().is_cancelled());
}

/// What must not be sent is not, and harms nothing.
#[tokio::test(start_paused = true)]
async fn invalid_messages_are_refused() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    let close = Message::Close(Some(CloseFrame::new(1006, "")));
    let sent = socket.send(close.clone()).await;
    assert!(matches!(
        sent,
        Err(SendError::Invalid(Error::InvalidClose(_)))
    ));
    expect_open(&mut socket, 1).await;
    let sent = socket.send(close).await;
    assert!(matches!(
        sent,
        Err(SendError::Invalid(Error::InvalidClose(_)))
    ));
    let sent = socket.send(Message::Ping(vec![0; 126].into())).await;
    assert!(matches!(
        sent,
        Err(SendError::Invalid(Error::ControlTooLong(126)))
    ));
    socket.send(text(1)).await.expect("sent");
    let mut server = servers.next();
    assert_eq!(server.recv().await.unwrap().unwrap(), text(1));
}

/// What is not flushed is bounded, by bytes and by the number of messages.
#[tokio::test(start_paused = true)]
async fn unflushed_messages_are_bounded() {
    for (len, limit, most) in [(0, 1 << 16, 1025), (1000, 1 << 16, 62), (5000, 0, 1)] {
        let (servers, builder) = servers();
        servers.expect([Outcome::Opens(1)]);
        let mut socket = builder.max_unflushed(limit).build();
        expect_open(&mut socket, 1).await;
        let mut fed = 0;
        while let Poll::Ready(result) = poll(socket.feed(Message::binary(vec![0; len]))) {
            result.expect("fed");
            fed += 1;
            // Else tokio's budget ends the loop.
            tokio::task::yield_now().await;
        }
        assert_eq!(fed, most, "of {len} bytes");
    }
}

/// A sink waits without a connection, and ends with the last.
#[tokio::test(start_paused = true)]
async fn sink_waits_and_ends() {
    let (mut servers, builder) = servers();
    servers.expect([Outcome::Unreachable; 3]);
    let mut socket = builder.build();
    SinkExt::send(&mut socket, text(1)).await.expect("sent");
    let closing = close(servers.next(), 1008);
    assert!(matches!(socket.recv().await, Some(Ok(Event::Open { .. }))));
    expect_stopped(&mut socket).await;
    let sent = SinkExt::send(&mut socket, text(2)).await;
    assert!(matches!(sent, Err(SendError::Stopped(None))));
    closing.await.expect("closed");
}

/// Each says what happened, and gives the message back unless that is to blame.
#[test]
fn errors_say_what_happened() {
    let rows = [
        (
            SendError::Lost(Some(text(1))),
            "the connection ended before all was flushed",
            true,
        ),
        (
            SendError::ReceiveFirst(Some(text(1))),
            "messages of the last connection must be received first",
            true,
        ),
        (
            SendError::Stopped(Some(text(1))),
            "there will be no other connection",
            true,
        ),
        (
            SendError::Invalid(Error::ControlTooLong(126)),
            "ping or pong of 126 bytes exceeds 125",
            false,
        ),
    ];
    for (error, said, given) in rows {
        assert_eq!(error.to_string(), said);
        assert_eq!(error.into_message().is_some(), given);
    }
}
