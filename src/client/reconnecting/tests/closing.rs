//! This side closes: that is the end.

use futures_util::SinkExt;

use super::*;
use crate::protocol::{Closure, Initiator};

/// 7.1.2: the server is told, answers, and no other connection is opened.
#[tokio::test(start_paused = true)]
async fn close_is_final() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    let mut server = servers.next();
    socket.feed(text(1)).await.expect("fed");
    let serving = tokio::spawn(async move {
        assert_eq!(server.recv().await.unwrap().unwrap(), text(1));
        server.send(text(2)).await.expect("sent");
        while server.recv().await.is_some() {}
        server.closure().expect("closed")
    });
    let frame = CloseFrame::new(4000, "enough");
    let closure = socket
        .close(frame)
        .await
        .expect("a code")
        .expect("one was open");
    assert_eq!(
        (closure.code(), closure.initiator()),
        (4000, Some(Initiator::Local))
    );
    assert!(closure.is_clean());
    assert_eq!(serving.await.expect("served").code(), 4000);
    assert!(socket.recv().await.is_none());
    assert!(matches!(
        socket.send(text(3)).await,
        Err(SendError::Stopped(Some(_)))
    ));
    assert_eq!(socket.take_unsent(), []);
    assert_eq!(socket.close(None).await.expect("nothing"), Some(closure));
    assert_eq!(servers.attempts(), 1);
}

/// Without a connection there is nobody to tell.
#[tokio::test(start_paused = true)]
async fn close_ends_attempts_and_waits() {
    for outcomes in [vec![], vec![Outcome::Hangs], vec![Outcome::Unreachable]] {
        let (servers, builder) = servers();
        let begins = !outcomes.is_empty();
        servers.expect(outcomes);
        let states = Arc::new(Mutex::new(Vec::new()));
        let seen = states.clone();
        let on_state = move |state: &State| seen.lock().unwrap().push(state.clone());
        let mut socket = builder.on_state(on_state).build();
        if begins {
            assert!(poll(socket.recv()).is_pending());
        }
        assert_eq!(socket.close(None).await.expect("nothing"), None);
        assert!(socket.recv().await.is_none());
        assert!(matches!(
            socket.send(text(3)).await,
            Err(SendError::Stopped(Some(_)))
        ));
        assert_eq!(servers.attempts(), usize::from(begins));
        assert!(matches!(states.lock().unwrap().last(), Some(State::Closed)));
    }
}

/// A close that was given up goes on; a frame that must not be sent does nothing.
#[tokio::test(start_paused = true)]
async fn close_goes_on_after_its_future_is_dropped() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    assert!(socket.close(CloseFrame::new(1005, "")).await.is_err());
    assert!(socket.is_open());
    assert!(poll(socket.close(CloseFrame::new(1000, "bye"))).is_pending());
    assert!(!socket.is_open());
    let mut server = servers.next();
    let frame = Message::Close(Some(CloseFrame::new(1000, "bye")));
    assert_eq!(server.recv().await.unwrap().unwrap(), frame);
    assert!(poll(server.recv()).is_pending());
    let serving = tokio::spawn(async move { assert!(server.recv().await.is_none()) });
    let closure = socket
        .close(None)
        .await
        .expect("nothing")
        .expect("one was open");
    assert_eq!(closure.reason(), "bye");
    serving.await.expect("served");
}

/// Whoever sends the Close receives what comes before the answer.
#[tokio::test(start_paused = true)]
async fn close_that_is_sent_is_final_too() {
    let close = || Message::Close(Some(CloseFrame::new(1000, "")));
    for as_a_sink in [true, false] {
        let (mut servers, builder) = servers();
        let mut socket = builder.build();
        expect_open(&mut socket, 1).await;
        let mut server = servers.next();
        if as_a_sink {
            SinkExt::close(&mut socket).await.expect("sent");
        } else {
            socket.send(close()).await.expect("sent");
        }
        assert!(matches!(
            socket.send(text(3)).await,
            Err(SendError::Stopped(Some(_)))
        ));
        assert!(matches!(poll(server.recv()), Poll::Ready(Some(Ok(frame))) if frame == close()));
        let serving = tokio::spawn(async move { assert!(server.recv().await.is_none()) });
        assert!(socket.recv().await.is_none());
        serving.await.expect("served");
        assert_eq!(servers.attempts(), 1);
    }
    let (servers, builder) = servers();
    let mut socket = builder.build();
    socket.send(close()).await.expect("nothing to do");
    assert!(socket.recv().await.is_none());
    assert_eq!(servers.attempts(), 0);
}

/// Messages that still come are received before the end.
#[tokio::test(start_paused = true)]
async fn messages_before_the_answer_are_received() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    let mut server = servers.next();
    for number in 0..3 {
        server.send(text(number)).await.expect("sent");
    }
    socket.send(Message::Close(None)).await.expect("sent");
    let serving = tokio::spawn(async move { while server.recv().await.is_some() {} });
    for number in 0..3 {
        expect_message(&mut socket, text(number)).await;
    }
    assert!(socket.recv().await.is_none());
    serving.await.expect("served");
}

/// A server that takes nothing: the end comes in time, and hands back.
#[tokio::test(start_paused = true)]
async fn close_hands_back_what_did_not_leave() {
    let (mut servers, builder) = servers();
    servers.expect([Outcome::Opens(1)]);
    let mut socket = builder.build();
    expect_open(&mut socket, 1).await;
    let server = servers.next();
    socket.feed(text(1)).await.expect("fed");
    let began = Instant::now();
    let closure = socket
        .close(None)
        .await
        .expect("nothing")
        .expect("one was open");
    assert!(matches!(closure, Closure::Lost(_)));
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(socket.take_unsent(), [text(1)]);
    assert!(socket.recv().await.is_none());
    drop(server);
}

/// So are those of a connection that ended before.
#[tokio::test(start_paused = true)]
async fn messages_before_the_end_are_received() {
    for drops in [false, true] {
        let (mut servers, builder) = servers();
        let mut socket = builder.build();
        socket.send(text(0)).await.expect("sent");
        let mut server = servers.next();
        server.send(text(1)).await.expect("sent");
        // It reads ahead.
        socket.send(text(2)).await.expect("sent");
        drop(server);
        assert!(socket.send(text(3)).await.is_err());
        if drops {
            assert_eq!(socket.close(None).await.expect("nothing"), None);
        } else {
            SinkExt::close(&mut socket).await.expect("nothing to send");
            expect_message(&mut socket, text(1)).await;
        }
        assert!(socket.recv().await.is_none());
        assert_eq!(servers.attempts(), 1);
    }
}
