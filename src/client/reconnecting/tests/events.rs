//! What the user is told, and in which order.

use super::*;
use crate::{Error, protocol::Loss};

/// A new connection is told of before what came on it, and the end of one after that.
#[tokio::test(start_paused = true)]
async fn connections_begin_and_end_around_their_messages() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    assert!(!socket.is_open());
    for number in 1..=3 {
        expect_open(&mut socket, number).await;
        assert!(socket.is_open());
        let mut server = servers.next();
        server.send(text(1)).await.expect("sent");
        server.send(text(2)).await.expect("sent");
        expect_message(&mut socket, text(1)).await;
        expect_message(&mut socket, text(2)).await;
        drop(server);
        let (why, unsent) = expect_lost(&mut socket).await;
        assert_eq!(why.code(), Some(1006));
        assert_eq!(unsent, []);
        assert!(!socket.is_open());
    }
    assert_eq!(servers.attempts(), 3);
}

/// Failed attempts are no events, and are not counted as connections.
#[tokio::test(start_paused = true)]
async fn failed_attempts_are_tried_again_quietly() {
    let (mut servers, builder) = servers();
    servers.expect([
        Outcome::Unreachable,
        Outcome::Refused(503),
        Outcome::Hangs,
        Outcome::Opens(1024),
    ]);
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    assert_eq!(servers.attempts(), 4);
    let server = servers.next();
    assert!(socket.is_open());
    drop(server);
}

/// 1008 and the like: the reason is the last thing that is told.
#[tokio::test(start_paused = true)]
async fn final_close_code_is_the_end() {
    for code in [1000, 1002, 1008, 1009, 4000, 4999] {
        let (mut servers, builder) = servers();
        let mut socket = builder.build();
        expect_open(&mut socket, 1).await;
        let mut server = servers.next();
        server.send(text(7)).await.expect("sent");
        let closing = close(server, code);
        expect_message(&mut socket, text(7)).await;
        let stopped = expect_stopped(&mut socket).await;
        assert_eq!(stopped.why.code(), Some(code));
        assert!(matches!(
            socket.send(text(8)).await,
            Err(SendError::Stopped(Some(message))) if message == text(8)
        ));
        assert!(socket.flush().await.is_ok());
        assert_eq!(servers.attempts(), 1);
        closing.await.expect("closed");
    }
}

/// The statuses that say who may come, and the user's own mistakes.
#[tokio::test(start_paused = true)]
async fn final_status_is_the_end() {
    for status in [401, 403, 404] {
        let (servers, builder) = servers();
        servers.expect([Outcome::Unreachable, Outcome::Refused(status)]);
        let mut socket = builder.build();
        let stopped = expect_stopped(&mut socket).await;
        let told = stopped.why.status().map(|status| status.as_u16());
        assert_eq!(told, Some(status));
        assert_eq!(servers.attempts(), 2);
        assert!(
            stopped.to_string().contains(&status.to_string()),
            "{stopped}"
        );
    }
}

/// 7.1.1: the server ends the transport of a connection that it has closed, while the client waits.
#[tokio::test(start_paused = true)]
async fn transport_of_a_closed_connection_ends_in_order() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    let mut server = servers.next();
    let closing = tokio::spawn(async move {
        let closure = server
            .close(CloseFrame::new(1001, ""))
            .await
            .expect("a code");
        (closure, Instant::now())
    });
    let began = Instant::now();
    let (why, _) = expect_lost(&mut socket).await;
    assert_eq!(why.to_string(), "closed by the server with 1001");
    expect_open(&mut socket, 2).await;
    let (closure, at) = closing.await.expect("closed");
    assert!(closure.is_clean(), "{closure}");
    assert_eq!(at, began);
}

/// 5.5.2: a server that vanished is noticed, as nobody set otherwise.
#[tokio::test(start_paused = true)]
async fn silent_server_is_given_up() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    let _silent = servers.next();
    let began = Instant::now();
    let (why, _) = expect_lost(&mut socket).await;
    assert!(
        matches!(&*why, Cause::Broken(Error::Lost(Loss::NoPong))),
        "{why}"
    );
    assert_eq!(began.elapsed().as_secs(), 60);
    expect_open(&mut socket, 2).await;
}

/// Dropping the future of an attempt or of a wait does not begin it again.
#[tokio::test(start_paused = true)]
async fn dropped_futures_lose_nothing() {
    let (mut servers, builder) = servers();
    servers.expect([Outcome::Hangs]);
    let mut socket = builder.attempt_timeout(Duration::from_secs(3)).build();
    let began = Instant::now();
    while tokio::time::timeout(Duration::from_millis(100), socket.recv())
        .await
        .is_err()
    {
        assert!(servers.attempts() <= 2, "an attempt begins again");
    }
    assert_eq!(servers.attempts(), 2);
    assert!(began.elapsed() < Duration::from_secs(5));
    let mut server = servers.next();
    server.send(text(1)).await.expect("sent");
    expect_message(&mut socket, text(1)).await;
}

/// Whichever half opens the next connection, the other one goes on.
#[tokio::test(start_paused = true)]
async fn halves_of_two_tasks_wake_each_other() {
    use futures_util::{SinkExt, StreamExt};

    let (mut servers, builder) = servers();
    let (mut sink, mut stream) = builder.build().split();
    let sender = tokio::spawn(async move {
        for number in 0.. {
            // What was lost before is told once, whatever is sent then.
            while let Err(error) = sink.send(text(number)).await {
                assert!(matches!(error, SendError::Lost(None)), "{error:?}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let receiver = tokio::spawn(async move {
        let mut connections = 0;
        while connections < 5 {
            match stream.next().await.expect("it goes on") {
                Ok(Event::Open { .. }) => connections += 1,
                Ok(_) => {}
                Err(stopped) => panic!("{stopped}"),
            }
        }
    });
    for _ in 0..5 {
        let mut server = servers.opened.recv().await.expect("a connection");
        for _ in 0..3 {
            server.recv().await.expect("a message").expect("a message");
        }
    }
    receiver.await.expect("all is received");
    sender.abort();
}
